"""A generated set in the competition's own form: to rehearse with before a download of hundreds of gigabytes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np

from triage_node.complete_file import complete_file
from triage_node.errors import TriageError
from triage_node.findings import LABELS
from triage_node.train.phantom.atlas import Atlas
from triage_node.train.phantom.atlas_cache import load_atlas
from triage_node.train.phantom.study import FIELD_MM, generate_study, random_recipe
from triage_node.train.rsna.dataset.competition import (
    SAMPLE_PROBABILITY,
    SUBMISSION_CSV,
    TEST_FOLDER,
    TRAIN_CSV,
    TRAIN_FOLDER,
    identifier,
    label_rows,
    write_rows,
)
from triage_node.train.rsna.dataset.processes import in_processes
from triage_node.train.rsna.synthetic.frequencies import Frequencies, draw_types
from triage_node.train.rsna.synthetic.generated_images import (
    SIGNED,
    UNSIGNED,
    WRAPPED,
    Names,
    Storage,
    cut_off,
    write_images,
)

# Share of the competition's studies that are a patient's second or later one.
FURTHER_STUDY_SHARE = 0.2
REPEATED_IMAGES = 4
_STORAGE = (SIGNED, WRAPPED, SIGNED, UNSIGNED, SIGNED, SIGNED, UNSIGNED, SIGNED)
_STUDIES_FOLDER = ".studies"


@dataclass(frozen=True)
class Planned:
    """A study to generate.

    Attributes
    ----------
    seed, number
        What it is drawn from: the set's seed and the number of the study in it.
    patient
        Number of the patient.
    folder
        One of the competition's two.
    size
        Rows and columns.
    frequencies
        How often it has each type.
    """

    seed: int
    number: int
    patient: int
    folder: str
    size: int
    frequencies: Frequencies = Frequencies.ALIKE

    @property
    def storage(self) -> Storage:
        """Return how its pixels are stored; the second study of every eight wraps."""
        return _STORAGE[self.number % len(_STORAGE)]

    def names(self, slices: int) -> Names:
        """Return its identifiers."""
        return Names(
            patient=identifier("patient", self.seed, self.patient),
            study=identifier("study", self.seed, self.number),
            series=identifier("series", self.seed, self.number),
            images=tuple(identifier("image", self.seed, self.number, k) for k in range(slices)),
        )


def plan_set(
    seed: int, train: int, test: int, size: int, frequencies: Frequencies = Frequencies.ALIKE
) -> list[Planned]:
    """Return the studies of a set; no patient lies in both folders."""
    rng, patient, planned = np.random.default_rng(seed), -1, []
    for number in range(train + test):
        if number in (0, train) or rng.random() >= FURTHER_STUDY_SHARE:
            patient += 1
        folder = TRAIN_FOLDER if number < train else TEST_FOLDER
        planned.append(Planned(seed, number, patient, folder, size, frequencies))
    return planned


def generate_set(out: Path, planned: list[Planned], workers: int) -> Iterator[None]:
    """Generate the studies in several processes, yielding at each; those already there are not made again.

    The CSV files come last, so a set that has them is complete.

    Raises
    ------
    TriageError
        The folder holds studies of another set: two sets in one folder could not be told apart.
    """
    own = {_record(out, study).name for study in planned}
    others = sorted(path.name for path in (out / _STUDIES_FOLDER).glob("*.json") if path.name not in own)
    if others:
        raise TriageError(f"{out} holds studies of another set ({others[0]}): give an empty folder.", path=out)
    yield from in_processes(partial(_generate, out), planned, workers)
    write_csv_files(out, planned)


@cache
def _atlas_of_process() -> Atlas:
    """Return the atlas, loaded once in each worker process."""
    return load_atlas()


def _record(out: Path, study: Planned) -> Path:
    """Return the file that says which images a study has; it is written last."""
    parts = [study.folder, study.seed, study.number, study.size]
    if study.frequencies is not Frequencies.ALIKE:  # sets begun before there was a choice go on
        parts.append(study.frequencies)
    return out / _STUDIES_FOLDER / f"{'-'.join(map(str, parts))}.json"


def _generate(out: Path, study: Planned) -> None:
    import cv2

    cv2.setNumThreads(1)  # the processes share the cores among them already
    if not _record(out, study).is_file():
        write_study(out, study, _atlas_of_process())


def write_study(out: Path, study: Planned, atlas: Atlas) -> None:
    """Generate a study and write its images, then which they are and what is in them."""
    rng = np.random.default_rng([study.seed, study.number])
    recipe = random_recipe(rng, draw_types(rng, study.frequencies), FIELD_MM / study.size)
    made = generate_study(atlas, recipe, rng)
    names = study.names(len(made.volume.hu))
    write_images(out / study.folder, made.volume, names, study.storage)
    if study.number == 0:
        cut_off(out / study.folder / f"{names.images[len(names.images) // 2]}.dcm")
    labels = made.slice_labels.tolist()
    with complete_file(_record(out, study)) as partial:
        partial.write_text(json.dumps([list(names.images), labels]), encoding="ascii")


def write_csv_files(out: Path, planned: list[Planned]) -> None:
    """Write both CSV files, images in an order that says nothing of their place, some of them twice."""
    train: dict[str, list[int]] = {}
    test: dict[str, list[int]] = {}
    for study in planned:
        images, labels = json.loads(_record(out, study).read_text(encoding="ascii"))
        (train if study.folder == TRAIN_FOLDER else test).update(zip(images, labels, strict=True))
    order = np.random.default_rng(planned[0].seed).permutation(sorted(train)).tolist()
    rows = [row for image in order for row in label_rows(image, train[image])]
    rows += [row for image in order[:REPEATED_IMAGES] for row in label_rows(image, train[image])]
    rows += _contradiction(order, train)
    write_rows(out / TRAIN_CSV, rows)
    sample = [row for image in sorted(test) for row in label_rows(image, [SAMPLE_PROBABILITY] * len(LABELS))]
    write_rows(out / SUBMISSION_CSV, sample)


def _contradiction(images: list[str], labels_by_image: dict[str, list[int]]) -> list[tuple[str, str]]:
    """Return one more row of an image with hemorrhage, which says that it has none."""
    positive = [image for image in images if labels_by_image[image][-1]]
    return label_rows(positive[0], [0] * len(LABELS))[-1:] if positive else []
