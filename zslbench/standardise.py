"""Features to zero mean and unit variance, by the moments of the seen training part alone."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil

from zslbench.disk import require_space

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zslbench.contracts import Float32, Int, Progress

BLOCK = 512  # rows in memory at a time
RELATIVE_FLOOR = 0.01  # of the mean variance, where the backbone names no floor of its own


MEMORY_SHARE = 0.25  # of the available memory, for one array


@dataclass(frozen=True)
class Moments:
    """Mean and scale of each feature (d,), float64: (x − mean) / sqrt(variance + floor)."""

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]


def moments(raw: Float32, rows: Int, floor: float | None) -> Moments:
    """Return the moments of ``raw[rows]`` (population variance), read in blocks.

    ``floor`` None means 0.01 × the mean variance.
    """
    n, d = len(rows), raw.shape[1]
    shift = raw[rows[:1]][0].astype(np.float64)  # sums of squares about a point near the mean
    first, second = np.zeros(d), np.zeros(d)
    for start in range(0, n, BLOCK):
        block = raw[rows[start : start + BLOCK]] - shift
        first += block.sum(axis=0)
        second += np.einsum("ij,ij->j", block, block)
    mean = first / n
    variance = np.maximum(second / n - mean**2, 0.0)
    added = RELATIVE_FLOOR * float(variance.mean()) if floor is None else floor
    scale = np.sqrt(variance + added)
    scale[scale == 0] = 1.0  # every feature constant: they stay zero
    return Moments(mean + shift, scale)


def standardised(
    raw: Float32, rows: Int, by: Moments, scratch: Path, progress: Progress
) -> Float32:
    """Return ``raw[rows]`` standardised (len(rows), d), read-only.

    In memory where it takes at most a quarter of what is available, so that fits which read it
    again and again never wait for a disk; else on a scratch file without a name, which goes with
    the array.
    """
    out = _room((len(rows), raw.shape[1]), scratch)
    mean, factor = by.mean.astype(np.float32), (1.0 / by.scale).astype(np.float32)
    for start in range(0, len(rows), BLOCK):
        block = raw[rows[start : start + BLOCK]]
        np.multiply(block - mean, factor, out=out[start : start + len(block)])
        progress(start + len(block), len(rows))
    out.flags.writeable = False
    return out


def _room(shape: tuple[int, int], scratch: Path) -> Float32:
    size = 4 * shape[0] * shape[1]
    if size <= MEMORY_SHARE * psutil.virtual_memory().available:
        return np.empty(shape, np.float32)
    require_space(scratch, size, "standardised features", "--cache-dir")
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=scratch) as file:
        file.truncate(size)
        return np.memmap(file, np.float32, "r+", shape=shape)
