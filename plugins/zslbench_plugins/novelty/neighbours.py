"""The nearest of many points, exact to the last bit: scikit-learn's candidates, distances anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.neighbors import NearestNeighbors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zslbench.contracts import Floats, Int

    Float64 = NDArray[np.float64]

BLOCK = 2048  # queries a step: memory stays bounded whatever their number
NUMBERS = 4_000_000  # differences a step (32 MB): bounded whatever the dimension too
SPARE = 12  # candidates beyond k, so that rounding and ties seldom cost a search by hand
ROUNDING = 2.0**-52  # of float64


@dataclass(frozen=True)
class Found:
    """The k nearest of each query, nearest first, ties by row."""

    squares: NDArray[np.float64]  # (n, k) squared distances
    rows: Int  # (n, k) rows of the points


class Neighbours:
    """Searches points (n, m); of points equally far the one with the lower row comes first.

    The candidates come from products, ‖f‖² − 2 fq + ‖q‖², which lose the digits of points that are
    near each other; their distances are computed again from differences.
    """

    def __init__(self, points: Floats) -> None:
        self.points = np.ascontiguousarray(points, dtype=np.float64)
        self.centre = self.points.mean(axis=0)
        centred = self.points - self.centre
        self._search = NearestNeighbors(algorithm="brute").fit(centred)
        self._largest = float(np.square(centred).sum(axis=1).max())

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

    def _block(self, queries: Float64, k: int, own: Int | None) -> tuple[Float64, Int]:
        centred = queries - self.centre
        many = min(k + SPARE + (own is not None), len(self.points))
        far, rows = self._search.kneighbors(centred, many)
        rows = np.sort(rows, axis=1)  # by row, so that a stable sort settles ties
        squares = self._squares(queries, rows)
        if own is not None:
            squares[rows == own[:, None]] = np.inf
        order = np.argsort(squares, axis=1, kind="stable")[:, :k]
        squares, rows = np.take_along_axis(squares, order, 1), np.take_along_axis(rows, order, 1)
        if many < len(self.points):
            # No point that was left out is nearer than the last candidate, but for rounding.
            error = ROUNDING * (self.points.shape[1] + 8) * 2
            floor = np.square(far[:, -1]) - error * (np.square(centred).sum(axis=1) + self._largest)
            for i in np.flatnonzero(squares[:, -1] >= floor):
                squares[i], rows[i] = self._by_hand(queries[i], k, None if own is None else own[i])
        return squares, rows

    def _squares(self, queries: Float64, rows: Int) -> Float64:
        """Squared distances (b, k) of queries (b, m) from ``rows`` (b, k) of the points."""
        squares = np.empty(rows.shape)
        step = max(1, NUMBERS // (rows.shape[1] * self.points.shape[1]))
        for start in range(0, len(rows), step):
            part = slice(start, start + step)
            apart = queries[part, None] - self.points[rows[part]]
            squares[part] = np.square(apart, out=apart).sum(axis=2)
        return squares

    def _by_hand(self, query: Float64, k: int, own: int | None) -> tuple[Float64, Int]:
        squares = np.square(self.points - query).sum(axis=1)
        if own is not None:
            squares[own] = np.inf
        rows = np.argsort(squares, kind="stable")[:k]
        return squares[rows], rows
