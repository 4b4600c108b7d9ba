"""Novelty as such: how well one number tells unseen from seen, whatever the labels are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zslbench.score.ranking import rank

if TYPE_CHECKING:
    from zslbench.contracts import Bool, Floats, Int
    from zslbench.score.outcomes import Float64, Outcomes


@dataclass(frozen=True)
class Duel:
    """Unseen against seen images by novelty: who is the more novel, ties counted half.

    ``below`` and ``upto`` (n_u,) say how many of the seen images, least novel first, are less
    novel than each unseen image, and how many at most as novel.
    """

    seen: Int  # (n_s,) rows, least novel first
    unseen: Int  # (n_u,) rows
    below: Int
    upto: Int
    pooled: Float64  # (n_u,) weights of the unseen images, each image alike
    macro: Float64  # (n_u,) weights of the unseen images, each class alike

    def win_rates(self, counts: Int) -> Float64:
        """Share of the seen images that each unseen one is more novel than (b, n_u).

        ``counts`` (b, n) says how often each of b samples holds an image; all hold n_s seen ones.
        """
        cumulated = np.zeros((len(counts), len(self.seen) + 1), dtype=np.int64)
        np.cumsum(counts[:, self.seen], axis=1, out=cumulated[:, 1:])
        return (cumulated[:, self.below] + cumulated[:, self.upto]) / (2 * len(self.seen))

    def aurocs(self, counts: Int) -> tuple[Float64, Float64]:
        """AUROC (b,) over pooled images, and its mean over unseen classes (b,), of b samples."""
        wins = self.win_rates(counts) * counts[:, self.unseen]
        pooled, macro = ((wins * w).sum(axis=1) for w in (self.pooled, self.macro))
        return np.clip(pooled, 0.0, 1.0), np.clip(macro, 0.0, 1.0)


def pair_images(outcomes: Outcomes) -> Duel | None:
    """Sort seen and unseen images by novelty; infinities tie, one group per sign.

    None where the method has no novelty.
    """
    novelty = outcomes.novelty
    if novelty is None:
        return None
    seen, unseen = outcomes.where(False), outcomes.where(True)
    seen = seen[np.argsort(novelty[seen], kind="stable")]
    unseen = unseen[np.argsort(novelty[unseen], kind="stable")]
    return Duel(
        seen=seen,
        unseen=unseen,
        below=np.searchsorted(novelty[seen], novelty[unseen], side="left").astype(np.int64),
        upto=np.searchsorted(novelty[seen], novelty[unseen], side="right").astype(np.int64),
        pooled=np.full(len(unseen), 1 / len(unseen)),
        macro=outcomes.shares(True)[unseen],
    )


def measure_auroc_by_class(outcomes: Outcomes, duel: Duel) -> dict[int, float]:
    """AUROC of each unseen class that has test images, against all seen images."""
    once = np.ones((1, len(outcomes.y)), dtype=np.int64)
    wins, y = duel.win_rates(once)[0], outcomes.y[duel.unseen]
    return {int(c): float(wins[y == c].mean()) for c in np.unique(y)}


def average_precision(values: Floats, positive: Bool) -> float:
    """AUPR by steps: Σ (recall_g − recall_{g−1}) · precision_g over distinct values, downwards.

    ``values`` (n,) higher = more positive; at least one of ``positive`` (n,) is True.
    """
    ranking = rank(values)
    caught = np.cumsum(positive[ranking.order])[ranking.ends - 1]
    gained = np.diff(caught, prepend=0)
    return min(1.0, float(np.sum(gained * (caught / ranking.ends))) / int(caught[-1]))


def false_alarms(values: Floats, positive: Bool, *, percent: int = 95) -> float:
    """Share of negatives flagged at the highest cut that flags ≥ ``percent`` % of positives.

    An image is flagged where its value reaches the cut; tied images are flagged together.
    """
    ranking = rank(values)
    caught = np.cumsum(positive[ranking.order])[ranking.ends - 1]
    # In whole images, so that exactly 95 % is 95 %.
    group = int(np.argmax(100 * caught >= percent * caught[-1]))
    flagged = int(ranking.ends[group] - caught[group])
    return flagged / int(np.count_nonzero(~positive))
