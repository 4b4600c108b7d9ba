"""The Gaussian detector round class means: raw features against word space (§ 6.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

from zslbench_plugins.novelty.isotropic import class_means, class_variances, log_densities
from zslbench_plugins.sklearn_family.spaces import points_of

if TYPE_CHECKING:
    from zslbench.contracts import ClassTable, Context, Floats, Int, View, ViewInput


class ClassGaussianDetector:
    """novelty(x) = −max_y log N(x | μ_y, σ_y² I), with μ_y the mean of seen class y.

    The detector ``gaussian`` with one threshold for all classes, for a space without word vectors:
    σ_y² is the mean of ‖x − μ_y‖² / m over the training points of class y. ``space`` is what it
    reads, X (the standardised features) or Z; Socher et al. 2013, § 6.5 compares both.
    """

    def __init__(self, space: Literal["X", "Z"] = "X") -> None:
        self.space = space

    @property
    def inputs(self) -> frozenset[ViewInput]:
        """The one space that it reads."""
        return frozenset({self.space})

    def fit(self, view: View, y: Int, classes: ClassTable, *, context: Context) -> Self:
        """Learn ``centres_`` (c_s, m) and ``variances_`` (c_s,) from points with labels ``y`` (n,).

        Raises InputError for a seen class without training points, or whose points are all equal.
        """
        points = points_of(view, self.space, "class-gaussian")
        self.centres_ = class_means(points, y, classes, "class-gaussian")
        self.variances_ = class_variances(points, y, classes, self.centres_, "class-gaussian")
        return self

    def novelty(self, view: View) -> Floats:
        """Return minus the best log density over seen classes: (n,) float64."""
        points = points_of(view, self.space, "class-gaussian")
        best: Floats = log_densities(points, self.centres_, self.variances_).max(axis=1)
        return -best
