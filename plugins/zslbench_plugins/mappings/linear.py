"""A linear map by least squares in closed form: the one-layer ablation of Socher et al., § 6.6."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
import torch
from scipy.linalg import cho_solve, cholesky

from zslbench.errors import InputError
from zslbench_plugins.optim.rows import as_tensor, blocks

if TYPE_CHECKING:
    from zslbench.contracts import Context, Float32, Int

BLOCK = 4096  # rows of a product; the Gram matrix of 12,800 features takes 1.3 GB
COLUMNS = 3200  # of a product's lower triangle, which is all that Cholesky reads

Held = tuple[torch.Tensor, torch.Tensor]  # X (n, d) and targets (n, k) of the validation part


class LinearMapping:
    """min (1/n) Σ ‖s − W x − b‖² + ridge ‖W‖², the intercept b free.

    Of ``ridges`` the one with the least mean squared error on the held-out seen images is taken.
    Solved by Cholesky in float64, in the d × d Gram matrix, or in the n × n one where d > n.
    """

    def __init__(self, ridges: tuple[float, ...] = (1e-3, 1e-2, 1e-1, 1.0, 10.0)) -> None:
        self.ridges = ridges

    def fit(
        self,
        X: Float32,
        y: Int,
        S: Float32,
        *,
        validation: tuple[Float32, Int] | None = None,
        context: Context,
    ) -> Self:
        """Learn ``W_`` (k, d) and ``b_`` (k,) from X (n, d) and the class vectors S[y] (n, k).

        Raises InputError where several ridges are given and no image is held out to choose by.
        """
        if validation is None and len(self.ridges) != 1:
            raise InputError(
                f"linear chooses among {len(self.ridges)} ridges on held-out seen images and there "
                "are none: give --validation a share > 0, or one ridge with --set mapping.ridges=1"
            )
        torch.set_num_threads(context.threads)
        features, targets = as_tensor(X), torch.from_numpy(S.astype(np.float64)[y])
        problem = _Ridge(features, targets, context)
        held = None
        if validation is not None:
            held = as_tensor(validation[0]), torch.from_numpy(S.astype(np.float64)[validation[1]])
        best = float("inf")
        for ridge in self.ridges:
            W = problem.solve(ridge)
            error = 0.0 if held is None else problem.error(W, held)
            if error < best:
                best, chosen, self.ridge_ = error, W, ridge
            problem.tell()
        self.W_ = chosen.T.contiguous().float().numpy()
        self.b_ = (problem.target_mean - problem.mean @ chosen).float().numpy()
        return self

    def transform(self, X: Float32) -> Float32:
        """Return X Wᵀ + b (n, k)."""
        out = np.empty((len(X), len(self.W_)), np.float32)
        for rows in blocks(len(X), BLOCK):
            out[rows] = X[rows] @ self.W_.T + self.b_
        return out

    def transform_classes(self, S: Float32) -> Float32:
        """Return S: images are mapped to the class vectors themselves."""
        return S


class _Ridge:
    """The normal equations of centred X (n, d) and targets (n, k), accumulated in blocks.

    Of the symmetric ``gram`` only the lower triangle is filled.
    """

    def __init__(self, X: torch.Tensor, targets: torch.Tensor, context: Context) -> None:
        self.X, self.context, self.done = X, context, 0
        self.n, self.d = X.shape
        self.mean = torch.zeros(self.d, dtype=torch.float64)
        for rows in blocks(self.n, BLOCK):
            self.mean += X[rows].sum(dim=0, dtype=torch.float64)
        self.mean /= self.n
        self.target_mean = targets.mean(dim=0)
        self.targets = targets - self.target_mean
        self.primal = self.d <= self.n
        size = self.d if self.primal else self.n
        self.gram = torch.zeros(size, size, dtype=torch.float64)
        self.moment = torch.zeros(self.d, targets.shape[1], dtype=torch.float64)
        self._accumulate()

    def _accumulate(self) -> None:
        centre = self.mean.float()
        for rows in blocks(self.n, BLOCK):
            x = self.X[rows] - centre
            if self.primal:
                for columns in blocks(self.d, COLUMNS):
                    below = slice(columns.start, self.d)
                    self.gram[below, columns] += x[:, below].T @ x[:, columns]
                self.moment += (x.T @ self.targets[rows].float()).double()
            else:
                for others in blocks(rows.stop, BLOCK):
                    part = x @ (self.X[others] - centre).T
                    self.gram[rows, others] = part.double()
            self.tell()

    def solve(self, ridge: float) -> torch.Tensor:
        """W (d, k), float64."""
        # LAPACK's own order, the upper triangle: factorised where it lies, without a further copy.
        shifted = self.gram.numpy().T.copy(order="F")
        shifted[np.diag_indices_from(shifted)] += self.n * ridge
        factor = cholesky(shifted, overwrite_a=True, check_finite=False), False
        right = self.moment if self.primal else self.targets
        found = torch.from_numpy(cho_solve(factor, right.numpy(), check_finite=False))
        if self.primal:
            return found
        weights = found.float()
        W = torch.zeros(self.d, weights.shape[1], dtype=torch.float64)
        for rows in blocks(self.n, BLOCK):
            W += (self.X[rows] - self.mean.float()).T @ weights[rows]
        return W

    def error(self, W: torch.Tensor, held: Held) -> float:
        """Mean squared distance to the class vectors on held-out images."""
        X, targets = held
        single, centre = W.float(), self.mean.float()
        total = 0.0
        for rows in blocks(len(X), BLOCK):
            mapped = ((X[rows] - centre) @ single).double() + self.target_mean
            total += float((mapped - targets[rows]).square().sum())
        return total / len(X)

    def tell(self) -> None:
        """One step more is done, of an unknown number."""
        self.done += 1
        self.context.progress(self.done, 0)
