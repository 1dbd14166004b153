"""What a run has deleted."""

from collections import Counter
from dataclasses import dataclass, field

from triage_node.byte_size import byte_size
from triage_node.database import Part


@dataclass
class Tally:
    """Studies by the part of them that went, files and bytes of images, and studies that could not be deleted now."""

    studies: Counter[Part] = field(default_factory=Counter)
    files: int = 0
    size_bytes: int = 0
    failed: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing was done."""
        return not self.studies and not self.failed

    @property
    def sentence(self) -> str:
        """Say it to a person."""
        what = {Part.IMAGES: "the images", Part.RESULTS: "the results", Part.ROWS: "the rows"}
        counts = ", ".join(f"{words} of {self.studies[part]} studies" for part, words in what.items())
        return f"{counts}; {self.files} files, {byte_size(self.size_bytes)}"

    @property
    def words(self) -> str:
        """Say it in a line of the log."""
        counts = " ".join(f"{part}={self.studies[part]}" for part in Part)
        return f"{counts} files={self.files} mb={self.size_bytes / 1e6:.1f} failed={self.failed}"
