"""The seen–unseen curve: one constant added to every margin, from all novel to all known.

Chao et al. 2016 ("An Empirical Study and Analysis of Generalized Zero-Shot Learning for Object
Recognition in the Wild"): the area is taken with u on the abscissa.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zslbench.score.accuracy import harmonic_mean
from zslbench.score.ranking import rank
from zslbench.score.table import CurveTable

if TYPE_CHECKING:
    from zslbench.contracts import Bool, Int
    from zslbench.score.outcomes import Float64, Outcomes

_ROUNDING = 1e-12


@dataclass(frozen=True)
class Track:
    """How one weighted share of right images changes along the curve's p points.

    At the first point everything is novel: the images ``base`` are right, with weights
    ``base_weight``. Until point j, the first ``ends[j]`` of the images ``rows`` have become known,
    and each changed the sum of weights by its ``step``. The share is that sum over ``total``.
    """

    base: Int
    base_weight: Float64
    rows: Int
    step: Float64
    ends: Int  # (p,)
    total: float

    def values(self, counts: Int) -> Float64:
        """The share at every point (b, p), for b samples that hold image i ``counts[:, i]`` times.

        ``counts`` is (b, n); all ones is the test set itself.
        """
        cumulated = np.zeros((len(counts), len(self.rows) + 1))
        np.cumsum(counts[:, self.rows] * self.step, axis=1, out=cumulated[:, 1:])
        start = (counts[:, self.base] * self.base_weight).sum(axis=1, keepdims=True)
        # Cumulated weights that are no whole numbers may miss 0 or 1 by a rounding error.
        shares: Float64 = np.clip((start + cumulated)[:, self.ends] / self.total, 0.0, 1.0)
        return shares


@dataclass(frozen=True)
class Sweep:
    """The points of the curve: images become known in order of margin, tied ones together.

    Point 0 takes everything as novel, the last one everything as known. ``own`` is the point of
    constant 0: there the curve has the method's own answers.
    """

    order: Int  # (n,) rows, highest margin first
    ends: Int  # (p,) images taken as known at each point
    own: int

    def track(self, outcomes: Outcomes, weights: Float64, *, total: float = 1.0) -> Track:
        """Follow Σ weights · right / total along the curve; ``weights`` (n,) sum to ``total``."""
        change = outcomes.known_right.astype(np.float64) - outcomes.novel_right
        step = (weights * change)[self.order]
        moving = np.flatnonzero(step)
        base = np.flatnonzero(outcomes.novel_right & (weights > 0))
        return Track(
            base=base.astype(np.int64),
            base_weight=weights[base],
            rows=self.order[moving],
            step=step[moving],
            ends=np.searchsorted(moving, self.ends).astype(np.int64),
            total=total,
        )


def sweep_margins(outcomes: Outcomes) -> Sweep:
    """Order the images by margin. Infinite margins are one tied group per sign."""
    ranking = rank(outcomes.margin)
    ends = np.concatenate(([0], ranking.ends)).astype(np.int64)
    known = np.count_nonzero(outcomes.known)
    return Sweep(order=ranking.order, ends=ends, own=int(np.searchsorted(ends, known)))


def measure_area(u: Float64, s: Float64) -> Float64:
    """Area under s over u by trapezoids, for (b, p) points with u falling: (b,).

    u never rises along the sweep, since ``known_label`` is never an unseen class.
    """
    area: Float64 = ((u[:, :-1] - u[:, 1:]) * (s[:, :-1] + s[:, 1:])).sum(axis=1) / 2
    return area


def find_passages(s: Float64, u: Float64, level: float) -> Float64:
    """u where s, followed from everything novel on, first reaches ``level``: (b, p) → (b,).

    Between two neighbouring points both are taken as linear. That is the highest u on the curve
    with s ≥ ``level``; where s starts there, it is the first point's. NaN: s never gets there.
    """
    reached = s >= level - _ROUNDING
    row, after = np.arange(len(s)), reached.argmax(axis=1)
    before = np.maximum(after - 1, 0)
    rise = s[row, after] - s[row, before]
    # At the first point nothing rises, and the point itself is meant.
    part = np.minimum(1.0, np.divide(level - s[row, before], rise, where=rise > 0, out=rise * 0))
    found: Float64 = u[row, before] + part * (u[row, after] - u[row, before])
    found[~reached.any(axis=1)] = np.nan
    return found


def find_passage(s: Float64, u: Float64, level: float) -> float | None:
    """The passage of one curve, (p,) each; None: s never gets there."""
    found = float(find_passages(s[None], u[None], level)[0])
    return None if np.isnan(found) else found


@dataclass(frozen=True)
class CurveScores:
    """What the curve says, from all its points; ``table`` holds a selection of them."""

    AUSUC: float
    h_oracle: float
    unseen_at_70_seen: float | None
    u_at_70_s: float | None
    table: CurveTable


def measure_curve(outcomes: Outcomes, sweep: Sweep, *, points: int = 100) -> CurveScores:
    """Measure the curve; at most ``points`` of its points go into the table."""
    columns = _follow_shares(outcomes, sweep)
    u, s = columns["u"], columns["s"]
    h = harmonic_mean(u, s)
    best = int(np.argmax(h))
    chosen = thin_points(u, s, (sweep.own, best), points)
    return CurveScores(
        AUSUC=min(1.0, float(measure_area(u[None], s[None])[0])),
        h_oracle=float(h[best]),
        unseen_at_70_seen=find_passage(columns["seen_accuracy"], columns["unseen_accuracy"], 0.7),
        u_at_70_s=find_passage(s, u, 0.7),
        table=CurveTable(
            **{name: tuple(map(float, values[chosen])) for name, values in columns.items()},
            own=int(np.searchsorted(chosen, sweep.own)),
            oracle=int(np.searchsorted(chosen, best)),
            measured=len(u),
        ),
    )


def _follow_shares(outcomes: Outcomes, sweep: Sweep) -> dict[str, Float64]:
    once = np.ones((1, len(outcomes.y)), dtype=np.int64)

    def follow(weights: Float64, total: float = 1.0) -> Float64:
        shares: Float64 = sweep.track(outcomes, weights, total=total).values(once)[0]
        return shares

    def follow_images(which: Bool) -> Float64:
        # Whole numbers over their total, so that these shares are exact.
        return follow(which.astype(np.float64), float(np.count_nonzero(which)))

    return {
        "u": follow(outcomes.shares(True)),
        "s": follow(outcomes.shares(False)),
        "seen_accuracy": follow_images(~outcomes.unseen),
        "unseen_accuracy": follow_images(outcomes.unseen),
        "overall_accuracy": follow_images(np.ones_like(outcomes.unseen)),
    }


def thin_points(u: Float64, s: Float64, keep: tuple[int, ...], most: int) -> Int:
    """Indices, ascending, of at most ``most`` of the p points, evenly spaced along |Δu| + |Δs|.

    Both end points and those in ``keep`` are always among them.
    """
    kept = np.array([0, len(u) - 1, *keep], dtype=np.int64)
    if len(u) <= most:
        return np.arange(len(u), dtype=np.int64)
    length = np.concatenate(([0.0], np.cumsum(np.abs(np.diff(u)) + np.abs(np.diff(s)))))
    marks = np.linspace(0.0, length[-1], most - len(kept))
    return np.union1d(np.searchsorted(length, marks), kept).astype(np.int64)
