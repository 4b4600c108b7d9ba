"""Outlier detectors of scikit-learn as novelty detectors: the sign turned, their cut at 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np

from zslbench_plugins.sklearn_family.estimator import BLOCK, member_of
from zslbench_plugins.sklearn_family.job import Job, as_wanted
from zslbench_plugins.sklearn_family.params import MEMORY_LIMIT_GB
from zslbench_plugins.sklearn_family.spaces import points_of

if TYPE_CHECKING:
    from zslbench.contracts import ClassTable, Context, Floats, Int, View, ViewInput


class SklearnDetector:
    """The detector ``sklearn/<member>`` on all seen images together, labels unused.

    novelty = −decision_function, so higher is more novel and novelty > 0 is what scikit-learn calls
    an outlier: the native cut, which ``contamination`` or ``nu`` sets. ``space`` is what it reads
    (X, Z or logits). ``max_train``: fit on a seeded subsample; ``memory_limit``: GB that the fit
    may take. Further parameters are those of the member's own constructor. The record gets
    ``images_`` that it was fitted on, ``fit_gb_`` as told before, and ``iterations_``.
    """

    has_native_cut: ClassVar[bool] = True

    def __init__(
        self,
        member: str,
        space: Literal["X", "Z", "logits"] = "Z",
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

    def fit(self, view: View, y: Int, classes: ClassTable, *, context: Context) -> Self:
        """Fit ``estimator_`` on the points (n, ·) of ``space``; ``y`` only steers the subsample.

        Raises InputError where the fit would take too much memory, and where scikit-learn refuses
        the points or the parameters: a covariance without full rank, more neighbours than images.
        """
        points = points_of(view, self.space, f"sklearn/{self.member}")
        fitted = Job("novelty", self, points, y, outputs=1, context=context).run()
        self.estimator_, self.images_ = fitted.estimator, fitted.images
        self.fit_gb_, self.iterations_ = fitted.gigabytes, fitted.iterations
        return self

    def novelty(self, view: View) -> Floats:
        """Return −decision_function: (n,) float64, > 0 for outliers."""
        points = points_of(view, self.space, f"sklearn/{self.member}")
        double, out = member_of("novelty", self.member).double, np.empty(len(points))
        for start in range(0, len(points), BLOCK):
            rows = as_wanted(points[start : start + BLOCK], double)
            out[start : start + BLOCK] = -self.estimator_.decision_function(rows)
        return out
