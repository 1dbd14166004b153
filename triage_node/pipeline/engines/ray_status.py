"""What several workers say of themselves, put together to what the node hears."""

import threading
from collections.abc import Callable
from functools import partial

from triage_node.pipeline.engines.ray_worker import Message
from triage_node.pipeline.worker import Tell


class RayStatus:
    """Tell the node how many of its workers are ready, and what they have done.

    Parameters
    ----------
    places
        How many workers there should be.
    tell
        Sends a message to the node.
    """

    def __init__(self, places: int, tell: Tell) -> None:
        self._places = places
        self._tell = tell
        self._lock = threading.Lock()
        self._last: dict[int, Message] = {}
        self._gpu_memory: dict[str, object] = {}

    def of(self, place: int) -> Callable[[Message], None]:
        """Return what is told of the worker of a place."""
        return partial(self._hear, place)

    def _hear(self, place: int, message: Message) -> None:
        with self._lock:
            if "finished" in message:
                self._gpu_memory |= {f"worker {place}, {gpu}": one for gpu, one in message["gpu_memory_bytes"].items()}
                self._tell(finished=message["finished"], gpu_memory_bytes=self._gpu_memory)
                return
            self._last[place] = message
            self._tell(**self._together())

    def _together(self) -> Message:
        ready = [one for one in self._last.values() if one.get("ready")]
        errors = [str(one["error"]) for one in self._last.values() if one.get("error")]
        share = f"{len(ready)} of {self._places} workers"
        if not ready:
            return {"error": errors[-1] if errors else ""}
        of_one = {name: value for name, value in ready[0].items() if name != "error"}
        error = f"{share} are ready: {errors[-1]}" if errors else ""
        return {**of_one, "device": f"{of_one['device']}, {share} under Ray", "error": error}
