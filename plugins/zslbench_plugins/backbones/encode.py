"""Soft-threshold encoding of every patch of an image, summed over the four quadrants, in one pass.

Contrast normalisation scales a patch by itself; whitening and the dictionary are linear. So the
code is z = x̂ A − b for a normalised patch x̂ (d,), A (d, bases), b (bases,): one matrix product.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from zslbench_plugins.backbones.patches import normalise_strip, rows_of_pixels
from zslbench_plugins.backbones.workers import Worker, compiled, share_out

if TYPE_CHECKING:
    from zslbench.contracts import Float32, UInt8

_TILE = 256
"""Positions a product: those of 9 rows of a 32 × 32 image, whose products with 1,600 bases (1.5 MB)
fit the cache of one core, to be summed from there."""


def encode(
    images: UInt8,
    projection: Float32,
    offset: Float32,
    *,
    patch: int,
    alpha: float,
    threads: int,
) -> Float32:
    """Encode ``images`` (b, h, w, 3) with A = ``projection`` (d, bases) and b = ``offset``.

    Returns (b, 4, 2, bases): quadrants top left, top right, bottom left, bottom right; then
    Σ max(z − α, 0) and Σ max(−z − α, 0). Of an odd number of positions the first half gets the
    larger part. Products never mix images, so an image's code does not depend on its neighbours.
    """
    height, width = images.shape[1] - patch + 1, images.shape[2] - patch + 1
    count = min(height, max(1, _TILE // width))
    d, bases = 3 * patch**2, projection.shape[1]
    matrix = torch.from_numpy(np.require(projection, np.float32, ["C", "W"]))
    pixels = rows_of_pixels(images)
    codes = np.zeros((len(images), 4, 2, bases), np.float32)
    threshold = np.float32(alpha)

    def make_worker() -> Worker:
        rows = torch.empty((count * width, d), dtype=torch.float32)
        products = torch.empty((count * width, bases), dtype=torch.float32)
        rows_view, products_view = rows.numpy(), products.numpy()

        def encode_one(i: int) -> None:
            for first in range(0, height, count):
                strip = min(count, height - first)
                n = strip * width
                normalise_strip(pixels[i], first, strip, patch, rows_view)
                torch.mm(rows[:n], matrix, out=products[:n])
                _add_strip(products_view[:n], offset, threshold, first, height, width, codes[i])

        return encode_one

    share_out(len(images), make_worker, threads=threads)
    return codes


@compiled
def _add_strip(
    products: Any, offset: Any, alpha: Any, first: int, height: int, width: int, code: Any
) -> None:
    """Add the codes at position rows ``first`` … of an image to its ``code`` (4, 2, bases)."""
    zero = np.float32(0)
    half_height, half_width = (height + 1) // 2, (width + 1) // 2
    for p in range(len(products)):
        row, column = first + p // width, p % width
        quadrant = 2 * (row >= half_height) + (column >= half_width)
        z = products[p]
        positive, negative = code[quadrant, 0], code[quadrant, 1]
        for j in range(len(z)):
            value = z[j] - offset[j]
            positive[j] += max(value - alpha, zero)
            negative[j] += max(-value - alpha, zero)
