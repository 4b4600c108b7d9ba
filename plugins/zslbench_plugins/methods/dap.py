"""Direct Attribute Prediction: images to attributes, attributes to classes.

Lampert, Nickisch and Harmeling, CVPR 2009 and TPAMI 2014; Socher et al. 2013, § 6.4.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, ClassVar, Literal, Self

import numpy as np
import torch

from zslbench.contracts import Branch, Curve, Prediction, Setting
from zslbench.embeddings import EmbeddingWarning
from zslbench.errors import InputError
from zslbench.specs import DATASET_DEFAULT
from zslbench_plugins.gates.branches import best_of, tied
from zslbench_plugins.optim.logistic import fit_logistic
from zslbench_plugins.optim.rows import as_tensor, blocks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zslbench.contracts import ClassTable, Context, Float32, Floats, Int, OpenTask

PRESENT = 0.5  # from here on an attribute counts as there, for the training labels
WANTED = "give a table of attributes, 0 or 1 or a probability each: --embedding attributes/PATH"


class DirectAttributePrediction:
    """P(y | x) ∝ Π_a P(a = a_y | x) / P(a = a_y) over the attributes a of class y.

    The class embedding is the table of attributes, each in 0 … 1. P(a | x) is a logistic regression
    on the features with a bias, (ridge / 2) ‖·‖² on both; its training labels are the attributes of
    an image's class, present from 0.5 on. All attributes are learnt together, from the training and
    the validation part (nothing is set on held-out images), until each is certified to be within
    ``gap`` of the mean loss from its optimum. P(a) is the mean of the attribute's values over the
    seen classes, ½ where that is 0 or 1. An attribute a_y between 0 and 1 counts as that much of
    present and the rest of absent: P^a_y (1 − P)^(1 − a_y).

    An attribute that is the same in the training labels of all seen classes cannot be learnt: it is
    left out, with an EmbeddingWarning, and its column stands in ``dropped_``.
    """

    slots: ClassVar[Mapping[str, str]] = {"backbone": "coates2011", "embedding": DATASET_DEFAULT}
    input: ClassVar[Literal["features", "images"]] = "features"
    setting: ClassVar[Setting] = "inductive"
    curve: ClassVar[Curve] = "stacking"

    def __init__(self, ridge: float = 1e-3, gap: float = 1e-2, max_passes: int = 1000) -> None:
        self.ridge = ridge
        self.gap = gap
        self.max_passes = max_passes

    def fit(self, task: OpenTask, *, context: Context) -> Self:
        """Learn ``W_`` (a, d) and ``b_`` (a,) of the a attributes in ``kept_``.

        Raises InputError where the class vectors are not attributes in 0 … 1, where what can be
        learnt tells no seen classes or two unseen ones apart, and where the gap is not reached in
        ``max_passes``.
        """
        classes, seen = task.classes, task.seen
        S = _attributes(classes)
        present = S >= PRESENT
        varies = present[classes.seen].any(axis=0) & ~present[classes.seen].all(axis=0)
        self.kept_, self.dropped_ = np.flatnonzero(varies), np.flatnonzero(~varies)
        _check_kept(S[:, self.kept_], classes, self.dropped_)
        self.prior_ = prior(S[classes.seen])
        torch.set_num_threads(context.threads)
        labels = torch.from_numpy(present[:, self.kept_].astype(np.float32))
        found = fit_logistic(
            [
                (as_tensor(X), labels[torch.from_numpy(y)])
                for X, y in (
                    (seen.train, seen.train_labels),
                    (seen.validation, seen.validation_labels),
                )
            ],
            ridge=self.ridge,
            gap=self.gap,
            max_passes=self.max_passes,
            seed=context.seed,
            progress=lambda passes: context.progress(passes, 0),
        )
        if not found.reached:
            raise InputError(
                f"dap stopped after {found.passes} passes at a relative gap of {found.gap:.2g}, "
                f"and {self.gap:g} was asked for: raise method.max_passes, gap or ridge"
            )
        self.W_, self.b_ = found.weights[:, :-1].numpy(), found.weights[:, -1].numpy()
        self.loss_, self.gap_, self.passes_ = found.loss, found.gap, found.passes
        self.S_, self.seen_, self.unseen_ = S[:, self.kept_], classes.seen, classes.unseen
        return self

    def predict(self, X: Float32) -> Prediction:
        """Score every class for features X (n, d): the best seen, the best unseen, the margin."""
        scores = self._scores(self._logits(X))
        joint = Branch(scores, np.arange(scores.shape[1]))
        seen_label, seen_score = best_of(joint, self.seen_)
        unseen_label, unseen_score = best_of(joint, self.unseen_)
        return Prediction(
            known_label=seen_label,
            novel_label=unseen_label,
            zsl_label=unseen_label,
            margin=(seen_score - unseen_score).astype(np.float32),
            tied=tied(joint),
        )

    def _logits(self, X: Float32) -> Floats:
        """log P(a | x) − log(1 − P(a | x)) of every learnt attribute (n, a), float64."""
        W, b = self.W_.T.astype(np.float64), self.b_.astype(np.float64)
        logits = np.empty((len(X), len(b)))
        for rows in blocks(len(X)):
            logits[rows] = X[rows].astype(np.float64) @ W + b
        return logits

    def _scores(self, logits: Floats) -> Floats:
        """log P(y | x) (n, c) up to a constant an image.

        Σ_a a_y log(P / P₀) + (1 − a_y) log((1 − P) / (1 − P₀)), where a_y = 0 gives all classes the
        same: what is left is a_y · (logit P − logit P₀).
        """
        base = self.prior_[self.kept_]
        evidence = logits - np.log(base / (1 - base))
        # equal classes get equal bits, in whatever order a product sums: their tie is a tie
        distinct, which = _distinct(self.S_)
        scores: Floats = (evidence @ distinct.T)[:, which]
        return scores


def prior(S: Floats) -> Floats:
    """P(a) (k,) of the attributes of seen classes S (c_s, k): the mean, ½ where it is 0 or 1."""
    mean = S.mean(axis=0)
    return np.where((mean == 0) | (mean == 1), 0.5, mean)


def _attributes(classes: ClassTable) -> Floats:
    """The class vectors (c, k) in float64; InputError where one is no attribute in 0 … 1."""
    if classes.embedding is None:
        raise InputError(f"dap reads the attributes of classes, and there are none: {WANTED}")
    S = classes.embedding.values.astype(np.float64)
    outside = np.argwhere(~((S >= 0) & (S <= 1)))
    if len(outside):
        row, column = outside[0]
        raise InputError(
            f"dap needs attributes within 0 and 1, binary or probability-like, and class "
            f"{classes.names[row]!r} has {S[row, column]:.4g} as its attribute {column + 1}: "
            f"{WANTED}"
        )
    return S


def _check_kept(S: Floats, classes: ClassTable, dropped: Int) -> None:
    """Warn of attributes that were left out; InputError where the others S (c, a) are too few."""
    listed = ", ".join(str(column + 1) for column in dropped)
    k = S.shape[1] + len(dropped)
    if not S.shape[1]:
        raise InputError(
            f"dap cannot learn any of the {k} attributes: each is the same for all seen classes; "
            f"{WANTED}"
        )
    if len(dropped):
        warnings.warn(
            f"dap leaves out {len(dropped)} of {k} attributes, which are the same for all seen "
            f"classes and cannot be learnt: number {listed}",
            EmbeddingWarning,
            stacklevel=3,
        )
    _, which = _distinct(S[classes.unseen])
    for group in range(int(which.max()) + 1):
        equal = [repr(classes.names[label]) for label in classes.unseen[which == group]]
        if len(equal) > 1:
            without = f" without number {listed}, the same for all seen classes" if listed else ""
            raise InputError(
                f"unseen classes {', '.join(equal)} have equal attributes{without}: dap could not "
                "tell them apart; add attributes in which they differ, and seen classes too"
            )


def _distinct(S: Floats) -> tuple[Floats, Int]:
    """The distinct rows of S (c, a), and which of them each row is (c,)."""
    rows, which = np.unique(S, axis=0, return_inverse=True)
    return rows, which.reshape(-1)  # NumPy 2.0 gives it another shape
