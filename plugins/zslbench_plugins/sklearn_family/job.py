"""A fit from a component's parameters to the fitted estimator: what all three kinds share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zslbench_plugins.sklearn_family.catalogue import SLOT, Kind
from zslbench_plugins.sklearn_family.costs import COSTS, Sizes
from zslbench_plugins.sklearn_family.estimator import fit, make, member_of, settings
from zslbench_plugins.sklearn_family.memory import require_memory
from zslbench_plugins.sklearn_family.sampling import chosen_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zslbench.contracts import Context, Floats, Int

MEGABYTE = 2**20
WHOLE = slice(None)


@dataclass(frozen=True)
class Fitted:
    """A fitted estimator, and what the record says of its fit."""

    estimator: Any
    images: int
    gigabytes: float
    converged: bool
    iterations: float  # 0 where the estimator has none


class Job:
    """One fit of the member that ``component`` names, on ``points`` (n, d) with labels ``y``.

    Made first: raises InputError for an unknown member, and where the fit would take too much
    memory. ``rows`` are those of the subsample; :meth:`run` fits on them.
    """

    def __init__(
        self, kind: Kind, component: Any, points: Floats, y: Int, *, outputs: int, context: Context
    ) -> None:
        self.name: str = component.member
        self.member = member_of(kind, self.name)
        self.values = settings(self.member, vars(component))
        self.points, self.context = points, context
        rows = chosen_rows(y, component.max_train, context.seed)
        self.rows: Int | slice = WHOLE if rows is None else rows
        self.images = len(points) if rows is None else len(rows)
        self.gigabytes = require_memory(
            lambda n: self._bytes(n, outputs),
            self.images,
            limit=component.memory_limit,
            what=f"sklearn/{self.name}",
            slot=SLOT[kind],
            advice="" if kind == "mapping" else f"choose another --set {SLOT[kind]}.space",
        )
        if self.name == "OneClassSVM":  # no row of the kernel is computed twice: see costs
            self.values["cache_size"] = max(200.0, 4 * self.images**2 / MEGABYTE + 1)

    def run(self, *targets: NDArray[Any]) -> Fitted:
        """Fit on the chosen rows of the points, and of what is given beside them."""
        estimator = make(self.member, self.name, self.values, self.context)
        points = as_wanted(self.points[self.rows], self.member.double)
        written = "copy_X" in self.member.fixed or "copy" in self.member.fixed
        if written and np.may_share_memory(points, self.points):
            points = np.array(points)  # inputs are the harness's, scikit-learn writes on a copy
        converged = fit(self.member, self.name, estimator, points, *targets)
        told = getattr(estimator, "n_iter_", None)  # a number, or one an output
        iterations = 0.0 if told is None else float(np.max(told))
        return Fitted(estimator, self.images, self.gigabytes, converged, iterations)

    def _bytes(self, n: int, outputs: int) -> float:
        d = self.points.shape[1]
        copied = self.points.itemsize * n * d if n < len(self.points) else 0
        return copied + COSTS[self.name](Sizes(n, d, outputs), self.values)


def as_wanted(points: Floats, double: bool) -> Floats:
    """Points as the estimator computes: in float64, or as they come."""
    return points.astype(np.float64, copy=False) if double else points
