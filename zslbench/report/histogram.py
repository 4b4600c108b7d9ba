"""The novelty histogram: how far seen and unseen test images come apart by one number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zslbench.report.drawing import Drawing, begin_figure, drawing, put_legend_below
from zslbench.report.numbers import count, percent
from zslbench.report.palette import LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from zslbench.score import NoveltyHistogram, NoveltyScores


def draw_histogram(
    novelty: NoveltyScores, histogram: NoveltyHistogram, cut: float | None
) -> Drawing:
    """Draw the share of seen and of unseen images in each bin, and the gate's ``cut``."""
    with drawing():
        figure, axes = begin_figure(3.7)
        _draw_groups(axes, histogram)
        if cut is not None:
            _draw_cut(axes, histogram, cut)
        axes.set_xlim(histogram.edges[0], histogram.edges[-1])
        axes.set_ylim(0, axes.get_ylim()[1] * 1.12)
        axes.set_xlabel("novelty (further right: less like what it knows)")
        axes.set_ylabel("share of the group’s images (%)")
        put_legend_below(figure, axes, 2)
    return Drawing(
        name="novelty",
        title="Do unseen classes look new to the method?",
        explanation=(
            "Every test image gets a number for how new it looks; the further the two hills lie "
            "apart, the better the method can tell that an image is of a class it never saw."
        ),
        reading=(
            f"AUROC {percent(novelty.AUROC, novelty.AUROC_se)}, where 50 % is guessing. "
            f"{_place_cut(histogram, cut)} The outer bins hold what lies beyond them, too."
        ),
        alt=_describe(novelty, histogram, cut),
        figure=figure,
        header=("from", "to", "seen", "unseen"),
        rows=tuple(
            zip(
                histogram.edges[:-1], histogram.edges[1:], histogram.seen, histogram.unseen,
                strict=True,
            )
        ),
    )  # fmt: skip


def _draw_groups(axes: Axes, histogram: NoveltyHistogram) -> None:
    for role, counts, dashes in (
        ("seen", histogram.seen, "solid"),
        ("unseen", histogram.unseen, (0, (4, 1.5))),
    ):
        total = sum(counts)
        share = 100 * np.array(counts) / max(1, total)
        label = f"{role} classes, {count(total)} images"
        axes.stairs(share, histogram.edges, fill=True, color=LIGHT[role], alpha=0.22, linewidth=0)
        axes.stairs(
            share, histogram.edges, color=LIGHT[role], linewidth=1.8, linestyle=dashes, label=label
        )


def _draw_cut(axes: Axes, histogram: NoveltyHistogram, cut: float) -> None:
    low, high = histogram.edges[0], histogram.edges[-1]
    if not low <= cut <= high:
        return
    axes.axvline(cut, color=LIGHT["ink"], linewidth=1.2)
    right = cut < low + 0.7 * (high - low)
    axes.annotate(
        "taken as unseen →" if right else "← taken as seen",
        (cut, 1), xycoords=("data", "axes fraction"), xytext=(5 if right else -5, -3),
        textcoords="offset points", ha="left" if right else "right", va="top", fontsize=10,
    )  # fmt: skip


def _place_cut(histogram: NoveltyHistogram, cut: float | None) -> str:
    if cut is None:
        return "The gate has no cut on this number."
    if not histogram.edges[0] <= cut <= histogram.edges[-1]:
        return f"The gate’s cut, {cut:.4g}, lies outside this picture."
    return f"The line is the gate’s cut, {cut:.4g}: beyond it an image is taken as unseen."


def _describe(novelty: NoveltyScores, histogram: NoveltyHistogram, cut: float | None) -> str:
    edges = histogram.edges
    medians = []
    for counts in (histogram.seen, histogram.unseen):
        middle = int(np.searchsorted(np.cumsum(counts), sum(counts) / 2))
        medians.append((edges[middle] + edges[middle + 1]) / 2)
    return (
        f"Two histograms of novelty from {edges[0]:.3g} to {edges[-1]:.3g}: half of the seen "
        f"images lie below {medians[0]:.3g}, half of the unseen ones below {medians[1]:.3g}"
        + (f"; the cut is at {cut:.3g}." if cut is not None else ".")
        + f" AUROC {percent(novelty.AUROC)}."
    )
