"""Where the commands print, and the bar of long work."""

import time
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

console = Console()

SAY_SECONDS = 30.0


class ProgressLines(Progress):
    """Lines instead of a bar, for a log: how far each task is, now and then and at its end."""

    def __init__(self) -> None:
        super().__init__(console=console, disable=True)
        self._said: dict[TaskID, float] = {}

    def advance(self, task_id: TaskID, advance: float = 1) -> None:
        """Advance a task."""
        super().advance(task_id, advance)
        self._say(task_id)

    def update(self, task_id: TaskID, **changes: Any) -> None:
        """Change a task."""
        super().update(task_id, **changes)
        self._say(task_id)

    def _say(self, task_id: TaskID) -> None:
        [task] = [one for one in self.tasks if one.id == task_id]
        now = time.monotonic()
        is_over = task.finished and self._said.get(task_id) != float("inf")
        if not is_over and now - self._said.setdefault(task_id, now) < SAY_SECONDS:
            return
        self._said[task_id] = float("inf") if is_over else now
        total = "?" if task.total is None else f"{task.total:,.0f}"
        console.print(f"{task.description}: {task.completed:,.0f} of {total}, {task.elapsed or 0:,.0f} s")


def progress() -> Progress:
    """Return a bar that says what is done, how much of it and how long it will take; lines where nobody sees a bar."""
    if not console.is_terminal:
        return ProgressLines()
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    return Progress(*columns, console=console)
