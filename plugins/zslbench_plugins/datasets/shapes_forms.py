"""The forms, textures and colours of the embedded shapes, as functions of coordinates.

A form takes coordinates in units of its radius, ``u`` to the right and ``v`` down, and gives the
distance to its outline, negative inside. A texture takes coordinates in units of its period and
gives the distance to the edge of its second ink, negative where that ink shows. All arrays are
(b, h, w) float32, and only operations whose result IEEE 754 fixes are used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from zslbench.contracts import Floats

    Field = Callable[[Floats, Floats], Floats]
    Ink = tuple[int, int, int]


def _circle(u: Floats, v: Floats) -> Floats:
    return np.sqrt(u * u + v * v) - 0.95


def _square(u: Floats, v: Floats) -> Floats:
    return np.maximum(np.abs(u), np.abs(v)) - 0.84


def _triangle(u: Floats, v: Floats) -> Floats:
    v = v - 0.25
    distance: Floats = np.maximum(v, 0.8660 * np.abs(u) - 0.5 * v) - 0.62
    return distance


def _star(u: Floats, v: Floats) -> Floats:
    u, v = np.abs(u), v - 0.08
    # Mirrors at 108° and 36° fold the five arms into the upper one, where one edge is left.
    for across_u, across_v in ((-0.3090, 0.9511), (0.8090, 0.5878)):
        beyond = 2 * np.maximum(u * across_u + v * across_v, 0)
        u = u - beyond * across_u
        v = v - beyond * across_v
    return 0.9070 * np.abs(u) - 0.4212 * v - 0.5054


def _heart(u: Floats, v: Floats) -> Floats:
    u, v = np.abs(u), v - 0.1
    # A square on its corner, and half a disc on each of its upper sides.
    lobe_u, lobe_v = u - 0.41, v + 0.41
    lobe = np.sqrt(lobe_u * lobe_u + lobe_v * lobe_v) - 0.58
    distance: Floats = np.minimum(lobe, 0.7071 * (u + np.abs(v)) - 0.58)
    return distance


def _plain(u: Floats, v: Floats) -> Floats:
    return np.ones_like(u + v)


def _striped(u: Floats, v: Floats) -> Floats:
    return _to_integer(u) - 0.25 + 0 * v


def _dotted(u: Floats, v: Floats) -> Floats:
    u, v = _to_integer(u), _to_integer(v)
    return np.sqrt(u * u + v * v) - 0.3


def _checked(u: Floats, v: Floats) -> Floats:
    u, v = _to_integer(u) - 0.25, _to_integer(v) - 0.25
    # The sign alternates from cell to cell; the nearer edge tells how deep inside.
    distance: Floats = np.minimum(np.abs(u), np.abs(v))
    signed: Floats = np.where(u * v < 0, -distance, distance)
    return signed


def _to_integer(x: Floats) -> Floats:
    distance: Floats = np.abs(x - np.floor(x + 0.5))
    return distance


FORMS: Mapping[str, Field] = MappingProxyType(
    {"circle": _circle, "square": _square, "triangle": _triangle, "star": _star, "heart": _heart}
)
TEXTURES: Mapping[str, Field] = MappingProxyType(
    {"plain": _plain, "striped": _striped, "dotted": _dotted, "checked": _checked}
)
# The five differ in lightness as well as in hue, for colour-blind readers.
COLOURS: Mapping[str, tuple[Ink, Ink]] = MappingProxyType(
    {
        "red": ((205, 60, 45), (250, 205, 190)),
        "yellow": ((240, 205, 60), (140, 95, 20)),
        "green": ((40, 150, 95), (195, 240, 205)),
        "blue": ((45, 95, 190), (190, 220, 250)),
        "purple": ((140, 75, 165), (235, 205, 245)),
    }
)
"""Colour → its two inks (RGB): the form's own, and the texture's."""
