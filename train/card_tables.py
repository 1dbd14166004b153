"""The figures of a model card as Markdown tables."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from triage_node.findings import LABELS
from triage_node.train.figure_text import interval_text, number_text


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _auc_table(figures: Mapping[str, Any]) -> list[str]:
    rows = {str(label): [by_label[label] for by_label in figures["auc"].values()] for label in LABELS}
    rows |= {"brain area alone": [figures["auc_of_brain_area_alone"][name] for name in figures["auc"]]}
    return _intervals_table("AUC (95 % by patient)", figures["auc"], rows)


def _intervals_table(title: str, columns: Iterable[str], rows: Mapping[str, Sequence[list[float | None]]]) -> list[str]:
    header = [title, *columns]
    lines = [_row([name, *map(interval_text, intervals)]) for name, intervals in rows.items()]
    return [_row(header), "|" + "---|" * len(header), *lines, ""]


def _seeds_table(figures: Mapping[str, Any]) -> list[str]:
    """Return the mean over models of one recipe, whose spread no single model shows."""
    count = len(figures["models"])
    title = f"AUC, mean of {'three' if count == 3 else count} seeds"
    rows = {str(label): [by_label[label]["mean"] for by_label in figures["auc"].values()] for label in LABELS}
    return _intervals_table(title, figures["auc"], rows)


def _shares(figures: Mapping[str, Any]) -> str:
    """Return how studies are answered; manifests from before the three answers were counted name the flagged only."""
    loss = f"Weighted log loss of the slices: {figures['slice_log_loss']:.3f}."
    if "positive_studies" not in figures:
        return (
            f"Flagged: {interval_text(figures['positive_studies_flagged'])} of the studies with hemorrhage, "
            f"{interval_text(figures['negative_studies_flagged'])} of those without. {loss}"
        )
    sentences = []
    for name, key in (("with hemorrhage", "positive_studies"), ("without", "negative_studies")):
        shares = ", ".join(f"{interval_text(value)} {answer}" for answer, value in figures[key].items())
        sentences.append(f"Studies {name}: {shares}.")
    return " ".join([*sentences, loss])


def _probabilities(figures: Mapping[str, Any]) -> list[str]:
    parts = [
        f"{name} {row['expected_calibration_error']:.3f} and {interval_text(row['brier_skill'])}"
        for name, row in figures["calibration"].items()
    ]
    at = figures["sensitivity"]
    found = [f"{interval_text(row['any'])} ({name})" for name, row in at.items()]
    return [
        f"Expected calibration error (ten bins of equal count) and Brier skill score of any: {'; '.join(parts)}.",
        f"Sensitivity for any: {', '.join(found)}.",
        "",
    ]


def _by_volume(figures: Mapping[str, Any]) -> list[str]:
    """Return how many lesions of which volume are flagged, and whether the lesions are as large as real ones."""
    by_label = figures["sensitivity_by_volume"]
    header = ["Flagged, by volume", *(part["volume"] for part in by_label["any"])]
    lines = [_row(header), "|" + "---|" * len(header)]
    for label, bins in by_label.items():
        cells = [
            "-" if part["flagged"][0] is None else f"{part['flagged'][0]:.2f} of {part['lesions']}" for part in bins
        ]
        lines.append(_row([label, *cells]))
    medians = [
        f"{label} {row['volume_ml']['generated'][2]} mL and {row['hu']['generated'][0]} HU "
        f"({row['volume_ml']['published'][2]:g}, {row['hu']['published'][0]:g})"
        for label, row in figures["lesions"].items()
    ]
    return [*lines, "", f"Median volume and mean HU of the lesions (published): {', '.join(medians)}.", ""]


def _by_thickness(figures: Mapping[str, Any]) -> list[str]:
    """Return what the model is worth on thin and on thick slices."""
    lines = ["| slices every | studies, with hemorrhage | AUC of any | flagged, with | flagged, without |"]
    lines.append("|---|---|---|---|---|")
    for row in figures["by_thickness"]:
        shares = (interval_text(row[name]) for name in ("auc", "positive_flagged", "negative_flagged"))
        lines.append(_row([row["slices"], f"{row['studies']}, {row['positive']}", *shares]))
    return [*lines, ""]


def _robustness(figures: Mapping[str, Any]) -> list[str]:
    """Return how the answer moves when the same heads are shown otherwise."""
    lines = [f"The same {figures['heads']} heads shown otherwise, logit of any:", ""]
    lines += ["| shown | mean change | largest | other answer | flagged, then not |", "|---|---|---|---|---|"]
    for name, row in figures["variants"].items():
        lost = len(row["flagged_to_not_flagged"])
        cells = number_text(row["mean_change"]), number_text(row["largest_change"])
        lines.append(_row([name, *cells, str(row["other_answers"]), str(lost)]))
    shares = ", ".join(f"{place} {share:.0%}" for place, share in figures["highest_in"].items())
    return [*lines, "", f"Where {figures['plain_heads']} heads without hemorrhage score highest: {shares}.", ""]


def _bars(figures: Mapping[str, Any]) -> list[str]:
    bars = [*figures["bars"], *figures.get("robustness", {}).get("bars", ())]
    if not bars:
        return []
    lines = ["| bar | measured | demanded | |", "|---|---|---|---|"]
    for bar in bars:
        value = "-" if bar["value"] is None else f"{bar['value']:.3f}"
        lines.append(_row([bar["figure"], value, bar["demand"], bar["verdict"]]))
    return [*lines, ""]


def tables(name: str, figures: Mapping[str, Any]) -> list[str]:
    """Return the lines about one set of studies; figures are those of `triage_node.train.evaluation.figures`."""
    lines = [f"### {name} ({figures['studies']} studies)", "", *_auc_table(figures)]
    if "across_seeds" in figures:
        lines += _seeds_table(figures["across_seeds"])
    lines += [_shares(figures), ""]
    if "calibration" in figures:
        lines += _probabilities(figures)
    if "sensitivity_by_volume" in figures:
        lines += _by_volume(figures)
    if figures.get("by_thickness"):
        lines += _by_thickness(figures)
    if "robustness" in figures:
        lines += _robustness(figures["robustness"])
    return lines + (_bars(figures) if "bars" in figures else [])
