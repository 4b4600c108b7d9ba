"""Accuracies per image and per class, each with its binomial standard error."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from zslbench.contracts import Bool, Floats, Int
    from zslbench.score.outcomes import Float64, Outcomes


@dataclass(frozen=True)
class Rate:
    """A share of images that are right, and the standard error that their number leaves."""

    value: float  # fraction, 0 to 1
    se: float


def rate_images(right: Bool) -> Rate:
    """Share of True in ``right`` (n,), n ≥ 1; standard error sqrt(p(1 − p)/n)."""
    p = float(np.mean(right, dtype=np.float64))
    return Rate(p, math.sqrt(p * (1 - p) / len(right)))


def rate_classes(right: Bool, y: Int) -> Rate:
    """Mean over the classes in ``y`` (n,) of each one's share of True in ``right`` (n,).

    The standard error is that of the test images; the classes are taken as given:
    sqrt(Σ p_c(1 − p_c)/n_c) / C.
    """
    _, row, counts = np.unique(y, return_inverse=True, return_counts=True)
    p = np.bincount(row, weights=right) / counts
    return Rate(float(p.mean()), math.sqrt(float(np.sum(p * (1 - p) / counts))) / len(p))


def measure_rates(outcomes: Outcomes) -> dict[str, Rate]:
    """All accuracies, by the names under which :class:`~zslbench.score.table.Scores` has them."""
    seen, unseen, y = outcomes.where(False), outcomes.where(True), outcomes.y
    right, known = outcomes.right, outcomes.known_right
    zsl = outcomes.zsl_right
    return {
        "seen_accuracy": rate_images(right[seen]),
        "unseen_accuracy": rate_images(right[unseen]),
        "overall_accuracy": rate_images(right),
        "s": rate_classes(right[seen], y[seen]),
        "u": rate_classes(right[unseen], y[unseen]),
        "T1": rate_classes(zsl[unseen], y[unseen]),
        "zsl_accuracy": rate_images(zsl[unseen]),
        "known_accuracy": rate_images(known[seen]),
        "known_accuracy_per_class": rate_classes(known[seen], y[seen]),
        "seen_kept": rate_images(outcomes.known[seen]),
        "unseen_caught": rate_images(~outcomes.known[unseen]),
    }


def harmonic_mean(u: Floats | float, s: Floats | float) -> Float64:
    """H = 2us/(u + s), and 0 where u + s = 0 (Xian et al. 2018), elementwise."""
    total = np.asarray(u, dtype=np.float64) + s
    # The divisor 1 stands only where the numerator is 0.
    return np.asarray(2.0 * np.multiply(u, s) / np.where(total > 0, total, 1.0), dtype=np.float64)


def count_confusion(outcomes: Outcomes) -> Int:
    """Counts (c, c): rows are true classes, columns final labels, both in the task's order.

    Images that got a distractor's label are in no column.
    """
    c = len(outcomes.images)
    cells = np.bincount(outcomes.y * (c + 1) + outcomes.answer, minlength=c * (c + 1))
    return cells.reshape(c, c + 1)[:, :c].astype(np.int64)
