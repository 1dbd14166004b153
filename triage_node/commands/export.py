"""`triage-node export`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage_node.commands.options import DataDir, settings_from

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from triage_node.commands.study_export import StudyExport
    from triage_node.config import Settings
    from triage_node.deidentification import Options, Pseudonyms
    from triage_node.worklist import Worklist

KEEPS = "patient-characteristics, device-identity"


def export(
    context: typer.Context,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Gets a folder for each study.")],
    study_uids: Annotated[
        list[str] | None, typer.Argument(metavar="STUDY_UID", help="Study Instance UIDs, as `worklist` shows them.")
    ] = None,
    deidentify: Annotated[
        bool, typer.Option("--deidentify", help="Without what says who the patient is (PS3.15 Annex E).")
    ] = False,
    keep: Annotated[
        list[str] | None, typer.Option(metavar="WHAT", help=f"Keep more than the basic profile: {KEEPS}.")
    ] = None,
    remove_face: Annotated[
        bool, typer.Option("--remove-face", help="Turn into air what lies further than 10 mm from the brain.")
    ] = False,
    one_off: Annotated[
        bool, typer.Option("--one-off", help="With a key that nobody keeps: no other export will match this one.")
    ] = False,
    mapping: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="Write which ID and UID became which; keep it secret.")
    ] = None,
    all_judged: Annotated[bool, typer.Option("--all-judged", help="Every study that `feedback` lists.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Write studies to a folder, as they were received or de-identified.

    De-identified are CT images only; what may show text in its pixels or hold it elsewhere is refused and counted.
    Nobody looks at the pixels for letters, and from a head CT a face can be computed: read docs/export.md before
    anything leaves the house.
    """
    settings = settings_from(context, data_dir=data_dir)
    options = _options(deidentify, keep or [], remove_face, one_off or mapping is not None)
    _check_places(settings, out, mapping)
    from triage_node.commands.worklist import open_worklist
    from triage_node.logs import configure_logging

    configure_logging("WARNING")  # pydicom quotes what it does not like, names included
    worklist = open_worklist(settings)
    try:
        uids = _wanted(worklist, study_uids or [], all_judged)
        export = _study_export(settings, worklist, out, options, one_off)
        written = _all_written(export, uids)
    finally:
        worklist.close()
    if mapping is not None:
        _write_mapping(mapping, list(export.replaced))
    failed = written.count(0)
    typer.echo(f"{len(uids) - failed} of {len(uids)} studies, {sum(written)} instances written to {out}.")
    if failed:
        raise typer.Exit(1)


def _options(deidentify: bool, keep: "Sequence[str]", remove_face: bool, more: bool) -> "Options | None":
    from triage_node.deidentification import Keep, Options

    if not deidentify:
        if keep or remove_face or more:
            raise typer.BadParameter("--keep, --remove-face, --one-off and --mapping want --deidentify")
        return None
    if unknown := set(keep) - set(Keep):
        raise typer.BadParameter(f"{', '.join(sorted(unknown))} cannot be kept; take {KEEPS}", param_hint="--keep")
    return Options(frozenset(map(Keep, keep)), remove_face)


def _check_places(settings: "Settings", out: Path, mapping: Path | None) -> None:
    from triage_node.commands.exported_folder import check_outside

    check_outside(out, settings.data_dir)
    if mapping is not None:
        check_outside(mapping, settings.data_dir)
        if mapping.resolve().is_relative_to(out.resolve()):
            raise typer.BadParameter("the mapping must not lie among what it maps", param_hint="--mapping")


def _wanted(worklist: "Worklist", uids: "Sequence[str]", all_judged: bool) -> list[str]:
    judged = worklist.judged_studies.feedback().studies if all_judged else []
    if not uids and not all_judged:
        raise typer.BadParameter("name a study, or take --all-judged", param_hint="STUDY_UID")
    return list(dict.fromkeys([*uids, *(study.study_instance_uid for study in judged)]))


def _study_export(
    settings: "Settings", worklist: "Worklist", out: Path, options: "Options | None", one_off: bool
) -> "StudyExport":
    from triage_node.commands.study_export import StudyExport
    from triage_node.storage import Spool

    pseudonyms = None if options is None else _pseudonyms(settings, one_off)
    return StudyExport(worklist, Spool.of(settings), out, options, pseudonyms)


def _pseudonyms(settings: "Settings", one_off: bool) -> "Pseudonyms":
    from triage_node.deidentification import Pseudonyms, one_off_key, stored_key

    return Pseudonyms(one_off_key() if one_off else stored_key(settings.data_dir))


def _all_written(export: "StudyExport", uids: "Sequence[str]") -> list[int]:
    """Export studies with a bar over their instances; return how many were written of each."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("Exporting", total=sum(len(export.received(uid)) for uid in uids))
        return [_written(export, uid, lambda: bar.advance(task)) for uid in uids]


def _written(export: "StudyExport", uid: str, advance: "Callable[[], None]") -> int:
    """Export a study; return how many instances were written, and say why not all."""
    from triage_node.commands.audited import audit
    from triage_node.errors import StorageFull, TriageError

    try:
        audit(export.worklist, "study_exported", uid, "as received" if export.options is None else "de-identified")
        found = export.write(uid, advance)
    except StorageFull:
        raise
    except TriageError as error:
        typer.echo(f"{uid}: {error}", err=True)
        return 0
    for reason, number in found.refused.most_common():
        typer.echo(f"{uid}: {number} instances were not exported. {reason}", err=True)
    return found.count


def _write_mapping(path: Path, replaced: "Sequence[tuple[str, str, str]]") -> None:
    import csv
    import io

    from triage_node.commands.exported_folder import write_private

    stream = io.StringIO(newline="")
    rows = csv.writer(stream, lineterminator="\n")
    rows.writerow(("attribute", "original", "replaced"))
    rows.writerows(replaced)
    write_private(path, stream.getvalue().encode())
