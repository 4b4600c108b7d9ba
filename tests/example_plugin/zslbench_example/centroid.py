"""A mapping learnt from nothing but one mean feature vector a class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from zslbench.errors import InputError

if TYPE_CHECKING:
    from zslbench.contracts import Context, Float32, Int


class CentroidMapping:
    """Ridge regression from class centroids C (c_s, d) to class vectors S (c_s, k).

    With centred C and S, W = Cᵀ (C Cᵀ + λ I)⁻¹ S, λ = ``ridge`` × the mean of ‖C_y‖²: the system
    is only c_s wide, however many images and features there are.
    """

    def __init__(self, ridge: float = 0.1) -> None:
        self.ridge = ridge

    def fit(
        self,
        X: Float32,
        y: Int,
        S: Float32,
        *,
        validation: tuple[Float32, Int] | None = None,  # nothing is chosen by it here
        context: Context,
    ) -> Self:
        """Learn W (d, k) and an offset (k,) from X (n, d), whose image i is of class S[y[i]].

        Raises InputError where a class has no image.
        """
        counts = np.bincount(y, minlength=len(S))
        if not counts.all():
            raise InputError(
                f"centroid: row {int(counts.argmin())} of the class vectors has no training image; "
                "every seen class needs one"
            )
        centroids = np.stack([X[y == row].mean(axis=0, dtype=np.float64) for row in range(len(S))])
        centre, target = centroids.mean(axis=0), S.mean(axis=0, dtype=np.float64)
        C = centroids - centre
        gram = C @ C.T
        size = float(np.trace(gram)) / len(S) or 1.0  # all centroids equal: W is 0
        penalty = self.ridge * size
        W = C.T @ np.linalg.solve(gram + penalty * np.eye(len(S)), S - target)
        self.weights_ = W.astype(np.float32)
        self.offset_ = (target - centre @ W).astype(np.float32)
        return self

    def transform(self, X: Float32) -> Float32:
        """X (n, d) → Z (n, k) = X W + offset."""
        Z: Float32 = X @ self.weights_ + self.offset_
        return Z

    def transform_classes(self, S: Float32) -> Float32:
        """Class vectors stay as they are (c, k): images come to them."""
        return S
