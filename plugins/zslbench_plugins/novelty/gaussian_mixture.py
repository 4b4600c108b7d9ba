"""The mixture form of the Gaussian detector, as in the code of Socher et al. 2013."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from scipy.special import logsumexp

from zslbench_plugins.mappings.mapped import mapped
from zslbench_plugins.novelty.isotropic import class_variances, log_densities

if TYPE_CHECKING:
    from zslbench.contracts import ClassTable, Context, Floats, Int, View, ViewInput


class GaussianMixtureDetector:
    """novelty(f) = −log Σ_y π_y N(f | w_y, σ_y² I) over the seen classes' prototypes w_y.

    σ_y² is the mean of ‖f − w_y‖² / m over the mapped training points of class y, as in the
    detector ``gaussian``, and π_y its share of them. Nothing is searched for: this is the mixture
    that the classes make.
    """

    inputs: ClassVar[frozenset[ViewInput]] = frozenset({"Z", "prototypes"})

    def fit(self, view: View, y: Int, classes: ClassTable, *, context: Context) -> Self:
        """Learn σ_y² and π_y of each seen class from ``view.Z`` (n, m) with labels ``y`` (n,).

        Raises InputError for a seen class without training points, or whose points all lie on its
        prototype.
        """
        Z, prototypes = mapped(view, "gaussian-mixture")
        self.centres_ = prototypes[classes.seen].astype(np.float64)
        self.variances_ = class_variances(Z, y, classes, self.centres_, "gaussian-mixture")
        self.priors_ = np.array([(y == label).mean() for label in classes.seen])
        return self

    def novelty(self, view: View) -> Floats:
        """Return −log of the mixture's density at ``view.Z`` (n, m): (n,) float64."""
        Z, _ = mapped(view, "gaussian-mixture")
        densities = log_densities(Z, self.centres_, self.variances_)
        novelty: Floats = -logsumexp(densities + np.log(self.priors_), axis=1)
        return novelty
