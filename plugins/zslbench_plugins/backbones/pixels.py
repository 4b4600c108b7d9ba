"""The image itself, made small: the floor that every other backbone has to clear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from zslbench.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zslbench.contracts import Context, Float32, ImageSource, Pretraining, UInt8


class PixelsBackbone:
    """Area means of ``size`` × ``size`` cells in 0 … 1, flattened: (row, column, channel).

    Cells tile the image evenly; a pixel on the border of two cells counts in each with the part of
    its area that lies there. The harness first brings images of any other size to ``input_size`` ×
    ``input_size`` pixels: shorter side to it, antialiased, then centre crop.
    """

    fit_on: str = "nothing"
    pretraining: Pretraining | None = None
    variance_floor: float | None = None

    def __init__(self, size: int = 8, input_size: int = 32) -> None:
        self.size = size
        self.input_size = input_size

    def fit(self, images: ImageSource, *, context: Context) -> Self:
        """Learn nothing. Raises InputError for a size below 1."""
        if self.size < 1:
            raise InputError(f"pixels: size={self.size} must be at least 1; 8 is usual")
        return self

    def dim(self, image_shape: tuple[int, int, int]) -> int:
        """3 × size², whatever the shape of the image."""
        return 3 * self.size**2

    def transform(self, images: UInt8, *, context: Context) -> Float32:
        """(b, h, w, 3) uint8 → (b, 3 × size²) float32 in 0 … 1."""
        if images.ndim != 4 or images.shape[3] != 3 or images.dtype != np.uint8:
            raise InputError(
                f"images of shape {images.shape} and type {images.dtype}: pixels reads "
                "(b, h, w, 3) uint8 RGB; convert them first"
            )
        b, h, w, _ = images.shape
        columns = images.reshape(b, h, w * 3).astype(np.float64)
        rows = (_cell_weights(h, self.size) @ columns).reshape(b, self.size, w, 3)
        cells = _cell_weights(w, self.size) @ rows
        return (cells.reshape(b, -1) / 255).astype(np.float32)


def _cell_weights(pixels: int, cells: int) -> NDArray[np.float64]:
    """Weight (cells, pixels) of each pixel in the mean of each cell, along one side."""
    borders = np.arange(cells + 1) * pixels / cells
    left = np.arange(pixels)
    overlap = np.minimum(borders[1:, None], left + 1) - np.maximum(borders[:-1, None], left)
    weights: NDArray[np.float64] = np.maximum(overlap, 0) * (cells / pixels)
    return weights
