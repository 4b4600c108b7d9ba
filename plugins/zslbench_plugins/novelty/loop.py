"""LoOP, local outlier probabilities (Kriegel et al. 2009; Socher et al. 2013, § 5.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from scipy.special import erf

from zslbench.errors import InputError
from zslbench_plugins.novelty.neighbours import Found, Neighbours

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zslbench.contracts import ClassTable, Context, Floats, View, ViewInput
    from zslbench.contracts import Int as Labels

    Float64 = NDArray[np.float64]

SMALLEST = 1e-12  # what Z is at least, and a denominator where all training points coincide


class LoopDetector:
    """How much less dense it is round an image than round its neighbours, as a probability.

    With C(f) the ``k`` training points nearest to f, a training point never its own neighbour:

    pdist(f) = λ sqrt(Σ_{q∈C(f)} ‖f − q‖² / k);  lof(f) = pdist(f) / E_{q∈C(f)}[pdist(q)] − 1;
    Z = λ sqrt(E_{q∈F_s}[lof(q)²]);  LoOP(f) = max(0, erf(lof(f) / Z)).

    ``novelty`` is lof / Z, not clipped, so that it ranks all images; ``p_unseen`` is LoOP. λ
    (``lam``) cancels in lof and acts through Z alone.

    Where the paper leaves it open: ``contexts`` "pooled" takes neighbours of all classes,
    "per-class" those of one class at a time, and the least novelty over classes; ``lam`` may then
    be a number a class, seen classes sorted by name. ``denominator`` "own" is Kriegel's, pdist(q)
    with q's own context; "paper" is what the paper prints, pdist(f, C(q)): the distances of f
    itself to the points of C(q). ``root2`` divides lof / Z by √2 first, as Kriegel does.

    Where all of C(f) and f coincide lof is 0. A denominator that is 0 otherwise counts as the least
    that such a mean could be, the smallest positive pdist of a training point divided by ``k``: lof
    is finite, and one point beside many equal ones does not drown all others in Z.

    ``novelty`` knows no image again: a training image finds itself among its neighbours, so a cut
    on training images (``cut_from=train``) is lower than their lof in Z, by one neighbour of ``k``.
    """

    inputs: ClassVar[frozenset[ViewInput]] = frozenset({"Z"})

    def __init__(
        self,
        k: int = 20,
        lam: tuple[float, ...] = (3.0,),
        contexts: str = "pooled",
        denominator: str = "own",
        root2: bool = False,
    ) -> None:
        self.k = k
        self.lam = lam
        self.contexts = contexts
        self.denominator = denominator
        self.root2 = root2

    def fit(self, view: View, y: Labels, classes: ClassTable, *, context: Context) -> Self:
        """Keep the training points ``view.Z`` (n, m), and pdist and Z of their contexts.

        Raises InputError where a context has no ``k`` points besides the point itself, and for
        numbers λ that are not one, nor one a class.
        """
        if view.Z is None:
            raise InputError("loop reads Z: give it a method with a mapping")
        lam = self._lam(len(classes.seen))
        groups = (
            [("all seen classes", np.arange(len(view.Z)))]
            if self.contexts == "pooled"
            else [(f"class {classes.names[c]!r}", np.flatnonzero(y == c)) for c in classes.seen]
        )
        self._models = []
        for (name, rows), one in zip(groups, lam, strict=True):
            points = np.asarray(view.Z[rows], dtype=np.float64)
            if len(points) <= self.k:
                raise InputError(
                    f"loop: {name} has {len(points)} training points, and each needs k = {self.k} "
                    f"neighbours besides itself: {_less_k(len(points))}"
                )
            self._models.append(_fit(points, self.k, one, self.denominator))
        return self

    def novelty(self, view: View) -> Floats:
        """Return lof / Z of ``view.Z`` (n, m), the least over contexts: (n,) float64."""
        if view.Z is None:
            raise InputError("loop reads Z: give it a method with a mapping")
        scores = np.stack([self._score(model, view.Z) for model in self._models])
        least: Floats = scores.min(axis=0)
        return least

    def p_unseen(self, view: View) -> Floats:
        """Return max(0, erf(lof / Z)), or erf(lof / (Z √2)) with ``root2``: (n,) in [0, 1]."""
        ratio = self.novelty(view) / (np.sqrt(2) if self.root2 else 1.0)
        probability: Floats = np.clip(erf(ratio), 0.0, 1.0)
        return probability

    def _score(self, model: _Context, Z: Floats) -> Float64:
        found = model.neighbours.search(Z, self.k)
        return model.lof(np.asarray(Z, dtype=np.float64), found) / model.Z

    def _lam(self, classes: int) -> tuple[float, ...]:
        """λ of each context."""
        if self.contexts not in ("pooled", "per-class"):
            raise InputError(f"loop: contexts {self.contexts!r} must be pooled or per-class")
        if self.denominator not in ("own", "paper"):
            raise InputError(f"loop: denominator {self.denominator!r} must be own or paper")
        if min(self.lam, default=0.0) <= 0:
            raise InputError(f"loop: lam must be numbers > 0, got {self.lam!r}")
        contexts = 1 if self.contexts == "pooled" else classes
        if len(self.lam) not in (1, contexts):
            raise InputError(
                f"loop: lam has {len(self.lam)} numbers; one is needed, or with "
                f"contexts=per-class one for each of the {classes} seen classes"
            )
        return self.lam * contexts if len(self.lam) == 1 else self.lam


def _less_k(points: int) -> str:
    """What to do about too few training points."""
    if points < 2:
        return "take contexts=pooled, or more images"
    return f"set k to at most {points - 1}"


@dataclass
class _Context:
    """Training points, and what lof needs of each: λ cancels there, so pdist is without it."""

    neighbours: Neighbours
    pdist: Float64  # (n,) sqrt of the mean squared distance to the point's own context
    means: Float64 | None  # (n, m) mean of the context; None: denominator "own"
    spreads: Float64 | None  # (n,) mean squared distance of the context to its mean
    least: float  # what a denominator is at least
    Z: float = 1.0

    def lof(self, points: Float64, found: Found) -> Float64:
        """Of points (b, m) with their contexts."""
        own = np.sqrt(found.squares.mean(axis=1))
        if self.means is None or self.spreads is None:
            others = self.pdist[found.rows].mean(axis=1)
        else:
            others = np.empty(len(points))
            for i, rows in enumerate(found.rows):
                # mean over r of ‖f − r‖² = ‖f − mean‖² + spread
                squares = np.square(points[i] - self.means[rows]).sum(axis=1) + self.spreads[rows]
                others[i] = np.sqrt(squares).mean()
        lof: Float64 = own / np.maximum(others, self.least) - 1
        lof[(own == 0) & (others == 0)] = 0.0
        return lof


def _fit(points: Float64, k: int, lam: float, denominator: str) -> _Context:
    neighbours = Neighbours(points)
    found = neighbours.search(points, k, own=np.arange(len(points)))
    means = spreads = None
    if denominator == "paper":
        means = np.stack([points[rows].mean(axis=0) for rows in found.rows])
        spreads = np.array(
            [
                np.square(points[rows] - mean).sum(axis=1).mean()
                for rows, mean in zip(found.rows, means, strict=True)
            ]
        )
    pdist = np.sqrt(found.squares.mean(axis=1))
    least = float(pdist[pdist > 0].min(initial=np.inf)) / k
    # Where all training points coincide, whatever lies apart from them is as novel as can be.
    context = _Context(neighbours, pdist, means, spreads, least if np.isfinite(least) else SMALLEST)
    Z = lam * float(np.sqrt(np.square(context.lof(points, found)).mean()))
    context.Z = Z or SMALLEST
    return context
