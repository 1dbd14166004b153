"""`triage-node analyze`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from triage_node.commands.options import Json, plain, printable, settings_from

if TYPE_CHECKING:
    from rich.console import Console

    from triage_node.findings import ModelIdentity
    from triage_node.imaging import Skipped
    from triage_node.pipeline import Analysis
    from triage_node.reasons import Reason

MOST_SKIPPED_LINES = 50


def analyze(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="DICOM files, or folders of them.")],
    as_json: Json = False,
    force: Annotated[
        bool, typer.Option("--force", help="Analyze what the suitability checks reject, and say so.")
    ] = False,
    model: Annotated[str | None, typer.Option(help="Name of a shipped model, or a folder with a manifest.")] = None,
    explain: Annotated[
        Path | None,
        typer.Option(metavar="FILE.png", help="Write where the model looked in the last series, for quality control."),
    ] = None,
) -> None:
    """Analyze every image series under the paths; no server, no network.

    A series that is not flagged may still show a hemorrhage: the answer orders a worklist, it is no diagnosis.
    """
    import json
    from datetime import datetime

    from triage_node.errors import TriageError
    from triage_node.imaging import Policy, scan
    from triage_node.logs import configure_logging, native_messages_silenced

    missing = [path for path in paths if not path.exists()]
    if missing:
        raise typer.BadParameter(f"{missing[0]} does not exist", param_hint="PATH")
    settings = settings_from(context, model=model)
    configure_logging("WARNING")
    found = scan(paths)
    _print_skipped(found.skipped)
    if not found.series:
        raise TriageError(f"There is no DICOM series under {', '.join(map(str, paths))}{_commonest(found.skipped)}.")

    from triage_node.models import explain_with, load_model

    with _stderr().status("Loading the model …"), native_messages_silenced():
        loaded = load_model(settings.model)
        loaded.warm_up()
    policy = Policy(minimum_age_years=loaded.manifest.minimum_age_years)
    results = []
    picture = explain_with(loaded) if explain else None
    today = datetime.now(settings.zone).date()
    for series in _with_progress(found.series):
        results.append(_guarded(series, loaded, policy, today, force, context.obj["debug"], picture, found.skipped))
        if explain and results[-1].explanation:
            explain.write_bytes(results[-1].explanation.png())
    rows = [
        as_row(analysis, loaded.identity, found.skipped_beside(series))
        for series, analysis in zip(found.series, results, strict=True)
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
    else:
        _print_table(rows)
    if any(row["status"] == "failed" for row in rows):
        raise typer.Exit(1)


def _stderr() -> "Console":
    from rich.console import Console

    return Console(stderr=True)


def _with_progress(series: Any) -> Any:
    from rich.progress import track

    console = _stderr()
    return track(series, "Analyzing", console=console, disable=not console.is_terminal, transient=True)


def _guarded(
    series: Any, model: Any, policy: Any, today: Any, force: bool, debug: bool, explain: Any, skipped: Any
) -> "Analysis":
    from triage_node.outcome import Status
    from triage_node.pipeline import Analysis, assess_and_analyze
    from triage_node.reasons import Reason, ReasonCode

    try:
        return assess_and_analyze(series, model, policy, today, force, explain, skipped)
    except Exception as error:
        if debug:
            raise
        reason = Reason.of(ReasonCode.ANALYSIS_FAILED, f"({type(error).__name__}: {error})")
        return Analysis(Status.FAILED, series, (reason,))


def as_row(analysis: "Analysis", model: "ModelIdentity", beside: Sequence["Skipped"] = ()) -> dict[str, Any]:
    """Return the JSON object of one series, as the interface promises it."""
    from dataclasses import asdict

    series, prediction = analysis.series, analysis.prediction
    assert series is not None
    return {
        "study_instance_uid": series.study_instance_uid,
        "series_instance_uid": series.series_instance_uid,
        "patient_id": series.patient_id,
        "path": str(series.folder),
        "series_description": series.description,
        "status": analysis.status,
        "forced": analysis.forced,
        "reasons": [{"code": reason.code, "message": reason.message} for reason in _reasons(analysis)],
        "cautions": _cautions(analysis),
        "skipped": [{"path": str(path), "why": why} for path, why in _skipped(analysis, beside).items()],
        "model": asdict(model),
        "probabilities": _rounded(prediction.probabilities.values()) if prediction else None,
        "flagged": list(prediction.flagged) if prediction else [],
        "uncertain": list(prediction.uncertain) if prediction else [],
        "withheld": list(prediction.withheld or ()) if prediction else [],
        "decision": prediction.decision if prediction else None,
        "image_distance": asdict(prediction.distance) if prediction and prediction.distance else None,
        "slices": _slices(analysis),
        "seconds": {stage: round(seconds, 3) for stage, seconds in analysis.seconds.items()},
    }


def _skipped(analysis: "Analysis", beside: Sequence["Skipped"]) -> dict[Path, str]:
    """Return by file why it had no part: what the scan skipped beside the series, and what the analysis left out."""
    return {one.path: one.why for one in (*beside, *analysis.skipped)}


def _reasons(analysis: "Analysis") -> tuple["Reason", ...]:
    return (*analysis.reasons, *(analysis.prediction.cautions if analysis.prediction else ()))


def _cautions(analysis: "Analysis") -> list[dict[str, str]]:
    from triage_node.reasons import short_words

    cautions = analysis.prediction.cautions if analysis.prediction else ()
    return [{"code": one.code, "message": one.message, "words": short_words(one.code)} for one in cautions]


def _slices(analysis: "Analysis") -> list[dict[str, Any]]:
    if analysis.prediction is None:
        return []
    return [
        {
            "sop_instance_uid": source.sop_instance_uid,
            "instance_number": source.instance_number,
            "position_mm": round(source.position_mm, 3),
            "probabilities": _rounded(scores),
        }
        for slab, scores in zip(analysis.sources, analysis.prediction.slice_probabilities, strict=True)
        for source in slab
    ]


def _rounded(scores: Any) -> dict[str, float]:
    from triage_node.findings import LABELS

    return {label: round(float(score), 4) for label, score in zip(LABELS, scores, strict=True)}


def _print_skipped(skipped: Sequence["Skipped"]) -> None:
    """Name what was left out on stderr, where it does not disturb JSON; of very many the first, and their number."""
    for one in skipped[:MOST_SKIPPED_LINES]:
        typer.echo(f"Skipped {printable(str(one.path))}: {printable(one.why)}", err=True)
    if len(skipped) > MOST_SKIPPED_LINES:
        whys = " ".join(f"{count} with: {printable(why)}" for why, count in _counted(skipped))
        typer.echo(f"Skipped {len(skipped)} in all. {whys}", err=True)


def _commonest(skipped: Sequence["Skipped"]) -> str:
    if not skipped:
        return ", nor any file"
    why, count = _counted(skipped)[0]
    return f"; of {len(skipped)} files {count} were skipped with: {printable(why).rstrip('.')}"


def _counted(skipped: Sequence["Skipped"]) -> list[tuple[str, int]]:
    from collections import Counter

    return Counter(one.why for one in skipped).most_common()


def _print_table(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("Series", "Answer", "Any", "Types, and why", "Seconds", title="For triage only, not for diagnosis")
    for row in rows:
        answer = (row["decision"] or row["status"]).replace("_", " ")
        words = [caution["words"] for caution in row["cautions"][:1]]
        types = [*row["flagged"], *(f"{label}?" for label in row["uncertain"])]
        why = " ".join(reason["message"] for reason in row["reasons"])
        table.add_row(
            plain(row["series_description"] or row["series_instance_uid"]),
            ", ".join([answer, *words]) + " (forced)" * row["forced"],
            f"{row['probabilities']['any']:.2f}" if row["probabilities"] else "",
            plain(". ".join(part for part in (", ".join(label for label in types if label != "any"), why) if part)),
            f"{sum(row['seconds'].values()):.1f}" if row["seconds"] else "",
        )
    Console().print(table)
