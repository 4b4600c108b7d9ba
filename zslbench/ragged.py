"""Images that differ in size, kept one after the other in one memory-mapped file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from zslbench.contracts import Int, UInt8


@dataclass(frozen=True)
class RaggedPixels:
    """Images that differ in size, one after the other; index it by rows to get a list of them."""

    flat: UInt8  # (bytes,), memory-mapped
    offsets: Int  # (n + 1,) where each image starts in ``flat``, and where the last one ends
    shapes: Int  # (n, 2): height and width of each

    def __len__(self) -> int:
        return len(self.shapes)

    def __getitem__(self, rows: Int) -> list[UInt8]:
        """Copies of the images (h, w, 3) at ``rows``."""
        return [self._image(int(row)) for row in rows]

    def _image(self, row: int) -> UInt8:
        height, width = self.shapes[row]
        pixels = np.array(self.flat[self.offsets[row] : self.offsets[row + 1]])
        return pixels.reshape(height, width, 3)


class RaggedImages:
    """The images of a ragged part at chosen rows: a MixedImageSource of lists."""

    def __init__(self, pixels: RaggedPixels, rows: Int) -> None:
        self._pixels = pixels
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def blocks(self, start: int = 0, size: int = 256) -> Iterator[list[UInt8]]:
        """Yield lists of at most ``size`` images (h, w, 3) from image ``start`` on."""
        for first in range(start, len(self._rows), size):
            yield self._pixels[self._rows[first : first + size]]

    def take(self, rows: Int) -> list[UInt8]:
        """Return the images (h, w, 3) at ``rows``."""
        return self._pixels[self._rows[rows]]
