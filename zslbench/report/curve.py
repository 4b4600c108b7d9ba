"""The seen–unseen curve: what a method trades when it is told to trust "unseen" more or less."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zslbench.report.drawing import Drawing, as_percent, begin_figure, drawing, put_legend_below
from zslbench.report.numbers import percent
from zslbench.report.palette import LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from zslbench.contracts import Curve
    from zslbench.score import CurveTable, Scores

KINDS: dict[Curve, str] = {
    "gate": "gate (the cut on novelty is moved)",
    "stacking": "calibrated stacking (a constant is taken off every seen class’s score)",
}
END = 102  # percent, where the axes end
COLUMNS = ("u", "s", "seen_accuracy", "unseen_accuracy", "overall_accuracy")


def draw_curve(scores: Scores) -> Drawing:
    """Draw s over u with the method's own point, the oracle's, and lines of equal H."""
    table = scores.curve
    with drawing():
        figure, axes = begin_figure(5.3, 4.8)
        _draw_levels(axes)
        _draw_line(axes, scores)
        _mark_points(axes, scores)
        axes.set(xlim=(0, END), ylim=(0, END), aspect="equal")
        axes.set_xlabel("u: unseen classes right, per-class mean (%)")
        axes.set_ylabel("s: seen classes right, per-class mean (%)")
        put_legend_below(figure, axes, 1)
    return Drawing(
        name="curve",
        title="What is gained on unseen classes is paid for on seen ones",
        explanation=(
            "Each point is the same model with another threshold for calling an image “unseen”: "
            "further right it names more images of classes that it never saw, further up it keeps "
            "more of those it was trained on, and the best corner is top right."
        ),
        reading=f"Kind of curve: {KINDS[scores.curve_kind]}. Thin lines join points of equal H.",
        alt=_describe(scores),
        figure=figure,
        header=("point", *COLUMNS),
        rows=tuple(
            (_name_point(table, i), *(getattr(table, column)[i] for column in COLUMNS))
            for i in range(len(table.u))
        ),
    )


def _draw_levels(axes: Axes) -> None:
    """Lines of equal H: s = H·u / (2u − H)."""
    for level in (20, 40, 60, 80):
        u = np.linspace(level * END / (2 * END - level), END, 400)
        axes.plot(u, level * u / (2 * u - level), color=LIGHT["line"], linewidth=1, zorder=1)
        axes.text(
            u[0], END + 1, f"H {level}", ha="center", va="bottom", fontsize=9,
            color=LIGHT["muted"],
        )  # fmt: skip


def _draw_line(axes: Axes, scores: Scores) -> None:
    u, s = as_percent(scores.curve.u), as_percent(scores.curve.s)
    axes.fill(
        [u[0], *u, u[-1]], [0, *s, 0], color=LIGHT["accent"], alpha=0.13, linewidth=0, zorder=0
    )
    axes.plot(
        u, s, color=LIGHT["accent"], linewidth=2, zorder=3, solid_joinstyle="round",
        label=f"curve; area under it (AUSUC) {percent(scores.AUSUC, scores.AUSUC_se)}",
    )  # fmt: skip


def _mark_points(axes: Axes, scores: Scores) -> None:
    table = scores.curve
    for index, marker, size, face, label in (
        (table.own, "o", 9, LIGHT["accent"], f"this run: H {percent(scores.H, scores.H_se)}"),
        (
            table.oracle, "D", 9, "none",
            f"best H {percent(scores.h_oracle)} (an oracle’s: never ranked)",
        ),
    ):  # fmt: skip
        axes.plot(
            [100 * table.u[index]], [100 * table.s[index]], linestyle="none", marker=marker,
            markersize=size, markerfacecolor=face, markeredgecolor=LIGHT["ink"],
            markeredgewidth=1.4, label=label, zorder=5, clip_on=False,
        )  # fmt: skip


def _name_point(table: CurveTable, index: int) -> str:
    marks = (("own", table.own), ("oracle", table.oracle))
    return "+".join(name for name, at in marks if at == index)


def _describe(scores: Scores) -> str:
    table = scores.curve
    return (
        f"Curve of per-class accuracy on seen classes over that on unseen classes, from "
        f"u {percent(table.u[0])}, s {percent(table.s[0])} with everything taken as unseen to "
        f"u {percent(table.u[-1])}, s {percent(table.s[-1])} with everything taken as seen. "
        f"This run is at u {percent(scores.u)}, s {percent(scores.s)}; "
        f"the area under the curve is {percent(scores.AUSUC)}."
    )
