"""The distance to the k-th nearest training image (Sun et al. 2022)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

import numpy as np

from zslbench.errors import InputError
from zslbench_plugins.sklearn_family.memory import require_memory
from zslbench_plugins.sklearn_family.params import MEMORY_LIMIT_GB
from zslbench_plugins.sklearn_family.sampling import chosen_rows
from zslbench_plugins.sklearn_family.spaces import points_of

if TYPE_CHECKING:
    from zslbench.contracts import ClassTable, Context, Float32, Floats, Int, View, ViewInput

QUERIES, REFERENCES = 512, 4096  # rows a product: 8 MB of distances, whatever the number of images


class NeighbourDetector:
    """novelty(x) = the Euclidean distance of x to its ``k``-th nearest training image.

    With ``normalise`` all features are scaled to unit length first, as in Sun et al. 2022, § 3; a
    vector of zeros stays. ``space`` is what it reads, X or Z. ``max_train`` keeps a seeded
    subsample of the training images, their share α. Training images find themselves at distance
    0: a cut on their own novelty is optimistic, by one neighbour.
    """

    def __init__(
        self,
        space: Literal["X", "Z"] = "X",
        k: int = 50,
        normalise: bool = True,
        max_train: int | None = None,
        memory_limit: float = MEMORY_LIMIT_GB,
    ) -> None:
        self.space = space
        self.k = k
        self.normalise = normalise
        self.max_train = max_train
        self.memory_limit = memory_limit

    @property
    def inputs(self) -> frozenset[ViewInput]:
        """The one space that it reads."""
        return frozenset({self.space})

    def fit(self, view: View, y: Int, classes: ClassTable, *, context: Context) -> Self:
        """Keep the points (n, d) as ``points_``, float32, and half their squared lengths (n,).

        Raises InputError where there are fewer than ``k`` of them, and where a copy of them takes
        too much memory.
        """
        points = points_of(view, self.space, "knn")
        chosen = chosen_rows(y, self.max_train, context.seed)
        images, d = len(points) if chosen is None else len(chosen), points.shape[1]
        if self.k > images:
            raise InputError(
                f"knn: k is {self.k} and there are {images} training images: set --set novelty.k "
                "to at most that, or raise novelty.max_train where it is set"
            )
        self.fit_gb_ = require_memory(
            lambda n: 4.0 * n * d if self.normalise or n < len(points) else 0.0,
            images,
            limit=self.memory_limit,
            what=f"knn (a copy of features of {d:,} dimensions)",
            slot="novelty",
        )
        kept = points if chosen is None else points[chosen]
        self.points_ = self._scaled(kept) if self.normalise else _single(kept)
        self.half_squares_ = np.empty(images, np.float32)
        for start in range(0, images, REFERENCES):
            rows = self.points_[start : start + REFERENCES].astype(np.float64)
            self.half_squares_[start : start + REFERENCES] = np.square(rows).sum(axis=1) / 2
        self.images_ = images
        return self

    def novelty(self, view: View) -> Floats:
        """Return the distance to the k-th nearest: (n,) float64."""
        points = points_of(view, self.space, "knn")
        out = np.empty(len(points))
        for start in range(0, len(points), QUERIES):
            rows = points[start : start + QUERIES]
            rows = self._scaled(rows) if self.normalise else _single(rows)
            # the product's rounding only chooses among neighbours of nearly one distance; the
            # distance itself comes from differences, so that a point is at 0 from itself
            difference = rows.astype(np.float64) - self.points_[self._kth(rows)]
            out[start : start + QUERIES] = np.linalg.norm(difference, axis=1)
        return out

    def _kth(self, rows: Float32) -> Int:
        """The index of the k-th nearest of ``points_`` to each of ``rows``: (b,)."""
        order = np.arange(len(rows))[:, None]
        best = np.empty((len(rows), 0), np.float32)
        index = np.empty((len(rows), 0), np.int64)
        for start in range(0, len(self.points_), REFERENCES):
            some = slice(start, min(start + REFERENCES, len(self.points_)))
            halves = self.half_squares_[some] - rows @ self.points_[some].T  # less ‖row‖² / 2
            best = np.concatenate([best, halves], axis=1)
            here = np.broadcast_to(np.arange(some.start, some.stop), halves.shape)
            index = np.concatenate([index, here], axis=1)
            if best.shape[1] > self.k:
                near = np.argpartition(best, self.k - 1, axis=1)[:, : self.k]
                best, index = best[order, near], index[order, near]
        kth: Int = index[np.arange(len(rows)), best.argmax(axis=1)]
        return kth

    def _scaled(self, points: Floats) -> Float32:
        """A copy at unit length, in blocks."""
        out = np.empty(points.shape, np.float32)
        for start in range(0, len(points), REFERENCES):
            rows = points[start : start + REFERENCES]
            lengths = np.linalg.norm(rows, axis=1, keepdims=True)
            out[start : start + REFERENCES] = rows / np.where(lengths > 0, lengths, 1)
        return out


def _single(points: Floats) -> Float32:
    single: Float32 = points.astype(np.float32, copy=False)
    return single
