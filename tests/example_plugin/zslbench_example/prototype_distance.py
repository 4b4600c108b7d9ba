"""Novel is what lies far from every seen class vector."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from zslbench.errors import InputError

if TYPE_CHECKING:
    from zslbench.contracts import ClassTable, Context, Floats, Int, View, ViewInput


class PrototypeDistanceDetector:
    """novelty(z) = min over seen classes y of ‖z − p_y‖ / s_y.

    p_y is the class's prototype; s_y is 1, or, with ``scaled``, the mean distance of the class's
    own training images, so that a class that is loose in the common space gets more room.
    """

    inputs: ClassVar[frozenset[ViewInput]] = frozenset({"Z", "prototypes"})

    def __init__(self, scaled: bool = True) -> None:
        self.scaled = scaled

    def fit(self, view: View, y: Int, classes: ClassTable, *, context: Context) -> Self:
        """Learn the prototypes (c_s, m) and scales (c_s,) from ``view`` of seen images."""
        Z, prototypes = _spaces(view)
        self.prototypes_ = prototypes[classes.seen].astype(np.float64)
        self.scales_ = np.ones(len(self.prototypes_))
        if self.scaled:
            for row, label in enumerate(classes.seen):
                own = np.linalg.norm(Z[y == label] - self.prototypes_[row], axis=1).mean()
                self.scales_[row] = max(float(own), float(np.finfo(np.float32).tiny))
        return self

    def novelty(self, view: View) -> Floats:
        """Z (n, m) → (n,), higher = more novel."""
        Z, _ = _spaces(view)
        scaled = [
            np.linalg.norm(Z - prototype, axis=1) / scale
            for prototype, scale in zip(self.prototypes_, self.scales_, strict=True)
        ]
        nearest: Floats = np.min(scaled, axis=0)
        return nearest


def _spaces(view: View) -> tuple[Floats, Floats]:
    if view.Z is None or view.prototypes is None:
        raise InputError("nearest-prototype-distance reads Z and prototypes: it needs a mapping")
    return view.Z, view.prototypes
