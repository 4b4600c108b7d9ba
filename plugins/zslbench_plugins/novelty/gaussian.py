"""The isotropic Gaussian detector of Socher et al. 2013, § 5.1."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from zslbench.errors import InputError
from zslbench_plugins.mappings.mapped import mapped

if TYPE_CHECKING:
    from zslbench.contracts import ClassTable, Context, Floats, Int, View, ViewInput

BLOCK = 4096  # rows a step: memory stays bounded whatever the number of images


class GaussianDetector:
    """One isotropic Gaussian N(w_y, σ_y² I) round each seen class's prototype.

    novelty(f) = −max_y [log N(f | w_y, σ_y² I) − log T_y], with σ_y² the mean of ‖f − w_y‖² / m
    over the mapped training points of class y. An image is novel when its density is below T_y for
    every seen class.

    ``threshold`` = "shared", the default: all T_y are equal (1 here), so the gate's cut on this
    number is one density threshold. "per-class": T_y is the highest density that at least a share
    ``kept`` (0 to 1) of class y's own training points reaches, and 0 is the native cut; optimistic,
    as the mapping has seen those points.
    """

    inputs: ClassVar[frozenset[ViewInput]] = frozenset({"Z", "prototypes"})

    def __init__(self, threshold: str = "shared", kept: float = 0.9) -> None:
        self.threshold = threshold
        self.kept = kept

    @property
    def has_native_cut(self) -> bool:
        """Whether novelty > 0 means novel: with thresholds of its own."""
        return self.threshold == "per-class"

    def fit(self, view: View, y: Int, classes: ClassTable, *, context: Context) -> Self:
        """Learn σ_y² and log T_y of each seen class from ``view.Z`` (n, m) with labels ``y`` (n,).

        Raises InputError where a class's training points all lie on its prototype, and for a
        ``threshold`` or a ``kept`` that cannot be.
        """
        self._check()
        Z, prototypes = mapped(view, "gaussian")
        self.centres_ = prototypes[classes.seen].astype(np.float64)
        self.variances_ = np.array(
            [
                np.square(Z[y == label] - centre).mean()
                for label, centre in zip(classes.seen, self.centres_, strict=True)
            ]
        )
        for label, variance in zip(classes.seen, self.variances_, strict=True):
            if not variance > 0:
                raise InputError(
                    f"gaussian: the mapped training points of class {classes.names[label]!r} have "
                    f"variance {variance} round its prototype; a positive one is needed: choose a "
                    "mapping that does not collapse them"
                )
        self.log_thresholds_ = self._log_thresholds(Z, y, classes)
        return self

    def novelty(self, view: View) -> Floats:
        """Return −max_y [log N(f | w_y, σ_y² I) − log T_y] of ``view.Z`` (n, m): (n,) float64."""
        Z, _ = mapped(view, "gaussian")
        out = np.empty(len(Z))
        for start in range(0, len(Z), BLOCK):
            above = self._log_density(Z[start : start + BLOCK]) - self.log_thresholds_
            out[start : start + BLOCK] = -above.max(axis=1)
        return out

    def _check(self) -> None:
        if self.threshold not in ("shared", "per-class"):
            raise InputError(
                f"gaussian: threshold {self.threshold!r} must be one of shared, per-class"
            )
        if not 0 < self.kept <= 1:
            raise InputError(f"gaussian: kept must be > 0 and ≤ 1, got {self.kept!r}")

    def _log_thresholds(self, Z: Floats, y: Int, classes: ClassTable) -> Floats:
        """(c_s,)."""
        out = np.zeros(len(classes.seen))
        if self.threshold == "per-class":
            for row, label in enumerate(classes.seen):
                own = -self._log_density(Z[y == label])[:, row]
                # as a gate's cut on novelty: at least this share lies on its seen side
                out[row] = -np.quantile(own, self.kept, method="higher")
        return out

    def _log_density(self, Z: Floats) -> Floats:
        """(b, c_s)."""
        m = self.centres_.shape[1]
        squares = np.stack([np.square(Z - centre).sum(axis=1) for centre in self.centres_], axis=1)
        normaliser = m * np.log(2 * np.pi * self.variances_)
        density: Floats = -0.5 * (squares / self.variances_ + normaliser)
        return density
