"""The Bayesian pipeline: both branches weighed by P(V | x) (Socher et al. 2013, § 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from scipy.special import log_softmax

from zslbench.contracts import Curve, Prediction
from zslbench.errors import InputError
from zslbench_plugins.gates.branches import best, best_unseen, stored, tied
from zslbench_plugins.gates.cut import CutSetting, Number

if TYPE_CHECKING:
    from zslbench.contracts import Branch, ClassTable, Floats, HeldOutSeen, Int


class BayesianGate:
    """P(y | x) = Σ_V P(y | V, x) P(V | x), V ∈ {seen, unseen}; margin = seen − unseen best log P.

    P(y | V, x) is the softmax of a branch's scores as they stand: the unseen classifier is
    responsible for their scale. P(V = unseen | x) is the detector's p_unseen, or with
    ``probability`` = "cut" the indicator that the image lies beyond the cut, 0 or 1: then margins
    are infinite, and the answers are those of the gate ``hard``, an image on the cut included.
    ``cut`` and ``cut_from`` are as there, and read with "cut" only.
    """

    joint: ClassVar[bool] = False
    curve: ClassVar[Curve] = "stacking"

    def __init__(
        self,
        probability: str = "detector",
        cut: str = "seen_kept:0.9",
        cut_from: str = "held-out",
    ) -> None:
        self.probability = probability
        self.cut = cut
        self.cut_from = cut_from

    @property
    def needs(self) -> frozenset[Number]:
        """The number that P(V | x) comes from."""
        return frozenset({self._number})

    @property
    def needs_native_cut(self) -> bool:
        """Whether the detector must have a cut of its own."""
        return self._cuts and self.cut == "native"

    @property
    def _cuts(self) -> bool:
        return self.probability == "cut"

    @property
    def _setting(self) -> CutSetting:
        return CutSetting("bayesian", self.cut, self.cut_from)

    @property
    def _number(self) -> Number:
        return self._setting.number if self._cuts else "p_unseen"

    def check(self, *, validation: float) -> None:
        """Raise InputError for a cut that cannot be read, or that no seen image is held out for."""
        if self._cuts:
            self._setting.check(validation=validation)

    def fit(self, heldout: HeldOutSeen) -> Self:
        """Find the cut, with ``probability`` = "cut"; InputError where no seen image was held out.

        ``threshold_`` is the cut; ``cut_`` too where it is one on novelty. Both are None without.
        """
        self.threshold_ = self._setting.threshold(heldout) if self._cuts else None
        self.cut_ = self.threshold_ if self._number == "novelty" else None
        return self

    def combine(
        self,
        known: Branch,
        novel: Branch,
        *,
        classes: ClassTable,
        novelty: Floats | None,
        p_unseen: Floats | None,
    ) -> Prediction:
        """Return the best label of each branch, and the margin between their log P(y | x).

        ±inf where P(V | x) is 0 or 1. Raises InputError where the number is lacking that P(V | x)
        comes from, and where the unseen classifier chooses among seen classes too.
        """
        _check_candidates(novel, classes)
        p = self._p_unseen(novelty, p_unseen)
        with np.errstate(divide="ignore", over="ignore"):  # log 0, and float32 has an end
            seen = _best_log_softmax(known) + np.log1p(-p)
            unseen = _best_log_softmax(novel) + np.log(p)
            margin = (seen - unseen).astype(np.float32)
        unseen_label: Int = best_unseen(novel, classes)[0]
        return Prediction(
            known_label=best(known),
            novel_label=unseen_label,
            zsl_label=unseen_label,
            margin=margin,
            novelty=stored(novelty),
            p_unseen=stored(p_unseen),
            tied=tied(known, novel),
        )

    def _p_unseen(self, novelty: Floats | None, p_unseen: Floats | None) -> Floats:
        """P(V = unseen | x) (n,) float64."""
        given = {"novelty": novelty, "p_unseen": p_unseen}[self._number]
        if given is None:
            instead = "" if self._cuts else ", or --set gate.probability=cut"
            raise InputError(
                f"gate 'bayesian' with probability {self.probability!r} needs a novelty detector "
                f"that gives {self._number}: choose another with --novelty, see 'zslbench list "
                f"novelty'{instead}"
            )
        if self.threshold_ is None:
            return given.astype(np.float64)
        # in float32, and an image on the cut is novel: as in the gate 'hard'
        return (given.astype(np.float32) >= np.float32(self.threshold_)).astype(np.float64)


def _check_candidates(novel: Branch, classes: ClassTable) -> None:
    seen = novel.candidates[np.isin(novel.candidates, classes.seen)]
    if len(seen):
        raise InputError(
            "gate 'bayesian' shares P(V = unseen | x) out among classes that are not seen, and the "
            f"unseen classifier's candidates hold {len(seen)} seen ones "
            f"({classes.names[seen[0]]!r} is one): --set unseen_classifier.candidates=unseen"
        )


def _best_log_softmax(branch: Branch) -> Floats:
    """(n,) float64: log P(y | V, x) of the best candidate."""
    largest: Floats = log_softmax(branch.scores.astype(np.float64), axis=1).max(axis=1)
    return largest
