"""Patches of images: drawn at random or at every position, contrast-normalised, whitened.

A patch is ``size`` × ``size`` × 3 pixels in the order (row, column, channel), so d = 3 size².
After Coates and Ng, "The importance of encoding versus training with sparse coding and vector
quantization", ICML 2011, section 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zslbench.errors import InputError
from zslbench_plugins.backbones.workers import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zslbench.contracts import Float32, ImageSource, Int, UInt8

CONTRAST_FLOOR = 10.0
"""Added to a patch's variance, on pixels 0 … 255, so that noise in flat patches is not blown up."""

_IMAGES_AT_A_TIME = 256
_ROWS_AT_A_TIME = 8192


def check_images(images: UInt8, size: int) -> None:
    """Raise InputError unless ``images`` is (b, h, w, 3) uint8 with h, w > ``size``."""
    if images.ndim != 4 or images.shape[3] != 3 or images.dtype != np.uint8:
        raise InputError(
            f"images of shape {images.shape} and type {images.dtype}: coates2011 reads "
            "(b, h, w, 3) uint8 RGB; convert them first"
        )
    check_shape(images.shape[1:], size)


def check_shape(shape: tuple[int, ...], size: int) -> None:
    """Raise InputError unless an image of ``shape`` (h, w, 3) has 2 × 2 positions at least."""
    if min(shape[:2]) <= size:
        raise InputError(
            f"images of {shape[0]} × {shape[1]} pixels: coates2011 with patch={size} needs "
            f"{size + 1} × {size + 1} at least; use a smaller patch or larger images"
        )


def rows_of_pixels(images: UInt8) -> UInt8:
    """(b, h, w, 3) → (b, h, 3 w), the form that the loops read."""
    return np.ascontiguousarray(images).reshape(*images.shape[:2], -1)


@compiled
def _normalise(pixels: Any, row: int, column: int, size: int, out: Any) -> None:
    """Write one patch of ``pixels`` (h, 3 w), contrast-normalised, into ``out`` (d,)."""
    run = size * 3  # the values of one row of a patch lie side by side
    d = size * run
    first = column * 3
    total = np.int64(0)
    squares = np.int64(0)
    for i in range(size):
        values = pixels[row + i, first : first + run]
        row_total = np.int32(0)  # 32 bits, for vector instructions
        row_squares = np.int32(0)
        for j in range(run):
            value = np.int32(values[j])
            row_total += value
            row_squares += value * value
        total += row_total
        squares += row_squares
    # Sums of integers: the difference of squares is exact here, unlike in floating point.
    variance = (squares * d - total * total) / (d * (d - 1))
    scale = np.float32(1 / np.sqrt(variance + CONTRAST_FLOOR))
    mean = np.float32(total / d)
    for i in range(size):
        values = pixels[row + i, first : first + run]
        target = out[i * run : (i + 1) * run]
        for j in range(run):
            target[j] = (np.float32(values[j]) - mean) * scale


@compiled
def _normalise_at(pixels: Any, which: Any, rows: Any, columns: Any, size: int, out: Any) -> None:
    """Write patch p, of image ``which[p]`` at ``rows[p]``, ``columns[p]``, into ``out[p]`` (d,)."""
    for p in range(len(which)):
        _normalise(pixels[which[p]], rows[p], columns[p], size, out[p])


@compiled
def normalise_strip(pixels: Any, first: int, count: int, size: int, out: Any) -> None:
    """Write the patches at ``count`` rows of positions, from row ``first`` on, into ``out``.

    ``pixels`` (h, 3 w) is one image; ``out`` (≥ count × positions a row, d) float32.
    """
    width = pixels.shape[1] // 3 - size + 1
    for i in range(count):
        for j in range(width):
            _normalise(pixels, first + i, j, size, out[i * width + j])


def draw_patches(images: ImageSource, count: int, size: int, rng: np.random.Generator) -> Float32:
    """Draw ``count`` contrast-normalised patches (count, d) at random places of random images.

    Images are drawn with replacement and read once each, in ascending order.
    """
    if len(images) == 0:
        raise InputError("no images to draw patches from: coates2011 needs one at least")
    chosen = np.sort(rng.integers(len(images), size=count))
    where = rng.random((2, count))  # as fractions, so that images may differ in size
    wanted, position = np.unique(chosen, return_inverse=True)
    patches = np.empty((count, size * size * 3), np.float32)
    for start in range(0, len(wanted), _IMAGES_AT_A_TIME):
        block = images.take(wanted[start : start + _IMAGES_AT_A_TIME].astype(np.int64))
        check_images(block, size)
        low, high = np.searchsorted(position, [start, start + _IMAGES_AT_A_TIME])
        rows = _places(where[0, low:high], block.shape[1] - size + 1)
        columns = _places(where[1, low:high], block.shape[2] - size + 1)
        which = position[low:high] - start
        _normalise_at(rows_of_pixels(block), which, rows, columns, size, patches[low:high])
    return patches


def _places(fractions: NDArray[np.float64], positions: int) -> Int:
    return (fractions * positions).astype(np.int64)


@dataclass(frozen=True)
class Whitening:
    """ZCA whitening: x → (x − mean) @ matrix, ``mean`` (d,), ``matrix`` (d, d) symmetric."""

    mean: NDArray[np.float64]
    matrix: NDArray[np.float64]

    @classmethod
    def learn(cls, patches: Float32, epsilon: float) -> Whitening:
        """Learn from ``patches`` (n, d): V diag(1 / sqrt(λ + ε)) Vᵀ of their covariance V λ Vᵀ."""
        n, d = patches.shape
        mean = patches.mean(axis=0, dtype=np.float64)
        scatter = np.zeros((d, d))
        for start in range(0, n, _ROWS_AT_A_TIME):
            centred = patches[start : start + _ROWS_AT_A_TIME] - mean
            scatter += centred.T @ centred
        values, vectors = np.linalg.eigh(scatter / (n - 1))
        # Rounding can put an eigenvalue of a singular covariance just below nought.
        scales = 1 / np.sqrt(np.maximum(values, 0) + epsilon)
        return cls(mean, (vectors * scales) @ vectors.T)

    def apply_in_place(self, patches: Float32) -> None:
        """Whiten ``patches`` (n, d) where they lie: a second such matrix may not fit."""
        for start in range(0, len(patches), _ROWS_AT_A_TIME):
            rows = patches[start : start + _ROWS_AT_A_TIME]
            rows[:] = (rows - self.mean) @ self.matrix
