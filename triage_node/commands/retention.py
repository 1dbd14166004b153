"""`triage-node retention`."""

from typing import TYPE_CHECKING, Annotated

import typer

from triage_node.byte_size import byte_size
from triage_node.commands.options import DataDir, Json, moment, settings_from, wide_console

if TYPE_CHECKING:
    from collections.abc import Callable

    from triage_node.config import Settings
    from triage_node.retention import Plan, Step
    from triage_node.worklist import Worklist

NAMED = 5
MOST_NAMED = 10_000


def retention(
    context: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would go; so it is without --now, too.")
    ] = False,
    now: Annotated[
        bool, typer.Option("--now", help="Delete what is due now, instead of at the node's next run.")
    ] = False,
    limit: Annotated[int, typer.Option(min=0, max=MOST_NAMED, help="Name so many studies of each kind.")] = NAMED,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Show what the node deletes by the settings in force: how much, of which studies, and until when.

    Nothing is deleted without --now. Try a setting before the node has it, by the environment:
    TRIAGE_KEEP_IMAGES_DAYS=90 triage-node retention --dry-run.
    """
    if now and dry_run:
        raise typer.BadParameter("--now deletes, --dry-run does not; choose one")
    import json
    import time

    from triage_node.commands.worklist import open_worklist
    from triage_node.json_object import to_json
    from triage_node.retention import RetentionPolicy, plan_of
    from triage_node.storage import Disk, Watermarks, spool_folder

    settings = settings_from(context, data_dir=data_dir)
    worklist = open_worklist(settings)
    if now:
        _delete(settings, worklist)
    space = Disk(spool_folder(settings.data_dir), Watermarks.of(settings)).space()
    plan = plan_of(worklist, RetentionPolicy.of(settings), space, time.time(), limit)
    worklist.close()
    if as_json:
        typer.echo(json.dumps(to_json(plan), indent=1))
    else:
        _print(plan)


def _delete(settings: "Settings", worklist: "Worklist") -> None:
    """Delete all that is due; a person has looked at the clock."""
    from triage_node.retention import Pace, Retention, RetentionPolicy, TrustedClock
    from triage_node.storage import Spool, Watermarks

    spool = Spool.of(settings, Watermarks.of(settings))
    clock = TrustedClock(patience_seconds=0.0)
    job = Retention(worklist, spool, RetentionPolicy.of(settings), Pace(lambda: spool.is_receiving), clock)
    while not (tally := job.run()).is_empty:
        typer.echo(f"Deleted: {tally.sentence}.", err=True)


def _print(plan: "Plan") -> None:
    console = wide_console()

    def say(text: str) -> None:
        console.print(text, highlight=False)

    stored = plan.stored
    place = "in the bucket" if plan.has_bucket else "here"
    number = f"{stored.instances:,} instances, {byte_size(stored.size_bytes)}"
    say(f"Images of {stored.studies:,} studies are {place}: {number}.")
    forecast = "" if plan.has_bucket else _forecast(plan)
    say(f"The disk has {byte_size(plan.free)} free; it is low below {byte_size(plan.warn)}.{forecast}")
    for step in plan.by_age:
        say(f"By age, {step.why}: {_sentence(step, plan.has_bucket)}")
        _name(step, say)
    if not plan.by_age:
        say("Nothing is deleted by age: keep_images_days is not set.")
    if plan.has_bucket:
        say("When the disk is low, copies of what the bucket has go (storage_cache_gb); they are fetched when wanted.")
        return
    if plan.for_room is None:
        say("Nothing is deleted when the disk is low: keep_images_days_when_disk_low is 0.")
        return
    needed = (
        f"It is low now: {byte_size(plan.room_needed)} more must be free." if plan.room_needed else "It is not low now."
    )
    say(f"When the disk is low, the oldest first: {_sentence(plan.for_room)} {needed}")
    _name(plan.for_room, say)


def _sentence(step: "Step", has_bucket: bool = False) -> str:
    portion = step.portion
    why = f"open, held, undelivered, {'not copied to the bucket yet, ' if has_bucket else ''}judged or committed"
    stay = f" {step.kept:,} more are as old and stay: {why}."
    kept = stay if step.kept else ""
    if not portion.studies:
        return f"no {step.part} now.{kept}"
    what = {"images": "the images", "results": "the reports and pictures", "rows": "the rows"}[step.part]
    files = f", {portion.instances:,} files, {byte_size(portion.size_bytes)}" if portion.instances else ""
    until = f", up to studies of {moment(portion.until)[:10]}" if portion.until else ""
    return f"{what} of {portion.studies:,} studies{files}{until}.{kept}"


def _name(step: "Step", say: "Callable[[str], None]") -> None:
    for one in step.first:
        say(f"  {moment(one.last_received_at)}  {one.study_instance_uid}  {one.state}, {byte_size(one.size_bytes)}")
    if step.portion.studies > len(step.first) > 0:
        say(f"  and {step.portion.studies - len(step.first):,} more")


def _forecast(plan: "Plan") -> str:
    if plan.days_until_low is None or plan.room_needed:
        return ""
    a_day = byte_size(plan.bytes_per_day)
    return f" At {a_day} a day, as in the last 7 days, it is low in {plan.days_until_low:.0f} days."
