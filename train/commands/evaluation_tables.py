"""How an evaluation looks on a terminal."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from triage_node.findings import LABELS
from triage_node.train.commands.console import console
from triage_node.train.figure_text import interval_text, number_text, signed_text

VERDICT_STYLES = {"met": "green", "short of the aim": "yellow", "missed": "red", "not measured": "dim"}


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column)
    return table


def print_bars(bars: list[dict[str, Any]]) -> None:
    """Print what must be reached, and whether it is; nothing where nothing must be."""
    if not bars:
        return
    table = _table("Bars", "figure", "measured", "demanded", "")
    for bar in bars:
        style = VERDICT_STYLES[bar["verdict"]]
        table.add_row(bar["figure"], number_text(bar["value"]), bar["demand"], f"[{style}]{bar['verdict']}[/]")
    console.print(table)


def _print_by_label(title: str, rows: Mapping[str, Any], last: tuple[str, Mapping[str, Any]] | None = None) -> None:
    table = _table(title, "label", *rows)
    for label in map(str, LABELS):
        table.add_row(label, *(interval_text(row[label]) for row in rows.values()))
    if last:
        table.add_row(last[0], *(interval_text(last[1][name]) for name in rows))
    console.print(table)


def _print_seeds(found: Mapping[str, Any]) -> None:
    names = found["models"]
    table = _table(f"AUC, mean of {len(names)} seeds and each: {', '.join(names)}", "label", *found["auc"])
    for label in map(str, LABELS):
        cells = [row[label] for row in found["auc"].values()]
        table.add_row(label, *(f"{interval_text(c['mean'])}\n{' '.join(map(number_text, c['each']))}" for c in cells))
    console.print(table)


def _print_probabilities(found: Mapping[str, Any]) -> None:
    title = "Probabilities of any hemorrhage (ten bins of equal count; skill against the prevalence)"
    table = _table(title, "", "expected calibration error", "Brier score", "Brier skill score")
    for name, row in found["calibration"].items():
        values = str(row["expected_calibration_error"]), str(row["brier"]), interval_text(row["brier_skill"])
        table.add_row(name, *values)
    console.print(table)
    table = _table("Answers", "studies", *found["positive_studies"])
    for name, key in (("with hemorrhage", "positive_studies"), ("without", "negative_studies")):
        table.add_row(name, *map(interval_text, found[key].values()))
    console.print(table)


def _print_generated(found: Mapping[str, Any]) -> None:
    table = _table("Study AUC where the lesion measures 2 mL or more", *found["auc_from_2_ml"])
    table.add_row(*map(interval_text, found["auc_from_2_ml"].values()))
    console.print(table)
    title = "Sensitivity by volume of the lesion: flagged, in brackets at 90 % specificity (studies)"
    names = [part["volume"] for part in found["sensitivity_by_volume"][str(LABELS[0])]]
    table = _table(title, "label", *names)
    for label, bins in found["sensitivity_by_volume"].items():
        table.add_row(label, *map(_bin, bins))
    console.print(table)
    title = "Lesions: mL at 5/25/50/75/95 %, mean HU and its deviation between lesions; published above generated"
    table = _table(title, "type", "lesions", "volume in mL", "HU")
    for label, row in found["lesions"].items():
        volumes = ["/".join(map(str, row["volume_ml"][key])) for key in ("published", "generated")]
        densities = [" ± ".join(map(str, row["hu"][key])) for key in ("published", "generated")]
        table.add_row(label, f"\n{row['lesions']}", "\n".join(volumes), "\n".join(densities))
    console.print(table)


def _print_paired(found: Mapping[str, Any]) -> None:
    table = _table(f"AUC less that of {found['other']} (paired, 95 % interval over patients)", "label", *found["auc"])
    for label in map(str, LABELS):
        table.add_row(label, *(signed_text(row[label]) for row in found["auc"].values()))
    console.print(table)
    title = "Logits of any of studies without hemorrhage; below 0 the difference is for this model"
    table = _table(title, "", "this model", found["other"], "difference")
    for name, row in found["logits_without_hemorrhage"].items():
        table.add_row(name, *(signed_text(row[key]) for key in ("own", "other", "difference")))
    console.print(table)


def _print_robustness(found: Mapping[str, Any]) -> None:
    title = f"{found['heads']} heads shown otherwise: change of the logit of any, and of the answer"
    names = ("variant", "mean", "largest", "shift", "other answers", "refused", "flagged to not flagged")
    table = _table(title, *names)
    for name, row in found["variants"].items():
        logits = (number_text(row["mean_change"]), number_text(row["largest_change"]), number_text(row["shift"]))
        lost = ", ".join(row["flagged_to_not_flagged"]) or "none"
        table.add_row(name, *logits, str(row["other_answers"]), str(row["refused"]), lost)
    console.print(table)
    table = _table(f"Where the map is highest in {found['plain_heads']} heads without hemorrhage", *found["highest_in"])
    table.add_row(*("-" if part is None else f"{part:.0%}" for part in found["highest_in"].values()))
    console.print(table)
    title = "HU above the brain's median that a hundredth of each region exceeds, half and nine tenths of these heads"
    table = _table(title, *found["brightest_hu"])
    table.add_row(
        *(", ".join("-" if hu is None else f"{hu:.1f}" for hu in pair) for pair in found["brightest_hu"].values())
    )
    console.print(table)
    print_bars(found["bars"])


def _bin(part: Mapping[str, Any]) -> str:
    flagged, above = part["flagged"][0], part["at_90_percent_specificity"][0]
    return "-" if flagged is None else f"{flagged:.2f} ({above:.2f}) n={part['lesions']}"


def print_evaluation(name: str, found: Mapping[str, Any]) -> None:
    """Print the figures of one set of studies, as `figures` gives them."""
    console.rule(f"{name}: {found['studies']} studies")
    areas = ("brain area alone", found["auc_of_brain_area_alone"])
    _print_by_label("AUC (95 % interval over patients)", found["auc"], areas)
    if "across_seeds" in found:
        _print_seeds(found["across_seeds"])
    _print_by_label("Sensitivity (95 % interval over patients)", found["sensitivity"])
    _print_probabilities(found)
    if "lesions" in found:
        _print_generated(found)
    console.print(f"weighted log loss of the slices: {found['slice_log_loss']:.4f}")
    if "paired" in found:
        _print_paired(found["paired"])
    if "robustness" in found:
        _print_robustness(found["robustness"])
    print_bars(found["bars"])
