"""The confusion matrix: which class is taken for which, seen classes first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patches import Rectangle

from zslbench.report.drawing import WIDTH, Drawing, begin_figure, drawing, show_name
from zslbench.report.numbers import percent
from zslbench.report.palette import LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from zslbench.score import ClassRow, Scores

CELL = 0.36  # inches, for a count
LINE = 0.2  # inches, for a name
LETTER = 0.08  # inches, about a letter's width in a name
LABELLED = 60  # classes; more names than that cannot be read
COUNTED = 30  # classes; more counts than that cannot be read
DARK_CELL = 0.7  # share from which a count is written in the light colour


def draw_confusion(scores: Scores) -> Drawing:
    """Draw the confusions of a run."""
    return draw_counts(scores.per_class, np.array(scores.confusion))


def draw_counts(per_class: Sequence[ClassRow], confusion: NDArray[np.int64]) -> Drawing:
    """Draw counts (c, c) on cells as dark as their share of the row; seen classes come first."""
    order = sorted(range(len(per_class)), key=lambda i: per_class[i].role == "unseen")
    classes = [per_class[i] for i in order]
    counts = confusion[np.ix_(order, order)]
    with drawing():
        figure = _draw_matrix(counts, classes)
    return Drawing(
        name="confusion",
        title="Which class is taken for which",
        explanation=(
            "A row is what the images truly are, a column what the method says: a perfect method "
            "fills the diagonal alone."
        ),
        reading=(
            "Cells hold numbers of images and are as strong in colour as their share of the row; "
            "the lines part seen classes from unseen ones."
            if len(classes) <= COUNTED
            else "Cells are as strong in colour as their share of the row; the lines part seen "
            "classes from unseen ones."
        ),
        alt=_describe(counts, classes),
        figure=figure,
        header=("true class", "role", *(row.name for row in classes)),
        rows=tuple(
            (row.name, row.role, *line) for row, line in zip(classes, counts.tolist(), strict=True)
        ),
    )


def _draw_matrix(counts: NDArray[np.int64], classes: list[ClassRow]) -> Figure:
    c = len(classes)
    names = LETTER * max(len(show_name(row.name)) for row in classes) if c <= LABELLED else 0.0
    cell = _choose_cell(c, names)
    figure, axes = begin_figure(c * cell + names + 0.4, c * cell + names + 0.6)
    share = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    for (i, j), value in np.ndenumerate(share):
        if value:
            axes.add_patch(
                Rectangle((j - 0.5, i - 0.5), 1, 1, facecolor=LIGHT["heat"], alpha=value, lw=0)
            )
    if c <= COUNTED:
        _write_counts(axes, counts, share, cell)
    _label_axes(axes, classes)
    _part_roles(axes, classes)
    return figure


def _choose_cell(c: int, names: float) -> float:
    """Inches a cell: ten classes fit a phone, more must scroll, too many shrink to dots."""
    if c > LABELLED:
        return (WIDTH - 0.6) / c
    if c > COUNTED:
        return LINE
    return max(CELL, min(2 * CELL, (WIDTH - 0.6 - names) / c))


def _write_counts(
    axes: Axes, counts: NDArray[np.int64], share: NDArray[np.float64], cell: float
) -> None:
    digits = len(str(counts.max()))
    size = min(10.0, 0.9 * 72 * cell / (0.64 * digits))
    for (i, j), value in np.ndenumerate(counts):
        if value:
            colour = LIGHT["on-heat"] if share[i, j] > DARK_CELL else LIGHT["ink"]
            axes.text(j, i, str(value), ha="center", va="center", fontsize=size, color=colour)


def _label_axes(axes: Axes, classes: list[ClassRow]) -> None:
    c = len(classes)
    axes.set(xlim=(-0.5, c - 0.5), ylim=(c - 0.5, -0.5), aspect="equal")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.set_ylabel("true class")
    axes.set_xlabel("label given", labelpad=8)
    axes.xaxis.set_label_position("top")
    if c > LABELLED:
        axes.set(xticks=[], yticks=[])
        return
    names = [show_name(row.name) for row in classes]
    axes.set_xticks(range(c), names, rotation=90)
    axes.set_yticks(range(c), names)
    axes.xaxis.tick_top()
    for labels in (axes.get_xticklabels(), axes.get_yticklabels()):
        for label, row in zip(labels, classes, strict=True):
            label.set_color(LIGHT[row.role])


def _part_roles(axes: Axes, classes: list[ClassRow]) -> None:
    c = len(classes)
    seen = sum(row.role == "seen" for row in classes)
    for edge in (-0.5, c - 0.5):
        axes.axhline(edge, color=LIGHT["line"], linewidth=1.2, clip_on=False)
        axes.axvline(edge, color=LIGHT["line"], linewidth=1.2, clip_on=False)
    axes.axhline(seen - 0.5, color=LIGHT["ink"], linewidth=1.2)
    axes.axvline(seen - 0.5, color=LIGHT["ink"], linewidth=1.2)
    for role, start, end in (("seen", 0, seen), ("unseen", seen, c)):
        axes.text(
            c - 0.3, (start + end - 1) / 2, role, rotation=270, ha="left", va="center",
            fontsize=9, color=LIGHT[role],
        )  # fmt: skip


def _describe(counts: NDArray[np.int64], classes: list[ClassRow]) -> str:
    off = counts.copy()
    np.fill_diagonal(off, 0)
    words = (
        f"Confusion matrix of {len(classes)} classes; "
        f"{percent(float(np.trace(counts) / counts.sum()))} of the images lie on its diagonal."
    )
    if not off.any():
        return words
    i, j = np.unravel_index(off.argmax(), off.shape)
    return (
        f"{words} The commonest mistake: {off[i, j]} images of {classes[i].name} are called "
        f"{classes[j].name}."
    )
