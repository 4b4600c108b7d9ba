"""Names beside points, each where it hides the least."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LETTER = 6.2  # points, about a letter's width at size 10
HEIGHT = 12.0  # points
GAP = 7.0  # points between a point and its name


@dataclass(frozen=True)
class Place:
    """Where a name goes, as matplotlib's ``annotate`` wants it."""

    offset: tuple[float, float]  # points
    ha: str
    va: str


@dataclass(frozen=True)
class _Box:
    left: float
    bottom: float
    right: float
    top: float

    def overlap(self, other: _Box) -> float:
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.top, other.top) - max(self.bottom, other.bottom)
        return max(0.0, width) * max(0.0, height)


PLACES = (
    Place((GAP, 0), "left", "center"),
    Place((-GAP, 0), "right", "center"),
    Place((0, GAP), "center", "bottom"),
    Place((0, -GAP), "center", "top"),
    Place((GAP, GAP), "left", "bottom"),
    Place((-GAP, GAP), "right", "bottom"),
    Place((GAP, -GAP), "left", "top"),
    Place((-GAP, -GAP), "right", "top"),
)


def place_labels(
    axes: Axes, points: Sequence[tuple[float, float]], names: Sequence[str]
) -> list[Place]:
    """Choose for each of ``names`` the place that overlaps names, points and borders the least.

    Greedy, in the order given; call it once the layout and the limits of ``axes`` are settled.
    """
    scale = 72 / axes.figure.dpi
    spots = axes.transData.transform(np.array(points).reshape(-1, 2)) * scale
    frame = [float(edge) * scale for edge in axes.bbox.extents]
    taken = [_Box(x - 4, y - 4, x + 4, y + 4) for x, y in spots]
    places = []
    for (x, y), name in zip(spots, names, strict=True):
        boxes = [_box(x, y, LETTER * len(name), place) for place in PLACES]
        cost = [sum(box.overlap(b) for b in taken) + _outside(box, frame) for box in boxes]
        best = int(np.argmin(cost))
        taken.append(boxes[best])
        places.append(PLACES[best])
    return places


def _box(x: float, y: float, width: float, place: Place) -> _Box:
    x, y = x + place.offset[0], y + place.offset[1]
    left = x - {"left": 0.0, "center": 0.5, "right": 1.0}[place.ha] * width
    bottom = y - {"bottom": 0.0, "center": 0.5, "top": 1.0}[place.va] * HEIGHT
    return _Box(left, bottom, left + width, bottom + HEIGHT)


def _outside(box: _Box, frame: Sequence[float]) -> float:
    left, bottom, right, top = frame
    inside = box.overlap(_Box(left, bottom, right, top))
    return 4 * ((box.right - box.left) * (box.top - box.bottom) - inside)
