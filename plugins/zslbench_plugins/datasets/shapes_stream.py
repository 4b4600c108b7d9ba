"""Random numbers from a bit generator's raw stream, for data that must never change.

NumPy keeps the raw streams of its bit generators stable, but not what its distributions make of
them. So the few distributions that the shapes need are made here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zslbench.contracts import Float32


class RawStream:
    """A stream of random numbers that depends on its key alone, on every version and machine.

    ``key`` is some integers of 0 … 2³² − 1; different keys give independent streams.
    """

    def __init__(self, *key: int) -> None:
        # A seed sequence takes (1,) and (1, 0) for the same; the length in front tells them apart.
        self._bits = np.random.PCG64(np.random.SeedSequence((len(key), *key)))

    def uniform(self, rows: int, columns: int) -> NDArray[np.float64]:
        """Draw (rows, columns) numbers of [0, 1), row by row."""
        raw = self._raw(rows * columns) >> np.uint64(11)
        return raw.reshape(rows, columns).astype(np.float64) * 2.0**-53

    def bell(self, rows: int, columns: int) -> Float32:
        """Draw (rows, columns) bell-shaped numbers, mean 0 and variance 1, row by row.

        Each is a sum of four bytes, within ±3.45, so that no logarithm or cosine of a library is
        asked for. ``columns`` must be even.
        """
        words = self._raw(rows * columns // 2).astype("<u8", copy=False).view("<u4")
        pairs = (words & np.uint32(0x00FF00FF)) + (words >> np.uint32(8) & np.uint32(0x00FF00FF))
        sums = (pairs & np.uint32(0xFFFF)) + (pairs >> np.uint32(16))
        # A byte has mean 127.5 and variance (256² − 1) / 12.
        centred = sums.astype(np.float32) - np.float32(4 * 127.5)
        return centred.reshape(rows, columns) * np.float32(1 / 147.80054)

    def _raw(self, count: int) -> NDArray[np.uint64]:
        return np.asarray(self._bits.random_raw(count), dtype=np.uint64)
