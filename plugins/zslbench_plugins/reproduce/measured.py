"""Figures as means over seeds, each with its sampling error."""

from __future__ import annotations

import re
import statistics
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import beta

from zslbench.score.ranking import rank
from zslbench_plugins.reproduce.experiment import Finding, Row, Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

ORDINARY = "inductive"


def finding(what: str, rows: Rows, score: str, **about: Any) -> Finding:
    """The mean of a score over rows that differ in their seed, beside what was published of it.

    Where they differ in something else, ``over`` names it, and ``command`` is the caller's to say.
    """
    if not rows:
        return Finding(what, None, **about)
    values = [getattr(row.scores, score) for row in rows]
    told = [getattr(row.scores, f"{score}_se") for row in rows]
    known = [value for value in values if value is not None]
    errors = [error for error in told if error is not None]
    return Finding(
        what,
        statistics.fmean(known) if len(known) == len(values) else None,
        se=statistics.fmean(errors) if len(errors) == len(values) else None,
        spread=statistics.stdev(known) if len(known) > 1 else None,
        runs=len(values),
        **{"setting": setting_of(rows[0]), "command": _command(rows)} | about,
    )


def share(what: str, rows: Rows, shares: Sequence[float], n: int, **about: Any) -> Finding:
    """The mean over seeds of a share of ``n`` images, one a row, that no score tells."""
    mean = statistics.fmean(shares)
    return Finding(
        what,
        mean,
        se=binomial_error(mean, n),
        spread=statistics.stdev(shares) if len(shares) > 1 else None,
        runs=len(shares),
        **{"setting": setting_of(rows[0])} | about,
    )


def setting_of(row: Row) -> str:
    """What was learnt from besides labelled seen images, as a figure says it; empty: nothing."""
    return "" if row.record.setting == ORDINARY else row.record.setting


def _command(rows: Rows) -> str:
    """The first row's, with every row's seed."""
    seeds = sorted({row.record.seed for row in rows})
    command = rows[0].command
    if len(seeds) == 1:
        return command
    every = f"--seeds {','.join(map(str, seeds))}"
    return re.sub(r"--seed \d+", every, command, count=1)


def binomial_error(share: float, n: int) -> float:
    """The standard error of a share of ``n`` images."""
    return float((share * (1 - share) / n) ** 0.5)


def interval(hits: int, n: int) -> tuple[float, float]:
    """The exact 95 % interval of a share (Clopper and Pearson 1934)."""
    low = float(beta.ppf(0.025, hits, n - hits + 1)) if hits else 0.0
    high = float(beta.ppf(0.975, hits + 1, n - hits)) if hits < n else 1.0
    return low, high


def accuracy_by_class_at(row: Row, seen_accuracy: float) -> dict[str, float]:
    """Share of each unseen class's images that are right where ``seen_accuracy`` is first reached.

    The threshold falls on an image, and on all of the same margin: no interpolation. Empty where
    it is never reached.
    """
    told, given = row.inspect(), row.prediction
    y, unseen = told.labels.y, told.labels.is_unseen
    ranking = rank(given.margin)  # known first
    ends = np.concatenate([[0], ranking.ends])
    right = (given.known_label == y) & ~unseen
    counts = np.concatenate([[0], np.cumsum(right[ranking.order])])
    reached = counts[ends] / max(1, (~unseen).sum())
    if reached[-1] < seen_accuracy:
        return {}
    novel = np.ones(len(y), bool)
    novel[ranking.order[: ends[np.searchsorted(reached, seen_accuracy)]]] = False
    return {
        told.classes.names[c]: float((novel & (given.novel_label == y))[y == c].mean())
        for c in told.classes.unseen
    }


def of_seed(rows: Rows) -> str:
    """Which of several seeds a figure is of that only the first row gives; empty for one."""
    return f", seed {rows[0].record.seed}" if len({r.record.seed for r in rows}) > 1 else ""
