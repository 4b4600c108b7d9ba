"""Regressions of scikit-learn as mappings: features onto the class vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from zslbench_plugins.sklearn_family.estimator import BLOCK
from zslbench_plugins.sklearn_family.job import Job, as_wanted
from zslbench_plugins.sklearn_family.params import MEMORY_LIMIT_GB

if TYPE_CHECKING:
    from zslbench.contracts import Context, Float32, Int


class SklearnMapping:
    """The regression ``sklearn/<member>`` of the class vectors S[y] on the features X.

    ``max_train``: fit on a seeded subsample; ``memory_limit``: GB that the fit may take. Further
    parameters are those of the member's own constructor. The record gets ``images_`` that it was
    fitted on, ``fit_gb_`` as told before, ``converged_`` (0 or 1) and ``iterations_``.
    """

    def __init__(
        self,
        member: str,
        max_train: int | None = None,
        memory_limit: float = MEMORY_LIMIT_GB,
        **params: Any,
    ) -> None:
        self.member = member
        self.max_train = max_train
        self.memory_limit = memory_limit
        for name, value in params.items():
            setattr(self, name, value)

    def fit(
        self,
        X: Float32,
        y: Int,
        S: Float32,
        *,
        validation: tuple[Float32, Int] | None = None,
        context: Context,
    ) -> Self:
        """Fit ``estimator_`` on X (n, d) and S[y] (n, k).

        Raises InputError where the fit would take too much memory, and where scikit-learn refuses
        the parameters or does not reach its tolerance.
        """
        job = Job("mapping", self, X, y, outputs=S.shape[1], context=context)
        if self.member == "PLSRegression" and job.values["n_components"] is None:
            job.values["n_components"] = max(1, min(len(S) - 1, job.images, X.shape[1]))
        targets = as_wanted(S, job.member.double)[y[job.rows]]
        fitted = job.run(targets[:, 0] if S.shape[1] == 1 else targets)
        self.estimator_, self.width_ = fitted.estimator, S.shape[1]
        self.images_, self.fit_gb_ = fitted.images, fitted.gigabytes
        self.converged_, self.iterations_ = int(fitted.converged), fitted.iterations
        self.double_ = int(job.member.double)
        return self

    def transform(self, X: Float32) -> Float32:
        """Return what is predicted of X (n, d): Z (n, k)."""
        out = np.empty((len(X), self.width_), np.float32)
        for start in range(0, len(X), BLOCK):
            rows = as_wanted(X[start : start + BLOCK], bool(self.double_))
            out[start : start + BLOCK] = self.estimator_.predict(rows).reshape(len(rows), -1)
        return out

    def transform_classes(self, S: Float32) -> Float32:
        """Return S: images are mapped to the class vectors themselves."""
        return S
