"""Progress of a fit on the terminal."""

from typing import Any

from rich.progress import Progress

from triage_node.findings import LABELS
from triage_node.models import keras


class EpochLines(keras.callbacks.Callback):
    """A bar over the steps, and one line with the losses after every epoch."""

    def __init__(self, bar: Progress, steps: int, epoch: int) -> None:
        super().__init__()
        self.bar, self.epoch_steps, self.task = bar, epoch, bar.add_task("steps", total=steps)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Start where a run that was cut off goes on."""
        self.bar.update(self.task, completed=epoch * self.epoch_steps)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Advance the bar."""
        self.bar.advance(self.task)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Print the losses, and below them what is known by type, a figure a line."""
        step, plain, by_type = (epoch + 1) * self.epoch_steps, [], dict[str, list[str]]()
        for name, value in (logs or {}).items():
            figure, _, label = name.rpartition("_")
            if label in set(LABELS):
                by_type.setdefault(figure, []).append(f"{label} {float(value):.4f}")
            else:
                plain.append(f"{name} {float(value):.4f}")
        lines = [f"step {step}: {'  '.join(plain)}", *(f"  {name}: {'  '.join(row)}" for name, row in by_type.items())]
        self.bar.console.print("\n".join(lines), soft_wrap=True)
