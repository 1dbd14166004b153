"""Coverage-guided fuzzing: ``python tests/fuzz/run.py part10 FOLDER [options of libFuzzer]``."""

import importlib
import logging
import sys
import warnings
from pathlib import Path

import atheris

TARGETS = ("association", "codestream", "part10")


def main(arguments: list[str]) -> None:
    """Fuzz one target; its corpus is in a folder, which is filled with seeds when it is empty."""
    name, folder, *options = arguments
    warnings.simplefilter("ignore")
    logging.getLogger("triage_node").propagate = False
    assert name in TARGETS, f"one of {', '.join(TARGETS)}"
    sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "support")]
    with atheris.instrument_imports(
        include=["triage_node.dimse", "triage_node.imaging", "triage_node.ingest", "pydicom"]
    ):
        target = importlib.import_module(f"fuzz_{name}")
    corpus = Path(folder)
    corpus.mkdir(parents=True, exist_ok=True)
    if not any(corpus.iterdir()):
        for number, content in enumerate(target.seeds()):
            (corpus / f"seed-{number}").write_bytes(content)
    atheris.Setup([sys.argv[0], str(corpus), *options], target.check)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
