"""Images of any size brought to one: the rule that components share, and the sources they get.

A component states its rule: ``prepare(image)`` → (H, W, 3), or ``input_size``, the side of a
square: shorter side to it, antialiased (bicubic over the whole footprint), then centre crop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from zslbench.errors import InputError, PluginError

if TYPE_CHECKING:
    from zslbench.contracts import Int, UInt8
    from zslbench.contracts.data import MixedImageSource


def size_for_shorter(size: tuple[int, int], side: int) -> tuple[int, int]:
    """Return ``size``, a pair of sides, scaled so that the shorter one is ``side``.

    The longer one is rounded to the nearest integer; halves go up.
    """
    shorter = min(size)
    first, second = ((2 * n * side + shorter) // (2 * shorter) for n in size)
    return first, second


def to_square(image: UInt8, side: int) -> UInt8:
    """Resize (h, w, 3) uint8 to a shorter side of ``side``, and cut out the middle square.

    Returns (side, side, 3). An image that has this size stays as it is. Of an odd number of pixels
    to cut, the bottom or right loses the one more.
    """
    height, width = size_for_shorter((image.shape[0], image.shape[1]), side)
    if (height, width) != image.shape[:2]:
        picture = Image.fromarray(np.ascontiguousarray(image))
        image = np.asarray(picture.resize((width, height), Image.Resampling.BICUBIC))
    top, left = (height - side) // 2, (width - side) // 2
    return np.ascontiguousarray(image[top : top + side, left : left + side])


class PreparedImages:
    """An ImageSource over images of any size, each prepared as ``component`` states.

    ``label`` names the component in errors: InputError where images differ in size and it states
    no rule, PluginError where its ``prepare`` gives something else than one size of uint8 RGB.
    """

    def __init__(self, images: MixedImageSource, component: Any, label: str) -> None:
        self._images = images
        self._prepare: Callable[[UInt8], UInt8] | None = getattr(component, "prepare", None)
        self._side: int | None = getattr(component, "input_size", None)
        self._label = label
        self._shape: tuple[int, ...] | None = None  # of prepared images, once one was seen

    def __len__(self) -> int:
        return len(self._images)

    def blocks(self, start: int = 0, size: int = 256) -> Iterator[UInt8]:
        """Yield (b, h, w, 3) blocks of at most ``size`` prepared images from ``start`` on."""
        for block in self._images.blocks(start, size):
            yield self._prepared(block)

    def take(self, rows: Int) -> UInt8:
        """Return the images at ``rows``, prepared (len(rows), h, w, 3)."""
        return self._prepared(self._images.take(rows))

    def _prepared(self, block: UInt8 | list[UInt8]) -> UInt8:
        if isinstance(block, np.ndarray):
            # A component that prepares by itself reads images of one size as they are.
            side = self._side if self._prepare is None else None
            if side is None or block.shape[1:3] == (side, side):
                return block
        return self._stack([self._one(image) for image in block])

    def _one(self, image: UInt8) -> UInt8:
        if self._prepare is not None:
            return self._prepare(image)
        if self._side is None:
            raise InputError(
                f"images differ in size (one is {image.shape[0]} × {image.shape[1]}), and "
                f"{self._label} states no size to bring them to: choose a component that does "
                "('zslbench list backbone'; its author adds 'prepare' or 'input_size'), or make "
                "all images one size first"
            )
        return to_square(image, self._side)

    def _stack(self, images: Sequence[UInt8]) -> UInt8:
        for image in images:
            shape = getattr(image, "shape", None)
            good = shape is not None and len(shape) == 3 and shape[2] == 3
            if not good or image.dtype != np.uint8 or shape != (self._shape or shape):
                got = type(image).__name__ if shape is None else f"{image.dtype} {shape}"
                expected = self._shape or "(H, W, 3)"
                raise PluginError(
                    f"{self._label} broke its contract: prepare gave {got}; expected uint8 "
                    f"{expected}, the same for all images"
                )
            self._shape = shape
        return np.stack(images)
