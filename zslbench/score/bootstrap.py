"""Sampling errors, by the bootstrap, of the scores that have no closed form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zslbench.errors import InputError
from zslbench.score.accuracy import harmonic_mean
from zslbench.score.curve import find_passages, measure_area

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zslbench.contracts import Int
    from zslbench.score.curve import Sweep, Track
    from zslbench.score.novelty import Duel
    from zslbench.score.outcomes import Float64, Outcomes

_CELLS = 200_000  # images × samples worked on at a time: a few arrays that stay in the cache


@dataclass(frozen=True)
class SamplingErrors:
    """Standard errors from the test set's size; None: not asked for, or no such score."""

    H: float | None = None
    AUSUC: float | None = None
    h_oracle: float | None = None
    unseen_at_70_seen: float | None = None
    AUROC: float | None = None
    AUROC_macro: float | None = None


def estimate_errors(
    outcomes: Outcomes, sweep: Sweep, duel: Duel | None, *, seed: int, resamples: int
) -> SamplingErrors:
    """Standard deviations over samples drawn with replacement within each true class.

    The classes and their numbers of test images stay as they are, as in the closed form of
    :func:`~zslbench.score.accuracy.rate_classes`. ``resamples`` = 0 estimates nothing.
    Raises InputError for a negative seed, or for a number of resamples below 0 or of 1.
    """
    if seed < 0 or resamples < 0 or resamples == 1:
        raise InputError(
            f"bootstrap: seed {seed}, resamples {resamples}; allowed are seeds from 0 on and 0 "
            "resamples (no errors) or at least 2; the defaults are 0 and 1000"
        )
    if resamples == 0:
        return SamplingErrors()
    seen = sweep.track(outcomes, outcomes.shares(False))
    unseen = sweep.track(outcomes, outcomes.shares(True))
    # Where all classes of a role have as many images, each image counts alike already.
    by_image = [
        None if _is_balanced(outcomes, role) else _track_images(outcomes, sweep, unseen=role)
        for role in (False, True)
    ]
    names = ("H", "AUSUC", "h_oracle", "unseen_at_70_seen")
    found: dict[str, list[Float64]] = {name: [] for name in names}
    for counts in draw_samples(outcomes, seed=seed, resamples=resamples):
        s, u = seen.values(counts), unseen.values(counts)
        h = harmonic_mean(u, s)
        found["H"].append(h[:, sweep.own])
        found["AUSUC"].append(measure_area(u, s))
        found["h_oracle"].append(h.max(axis=1))
        seen_accuracy, unseen_accuracy = (
            shares if track is None else track.values(counts)
            for track, shares in zip(by_image, (s, u), strict=True)
        )
        found["unseen_at_70_seen"].append(find_passages(seen_accuracy, unseen_accuracy, 0.7))
        if duel is not None:
            pooled, macro = duel.aurocs(counts)
            found.setdefault("AUROC", []).append(pooled)
            found.setdefault("AUROC_macro", []).append(macro)
    return SamplingErrors(**{name: _deviation(np.concatenate(p)) for name, p in found.items()})


def _is_balanced(outcomes: Outcomes, unseen: bool) -> bool:
    """Whether the classes of a role have equally many test images."""
    images = outcomes.images[np.unique(outcomes.y[outcomes.where(unseen)])]
    return bool((images == images[0]).all())


def _track_images(outcomes: Outcomes, sweep: Sweep, *, unseen: bool) -> Track:
    """The share of right images of one role, each image counted alike."""
    which = outcomes.unseen == unseen
    return sweep.track(outcomes, which.astype(np.float64), total=float(which.sum()))


def _deviation(values: Float64) -> float | None:
    """Standard deviation; None where a sample has no such score."""
    return None if np.isnan(values).any() else float(values.std(ddof=1))


def draw_samples(outcomes: Outcomes, *, seed: int, resamples: int) -> Iterator[Int]:
    """Yield (b, n) blocks of counts, ``resamples`` rows in all: how often each image is drawn."""
    n = len(outcomes.y)
    size = outcomes.images[outcomes.y]
    first = (np.cumsum(outcomes.images) - outcomes.images)[outcomes.y]  # rows are sorted by class
    generator = np.random.Generator(np.random.PCG64(seed))
    block = max(1, _CELLS // n)
    for start in range(0, resamples, block):
        b = min(block, resamples - start)
        drawn = first + (generator.random((b, n)) * size).astype(np.int64)
        drawn += n * np.arange(b)[:, None]
        yield np.bincount(drawn.ravel(), minlength=b * n).reshape(b, n)
