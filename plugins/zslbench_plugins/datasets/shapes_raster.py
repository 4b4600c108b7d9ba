"""Draws textured forms on small, untidy canvases: the same bits on every machine.

Only sums, products, quotients, square roots, comparisons and rounding are used, each as a NumPy
operation of its own: IEEE 754 fixes every result. So an angle is given by the tangent t of its
half: cos = (1 − t²) / (1 + t²), sin = 2t / (1 + t²).

The constants set how hard the images are. They were chosen, mostly on images of other seeds than
the default one, so that a plain pipeline neither fails nor saturates.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from zslbench_plugins.datasets.shapes_forms import COLOURS, FORMS, TEXTURES
from zslbench_plugins.datasets.shapes_stream import RawStream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zslbench.contracts import Floats, UInt8

SIDE = 32  # height and width of an image, in pixels

# Pairs are bounds, drawn evenly; in those marked "usual, odd", most images are near the first.
RADIUS = (12.0, 6.8)  # usual, odd; in pixels
SHIFT = 3.0  # of the form's centre, in pixels each way
TURN = 0.22  # tangent of half the form's largest turn: 25°
SQUEEZE = 0.14
PERIOD = (4.0, 6.0)  # of the texture, in pixels
GRAIN = 0.34  # tangent of half the texture's largest turn against the form: 38°
FADE = (1.0, 0.3)  # usual, odd: strength of the texture's ink
JITTER = 24.0  # of an ink, in grey levels
CONFETTI = 5  # scraps on the background
CAST = 0.13  # relative gain of a colour channel
EXPOSURE = (1.08, 0.55)  # usual, odd: gain of an image
NOISE = (8.0, 30.0)  # usual, odd: deviation of a pixel's noise, in grey levels
KNOBS = 90  # random numbers an image, its noise apart; some are spare


class Kind(NamedTuple):
    """What an image shows: keys of TEXTURES, COLOURS and FORMS."""

    texture: str
    colour: str
    form: str


def draw(kind: Kind, count: int, *, key: tuple[int, ...], block: int = 256) -> Iterator[UInt8]:
    """Yield ``count`` images of a kind in blocks (b, 32, 32, 3) uint8 RGB, b ≤ ``block``.

    Image i depends on ``kind``, ``key`` and i alone, not on ``count`` or ``block``.
    """
    knob_stream, noise_stream = RawStream(*key, 0), RawStream(*key, 1)
    for start in range(0, count, block):
        rows = min(block, count - start)
        knobs = _Knobs(knob_stream.uniform(rows, KNOBS))
        canvas = _figure(_confetti(_backdrop(knobs), knobs), kind, knobs)
        gain = knobs.rgb(1 - CAST, 1 + CAST) * knobs.mostly(*EXPOSURE)[..., None]
        noise = noise_stream.bell(rows, SIDE * SIDE * 3).reshape(canvas.shape)
        canvas = canvas * gain + knobs.mostly(*NOISE)[..., None] * noise
        yield np.clip(np.floor(canvas + 0.5), 0, 255).astype(np.uint8)


class _Knobs:
    """Hands out the columns of a table of uniform numbers one by one, each as (b, 1, 1)."""

    def __init__(self, table: NDArray[np.float64]) -> None:
        self._columns = iter(table.T.astype(np.float32))

    def between(self, low: float, high: float) -> Floats:
        """(b, 1, 1) numbers of [low, high]."""
        column: Floats = next(self._columns)[:, None, None]
        return low + (high - low) * column

    def mostly(self, usual: float, odd: float) -> Floats:
        """(b, 1, 1) numbers from ``usual`` to ``odd``: half of them in the first eighth."""
        column: Floats = next(self._columns)[:, None, None]
        return usual + (odd - usual) * (column * column * column)

    def rgb(self, low: float, high: float) -> Floats:
        """(b, 1, 1, 3) colours whose channels are drawn apart."""
        return np.stack([self.between(low, high) for _ in range(3)], axis=-1)


def _grid() -> tuple[Floats, Floats]:
    steps = np.arange(SIDE, dtype=np.float32) - np.float32((SIDE - 1) / 2)
    return steps[None, None, :], steps[None, :, None]


def _backdrop(knobs: _Knobs) -> Floats:
    x, y = _grid()
    start = knobs.between(70, 215)[..., None] + knobs.rgb(-28, 28)
    end = start + knobs.between(-45, 45)[..., None] + knobs.rgb(-28, 28)
    along, _ = _turned(x, y, knobs.between(-1, 1))
    return _over(start, np.clip(along / SIDE + 0.5, 0, 1), end)


def _confetti(canvas: Floats, knobs: _Knobs) -> Floats:
    """Throw scraps in the colours of the classes, so that a colour somewhere tells little."""
    inks = np.array([ink for ink, _ in COLOURS.values()], dtype=np.float32)
    x, y = _grid()
    for _ in range(CONFETTI):
        left, top = knobs.between(-15, 15), knobs.between(-15, 15)
        u, v = _turned(x - left, y - top, knobs.between(-1, 1))
        scrap = np.maximum(np.abs(u) - knobs.between(1.2, 3.8), np.abs(v) - knobs.between(0.8, 1.9))
        choice = np.floor(knobs.between(0, len(inks))).astype(np.int64)
        ink = inks[np.minimum(choice, len(inks) - 1)] + knobs.rgb(-40, 40)
        canvas = _over(canvas, 0.9 * _inside(scrap), ink)
    return canvas


def _figure(canvas: Floats, kind: Kind, knobs: _Knobs) -> Floats:
    x, y = _grid()
    x, y = x - knobs.between(-SHIFT, SHIFT), y - knobs.between(-SHIFT, SHIFT)
    radius, turn = knobs.mostly(*RADIUS), knobs.between(-TURN, TURN)
    wide = knobs.between(1 - SQUEEZE, 1 + SQUEEZE)

    def outline(x: Floats, y: Floats) -> Floats:
        u, v = _turned(x, y, turn)
        return FORMS[kind.form](u / (radius * wide), v * wide / radius) * radius

    distance = outline(x, y)
    shadow = 0.45 * _inside(0.5 * outline(x - 1.3, y - 1.5))
    shine = 1 - 0.014 * (x * knobs.between(-1, 1) + y * knobs.between(0, 1))
    rim = 1 - 0.4 * _inside(-0.9 - distance)
    body = _cloth(x, y, turn, kind, knobs) * (shine * rim)[..., None]
    canvas = _over(canvas, shadow, np.float32(25))
    return _over(canvas, _inside(distance), body)


def _cloth(x: Floats, y: Floats, turn: Floats, kind: Kind, knobs: _Knobs) -> Floats:
    period = knobs.between(*PERIOD)
    u, v = _turned(x, y, turn + knobs.between(-GRAIN, GRAIN))
    u, v = u / period + knobs.between(0, 1), v / period + knobs.between(0, 1)
    edge = TEXTURES[kind.texture](u, v) * period
    first, second = (
        np.array(ink, dtype=np.float32) + knobs.rgb(-JITTER, JITTER) for ink in COLOURS[kind.colour]
    )
    return _over(first, _inside(edge) * knobs.mostly(*FADE), second)


def _turned(x: Floats, y: Floats, t: Floats) -> tuple[Floats, Floats]:
    scale = 1 / (1 + t * t)
    cos, sin = (1 - t * t) * scale, 2 * t * scale
    return x * cos + y * sin, y * cos - x * sin


def _inside(distance: Floats) -> Floats:
    """Share of a pixel inside an edge that is ``distance`` pixels away, negative inside."""
    share: Floats = np.clip(0.5 - distance, 0, 1)
    return share


def _over(canvas: Floats, share: Floats, paint: Floats | np.float32) -> Floats:
    return canvas + (paint - canvas) * share[..., None]
