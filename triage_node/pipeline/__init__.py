"""Read, predict, report: the one sentence, and the worker process that runs it."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from triage_node.pipeline.analysis import Analysis, Model, analyze_found, assess_and_analyze
    from triage_node.pipeline.supervisor import Supervisor

__all__ = [
    "Analysis",
    "Model",
    "Supervisor",
    "analyze_found",
    "assess_and_analyze",
]

_HOMES = {
    "Analysis": "analysis",
    "Model": "analysis",
    "Supervisor": "supervisor",
    "analyze_found": "analysis",
    "assess_and_analyze": "analysis",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for, with what it needs, and no more."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
