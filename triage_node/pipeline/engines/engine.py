"""The engines by their names in the settings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from triage_node.worklist import Claims


@dataclass(frozen=True)
class Engine:
    """A program that runs workers.

    Attributes
    ----------
    module
        The program.
    stop_seconds
        So long it may take to end in order.
    died
        Returns the studies to the queue that its workers had when it died.
    ended
        Returns those that they had when it was told to end.
    """

    module: str
    stop_seconds: float
    died: Callable[[Claims, str], object]
    ended: Callable[[Claims, str], object]


def _release_all_of(claims: Claims, program: str) -> None:
    # Its workers claim as PROGRAM:…; whoever ended it, as far as anyone knows it was none of their studies.
    claims.release_node(program)


ENGINES: Mapping[str, Engine] = {
    "process": Engine("triage_node.pipeline.engines.process", 5.0, Claims.release_worker, Claims.give_back),
    "ray": Engine("triage_node.pipeline.engines.ray_workers", 10.0, _release_all_of, _release_all_of),
}
