"""Classifiers of scikit-learn: for candidate classes that there are images of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np

from zslbench.errors import InputError
from zslbench_plugins.sklearn_family.estimator import BLOCK
from zslbench_plugins.sklearn_family.job import Job
from zslbench_plugins.sklearn_family.params import MEMORY_LIMIT_GB
from zslbench_plugins.sklearn_family.spaces import points_of

if TYPE_CHECKING:
    from zslbench.contracts import Candidates, ClassTable, Context, Floats, Int, View, ViewInput


class SklearnClassifier:
    """The classifier ``sklearn/<member>`` on features X, or on mapped ones with ``space`` = Z.

    Its decision is scikit-learn's decision_function, which are logits, or where there is none the
    shares of votes. ``max_train``: fit on a seeded subsample; ``memory_limit``: GB that the fit may
    take. Further parameters are those of the member's own constructor. The record gets ``images_``
    that it was fitted on, ``fit_gb_`` as told before, and ``iterations_``.
    """

    needs_images: ClassVar[bool] = True  # of every candidate class

    def __init__(
        self,
        member: str,
        space: Literal["X", "Z"] = "X",
        max_train: int | None = None,
        memory_limit: float = MEMORY_LIMIT_GB,
        **params: Any,
    ) -> None:
        self.member = member
        self.space = space
        self.max_train = max_train
        self.memory_limit = memory_limit
        for name, value in params.items():
            setattr(self, name, value)

    @property
    def inputs(self) -> frozenset[ViewInput]:
        """The one space that it reads."""
        return frozenset({self.space})

    def fit(
        self,
        view: View,
        y: Int,
        classes: ClassTable,
        *,
        candidates: Candidates,
        context: Context,
    ) -> Self:
        """Fit ``estimator_`` on the points (n, ·) of ``space`` with labels ``y`` (n,).

        Raises InputError for a candidate class without images (in the subsample, where
        ``max_train`` is below the number of classes), where the fit would take too much memory, and
        where scikit-learn refuses the parameters or does not reach its tolerance.
        """
        points = points_of(view, self.space, f"sklearn/{self.member}")
        columns = classes.candidates(candidates)
        job = Job("classifier", self, points, y, outputs=len(columns), context=context)
        labels = y[job.rows]
        empty = [classes.names[c] for c in columns if not (labels == c).any()]
        if empty:
            raise InputError(
                f"sklearn/{self.member} has no training image of class "
                f"{', '.join(map(repr, empty))} among {len(labels)}: every candidate class needs "
                "some; raise max_train where it is set"
            )
        fitted = job.run(labels)
        self.estimator_, self.images_ = fitted.estimator, fitted.images
        self.fit_gb_, self.iterations_ = fitted.gigabytes, fitted.iterations
        return self

    def decision(self, view: View) -> Floats:
        """Return logits or shares of votes (n, c_v) float64; columns as ``candidates``."""
        points = points_of(view, self.space, f"sklearn/{self.member}")
        out = np.empty((len(points), len(self.estimator_.classes_)))
        for start in range(0, len(points), BLOCK):
            out[start : start + BLOCK] = self._scores(points[start : start + BLOCK])
        return out

    def _scores(self, rows: Floats) -> Floats:
        if not hasattr(self.estimator_, "decision_function"):
            shares: Floats = self.estimator_.predict_proba(rows)
            return shares
        logits: Floats = self.estimator_.decision_function(rows)
        # of two classes there is one number: halves either way have the same softmax
        return np.stack([-logits / 2, logits / 2], axis=1) if logits.ndim == 1 else logits
