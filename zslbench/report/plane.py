"""The word space on a plane: class vectors, and where the mapped test images fall among them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.patches import Ellipse

from zslbench.report.drawing import Drawing, begin_figure, drawing, put_legend_below, show_name
from zslbench.report.labels import place_labels
from zslbench.report.numbers import count, percent
from zslbench.report.palette import LIGHT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes

    from zslbench.wordspace import Cloud, WordSpace

REACH = 1.5  # standard deviations: an ellipse of a normal cloud holds 1 − exp(−REACH²/2) = 68 %
NAMED = 20  # classes whose names and ellipses can be told apart
UNSEEN_NAMED = 12  # among the points of more than that
VEIL = {"facecolor": LIGHT["paper"], "alpha": 0.7, "linewidth": 0, "pad": 0.6}
MARKERS = {"seen": "o", "unseen": "D", "distractor": "s"}
HEADER = ("what", "class", "role", "x", "y", "images", "xx", "xy", "yy")


def draw_plane(space: WordSpace) -> Drawing:
    """Draw class vectors by role, a sample of mapped images, and an ellipse a given label."""
    with drawing():
        figure, axes = begin_figure(5.2)
        _draw_images(axes, space)
        chosen = _choose_classes(space)
        for cloud in space.clouds:
            if cloud.label in chosen:
                axes.add_patch(_make_ellipse(cloud, LIGHT[space.roles[cloud.label]]))
        _draw_classes(axes, space)
        axes.set_aspect("equal", adjustable="datalim")
        axes.set_xlabel(f"first axis ({percent(space.explained[0])} of the spread)")
        axes.set_ylabel(f"second axis ({percent(space.explained[1])})")
        put_legend_below(figure, axes, 2)
        figure.draw_without_rendering()  # settles the layout, so that labels know their place
        _name_classes(axes, space, chosen)
    return Drawing(
        name="wordspace",
        title="Where images land among the words",
        explanation=(
            "The method turns an image into a point in the space of class vectors and asks which "
            "class is near, so images of a class that it never saw should land near its name."
        ),
        reading=_explain_marks(space, chosen),
        alt=_describe(space),
        figure=figure,
        header=HEADER,
        rows=tuple(_tabulate(space)),
    )


def _explain_marks(space: WordSpace, chosen: list[int]) -> str:
    words = (
        f"The space has more dimensions; these two show {percent(sum(space.explained))} of the "
        f"spread of the class vectors. Dots are {count(len(space.images))} test images in the "
        "colour of the label that they were given"
    )
    if not chosen:
        return f"{words}; there are too many classes to name."
    which = "" if len(chosen) == len(space.names) else " of an unseen class"
    return f"{words}; an ellipse holds about two thirds of all images with one label{which}."


def _draw_images(axes: Axes, space: WordSpace) -> None:
    for role in MARKERS:
        points = [
            point
            for point, label in zip(space.images, space.labels, strict=True)
            if space.roles[label] == role
        ]
        if points:
            x, y = zip(*points, strict=True)
            dots: Any = {
                "linestyle": "none",
                "marker": ".",
                "markeredgewidth": 0,
                "color": LIGHT[role],
            }
            axes.plot(x, y, markersize=4.5, alpha=0.45, **dots)
            axes.plot([], [], markersize=9, label=f"image labelled as {role}", **dots)


def _choose_classes(space: WordSpace) -> list[int]:
    """The classes with a name and an ellipse: all, or the unseen ones, or none of too many."""
    if len(space.names) <= NAMED:
        return list(range(len(space.names)))
    unseen = [i for i, role in enumerate(space.roles) if role == "unseen"]
    return unseen if len(unseen) <= UNSEEN_NAMED else []


def _make_ellipse(cloud: Cloud, colour: str) -> Ellipse:
    xx, xy, yy = cloud.covariance
    variances, axes = np.linalg.eigh(np.array([[xx, xy], [xy, yy]]))
    minor, major = 2 * REACH * np.sqrt(np.maximum(variances, 0.0))
    return Ellipse(
        cloud.mean, major, minor, angle=math.degrees(math.atan2(axes[1, 1], axes[0, 1])),
        facecolor="none", edgecolor=colour, alpha=0.75, linewidth=1.0,
    )  # fmt: skip


def _draw_classes(axes: Axes, space: WordSpace) -> None:
    for role, marker in MARKERS.items():
        points = [p for p, r in zip(space.prototypes, space.roles, strict=True) if r == role]
        if not points:
            continue
        x, y = zip(*points, strict=True)
        of = role if role == "distractor" else f"{role} class"
        axes.plot(
            x, y, linestyle="none", marker=marker, markersize=8, color=LIGHT[role],
            markeredgecolor=LIGHT["paper"], markeredgewidth=1.2, label=f"{of}’s vector",
            zorder=5,
        )  # fmt: skip


def _name_classes(axes: Axes, space: WordSpace, chosen: list[int]) -> None:
    names = [show_name(space.names[i]) for i in chosen]
    points = [space.prototypes[i] for i in chosen]
    for i, name, place in zip(chosen, names, place_labels(axes, points, names), strict=True):
        axes.annotate(
            name, space.prototypes[i], xytext=place.offset, textcoords="offset points",
            ha=place.ha, va=place.va, fontsize=10, color=LIGHT["ink"], zorder=6, bbox=VEIL,
        )  # fmt: skip


def _tabulate(space: WordSpace) -> Iterator[tuple[Any, ...]]:
    for name, role, point in zip(space.names, space.roles, space.prototypes, strict=True):
        yield ("class", name, role, *point, "", "", "", "")
    for cloud in space.clouds:
        name, role = space.names[cloud.label], space.roles[cloud.label]
        yield ("cloud", name, role, *cloud.mean, cloud.images, *cloud.covariance)
    for label, point in zip(space.labels, space.images, strict=True):
        yield ("image", space.names[label], space.roles[label], *point, "", "", "", "")


def _describe(space: WordSpace) -> str:
    seen, unseen = space.roles.count("seen"), space.roles.count("unseen")
    total = sum(cloud.images for cloud in space.clouds)
    largest = max(space.clouds, key=lambda cloud: cloud.images)
    return (
        f"Scatter plot of {seen} seen and {unseen} unseen class vectors and {len(space.images)} of "
        f"{count(total)} mapped test images; most images ({count(largest.images)}) are labelled "
        f"{space.names[largest.label]}."
    )
