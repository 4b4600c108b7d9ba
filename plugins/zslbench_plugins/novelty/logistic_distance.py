"""Logistic regression on the distance to the nearest seen word vector (Socher et al.'s summary)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from zslbench.errors import InputError
from zslbench_plugins.classifiers.nearest_word import NearestWordClassifier

if TYPE_CHECKING:
    from zslbench.contracts import ClassTable, Context, Floats, Fold, Int, View, ViewInput


class LogisticDistanceDetector:
    """p(unseen | f) = σ(a · distance + b), distance from f to the nearest *seen* prototype.

    Learnt on folds: the images of seen classes that play unseen against held-out images of the
    others, both weighted equally. novelty is the log-odds a · distance + b, so 0, or a probability
    of 0.5, is the native cut; where the slope a is negative, near images are the novel ones. The
    distance is ‖f − w‖, or 1 − cosine where the class vectors' metric is so.
    """

    inputs: ClassVar[frozenset[ViewInput]] = frozenset({"Z", "prototypes"})
    needs_folds: ClassVar[bool] = True
    has_native_cut: ClassVar[bool] = True

    def __init__(self, folds: int = 4) -> None:
        self.folds = folds

    def fit(
        self,
        view: View,
        y: Int,
        classes: ClassTable,
        *,
        context: Context,
        folds: tuple[Fold, ...],
    ) -> Self:
        """Learn ``slope_`` a and ``intercept_`` b from the ``folds``; keep the seen prototypes.

        Raises InputError where there are no folds, and where all distances are equal.
        """
        from sklearn.linear_model import LogisticRegression

        if not folds:
            raise InputError(
                "logistic-distance learns from classes that play unseen, and there are no folds"
            )
        distances = np.concatenate([self._distances(f.evaluation, f.classes.seen) for f in folds])
        novel = np.concatenate([fold.is_pseudo_unseen for fold in folds])
        mean, scale = float(distances.mean()), float(distances.std())
        if not scale > 0:
            raise InputError(
                "logistic-distance: every image is at the same distance from its nearest class: "
                "choose a mapping that does not collapse them"
            )
        model = LogisticRegression(C=np.inf, class_weight="balanced", tol=1e-8, max_iter=1000)
        model.fit((distances[:, None] - mean) / scale, novel)
        self.slope_ = float(model.coef_[0, 0]) / scale
        self.intercept_ = float(model.intercept_[0]) - self.slope_ * mean
        self.seen_ = classes.seen
        return self

    def novelty(self, view: View) -> Floats:
        """Return the log-odds of unseen against seen (n,), float64."""
        odds: Floats = self.slope_ * self._distances(view, self.seen_) + self.intercept_
        return odds

    def p_unseen(self, view: View) -> Floats:
        """Return the probability that an image is of an unseen class (n,), with equal priors."""
        from scipy.special import expit

        probability: Floats = expit(self.novelty(view))
        return probability

    def _distances(self, view: View, seen: Int) -> Floats:
        """(n,) from each image to the nearest of the prototypes ``seen``."""
        if view.prototypes is None:
            raise InputError("logistic-distance reads prototypes: give it a method with a mapping")
        nearest = NearestWordClassifier()
        nearest.prototypes_ = view.prototypes[seen].astype(np.float64)
        closest = nearest.decision(view).max(axis=1)
        distances: Floats = 1 - closest if view.metric == "cosine" else np.sqrt(-closest)
        return distances
