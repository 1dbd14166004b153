"""The figures of an exploration as pictures."""

from collections.abc import Iterator

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from triage_node.findings import LABELS
from triage_node.train.drawing import COLORS, STYLE, png
from triage_node.train.phantom.contact_sheet import BRAIN_WINDOW
from triage_node.train.rsna.exploration.figures import HEIGHT_BINS, Exploration
from triage_node.train.rsna.exploration.gray_values import EXAMPLES, GROUPS, HU_EDGES, NONE, GrayValues

NAMES = tuple(map(str, LABELS))
COLOR_OF = dict(zip(NAMES, COLORS, strict=True)) | {NONE: "#999999"}
# From here on a cell of the heatmap is so dark that its figure is written in white.
DARK = 0.55


def label_counts(found: Exploration) -> Figure:
    """Draw how many images and studies have each label."""
    figure = Figure(figsize=(10, 3.4), layout="constrained")
    parts = ((found.positive_images, found.labeled, "images"), (found.positive_studies, found.studies, "studies"))
    for axes, (counts, total, name) in zip(figure.subplots(1, 2, sharey=True), parts, strict=True):
        bars = axes.barh(NAMES, counts, color=COLORS)
        axes.bar_label(bars, [f"{count:,}  ({count / total:.1%})" for count in counts], padding=4, fontsize=9)
        axes.set(xlabel=f"{name} with the label, of {total:,}", xlim=(0, 1.35 * max(counts.max(), 1)))
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.grid(False, axis="y")
    axes.invert_yaxis()  # both share it
    return figure


def together(found: Exploration) -> Figure:
    """Draw which label comes with which."""
    figure = Figure(figsize=(7.2, 5.6), layout="compressed")
    axes = figure.subplots()
    picture = axes.imshow(found.together, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(found.together.shape):
        value = found.together[row, column]
        if np.isfinite(value):
            color = "white" if value > DARK else "black"
            axes.text(column, row, f"{value:.2f}", ha="center", va="center", color=color)
    axes.set_xticks(range(len(NAMES)), NAMES, rotation=35, ha="right")
    axes.set_yticks(range(len(NAMES)), NAMES)
    axes.set(ylabel="of the images with …", xlabel="… this share also has")
    axes.grid(False)
    figure.colorbar(picture, format=PercentFormatter(1), shrink=0.8)
    return figure


def slices_a_study(found: Exploration) -> Figure:
    """Draw how many slices the studies have."""
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    axes = figure.subplots()
    low, high = int(found.slices.min()), int(found.slices.max())
    step = max(1, (high - low) // 40)
    axes.hist(found.slices, (np.arange(low, high + step + 1, step) - 0.5).tolist(), color=COLORS[1])
    middle = float(np.median(found.slices))
    axes.axvline(middle, color="#555555", linestyle="--", label=f"median {middle:g}")
    axes.set(xlabel="slices a study", ylabel="studies")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True))
    axes.legend()
    return figure


def by_height(found: Exploration) -> Figure:
    """Draw where between the lowest and the highest slice the positives lie."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    middles = (np.arange(HEIGHT_BINS) + 0.5) / HEIGHT_BINS
    for name, share in zip(NAMES, found.by_height.T, strict=True):
        axes.plot(middles, share, color=COLOR_OF[name], linewidth=2.2 if name == NAMES[-1] else 1.4, label=name)
    axes.set(
        xlabel="place in the series: 0 lowest, 1 highest slice", ylabel="share of slices with the label", xlim=(0, 1)
    )
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def hounsfield_units(seen: GrayValues) -> Figure:
    """Draw how often each gray value is, for the images of each label; all over those without one at the right."""
    figure = Figure(figsize=(10.5, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    middles = (HU_EDGES[:-1] + HU_EDGES[1:]) / 2
    without = seen.histograms[NONE] / max(seen.counts[NONE], 1)
    for name in GROUPS:
        if not seen.counts[name]:
            continue
        mean = seen.histograms[name] / seen.counts[name]
        style = {"color": COLOR_OF[name], "linewidth": 2.2 if name in (NONE, NAMES[-1]) else 1.3}
        left.plot(middles, mean, label=f"{name} (n={seen.counts[name]})", **style)
        if name != NONE and seen.counts[NONE]:
            right.plot(middles, mean / np.maximum(without, np.finfo(float).tiny), **style)
    left.set(xlabel="HU", ylabel="share of pixels", title="pixels from -30 to 120 HU", yscale="log")
    right.axhline(1, color=COLOR_OF[NONE], linewidth=1)
    right.set(xlabel="HU", ylabel="times as many", title="beside images without, from the same heights")
    figure.legend(*left.get_legend_handles_labels(), loc="outside right upper")
    return figure


def examples(seen: GrayValues) -> Figure:
    """Draw some images of each label in the brain window, one row for each label that has any."""
    shown = [name for name in GROUPS if seen.examples[name]]
    figure = Figure(figsize=(1.8 * EXAMPLES + 0.4, 1.95 * max(len(shown), 1)), layout="constrained")
    grid = figure.subplots(max(len(shown), 1), EXAMPLES, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for axes_of_row, name in zip(grid, shown, strict=False):
        axes_of_row[0].set_title(name)
        for axes, image in zip(axes_of_row, seen.examples[name], strict=False):
            axes.imshow(image, cmap="gray", vmin=BRAIN_WINDOW[0], vmax=BRAIN_WINDOW[1])
    return figure


def draw(found: Exploration, seen: GrayValues, dpi: int = 110) -> Iterator[tuple[str, bytes]]:
    """Yield name and PNG of each picture."""
    with rc_context({**STYLE, "figure.dpi": dpi}):
        yield "label-counts", png(label_counts(found))
        yield "together", png(together(found))
        yield "slices-a-study", png(slices_a_study(found))
        yield "by-height", png(by_height(found))
        yield "hounsfield-units", png(hounsfield_units(seen))
        yield "examples", png(examples(seen))
