"""The nearest of many points, exact: candidates by float32 products, distances in float64."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zslbench.contracts import Floats, Int

BLOCK = 512  # queries a step: memory stays bounded by BLOCK × points × 4 bytes
SPARE = 16  # candidates beyond k, so that rounding seldom costs a search in float64
ROUNDING = 2.0**-23  # of float32


@dataclass(frozen=True)
class Found:
    """The k nearest of each query, nearest first, ties by index."""

    squares: NDArray[np.float64]  # (n, k) squared distances
    rows: Int  # (n, k) rows of the points


class Neighbours:
    """Searches points (n, m); of points equally far the one with the lower row comes first."""

    def __init__(self, points: Floats) -> None:
        self.points = np.ascontiguousarray(points, dtype=np.float64)
        self.centre = self.points.mean(axis=0)
        centred = (self.points - self.centre).astype(np.float32)
        self._narrow = torch.from_numpy(centred)
        self._norms = self._narrow.square().sum(dim=1)
        self._largest = float(self._norms.max())

    def search(self, queries: Floats, k: int, *, own: Int | None = None) -> Found:
        """Find the ``k`` nearest of each of ``queries`` (b, m).

        ``own`` (b,) are rows of the points that the queries themselves are: never their own
        neighbour. Needs k points, k + 1 with ``own``.
        """
        n = len(queries)
        squares, rows = np.empty((n, k)), np.empty((n, k), dtype=np.int64)
        for start in range(0, n, BLOCK):
            block = slice(start, min(start + BLOCK, n))
            given = np.asarray(queries[block], dtype=np.float64)
            mine = None if own is None else own[block]
            squares[block], rows[block] = self._block(given, k, mine)
        return Found(squares, rows)

    def _block(
        self, queries: NDArray[np.float64], k: int, own: Int | None
    ) -> tuple[NDArray[np.float64], Int]:
        narrow = torch.from_numpy((queries - self.centre).astype(np.float32))
        near = torch.addmm(self._norms[None], narrow, self._narrow.T, alpha=-2)
        if own is not None:
            near[torch.arange(len(queries)), torch.from_numpy(own)] = torch.inf
        many = min(k + SPARE, len(self.points) - (own is not None))
        values, chosen = torch.topk(near, many, largest=False, sorted=False)
        rows = np.sort(chosen.numpy(), axis=1)  # by row, so that a stable sort settles ties
        squares = np.square(queries[:, None] - self.points[rows]).sum(axis=2)
        order = np.argsort(squares, axis=1, kind="stable")[:, :k]
        squares, rows = np.take_along_axis(squares, order, 1), np.take_along_axis(rows, order, 1)
        if many < len(self.points) - (own is not None):
            own_squares = narrow.square().sum(dim=1)
            # No point that was left out is nearer than this: sums of m products round so far.
            m = self.points.shape[1]
            error = ROUNDING * (m + 8) * (2 * own_squares + 2 * self._largest)
            floor = (values.max(dim=1).values + own_squares - error).double().numpy()
            for i in np.flatnonzero(squares[:, -1] >= floor):
                squares[i], rows[i] = self._exactly(queries[i], k, None if own is None else own[i])
        return squares, rows

    def _exactly(
        self, query: NDArray[np.float64], k: int, own: int | None
    ) -> tuple[NDArray[np.float64], Int]:
        squares = np.square(self.points - query).sum(axis=1)
        if own is not None:
            squares[own] = np.inf
        rows = np.argsort(squares, kind="stable")[:k]
        return squares[rows], rows
