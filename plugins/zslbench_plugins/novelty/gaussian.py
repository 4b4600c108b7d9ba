"""The isotropic Gaussian detector of Socher et al. 2013, § 5.1."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from zslbench.errors import InputError

if TYPE_CHECKING:
    from zslbench.contracts import ClassTable, Context, Floats, Int, View, ViewInput

BLOCK = 4096  # rows a step: memory stays bounded whatever the number of images


class GaussianDetector:
    """One isotropic Gaussian N(w_y, σ_y² I) round each seen class's prototype.

    novelty(f) = −max_y log N(f | w_y, σ_y² I), with σ_y² the mean of ‖f − w_y‖² / m over the mapped
    training points of class y. An image is novel when its density is low for every seen class, so
    one cut on this number is one density threshold shared by all classes.
    """

    inputs: ClassVar[frozenset[ViewInput]] = frozenset({"Z", "prototypes"})

    def fit(self, view: View, y: Int, classes: ClassTable, *, context: Context) -> Self:  # noqa: ARG002
        """Learn one variance a seen class from ``view.Z`` (n, m) with labels ``y`` (n,).

        Raises InputError where a class's training points all lie on its prototype.
        """
        Z, prototypes = _spaces(view)
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
        return self

    def novelty(self, view: View) -> Floats:
        """Return −max_y log N(f | w_y, σ_y² I) of each row of ``view.Z`` (n,), float64."""
        Z, _ = _spaces(view)
        out = np.empty(len(Z))
        for start in range(0, len(Z), BLOCK):
            out[start : start + BLOCK] = -self._log_density(Z[start : start + BLOCK]).max(axis=1)
        return out

    def _log_density(self, Z: Floats) -> Floats:
        """(b, c_s)."""
        m = self.centres_.shape[1]
        squares = np.stack([np.square(Z - centre).sum(axis=1) for centre in self.centres_], axis=1)
        normaliser = m * np.log(2 * np.pi * self.variances_)
        density: Floats = -0.5 * (squares / self.variances_ + normaliser)
        return density


def _spaces(view: View) -> tuple[Floats, Floats]:
    if view.Z is None or view.prototypes is None:
        raise InputError("gaussian reads Z and prototypes: give it a method with a mapping")
    return view.Z, view.prototypes
