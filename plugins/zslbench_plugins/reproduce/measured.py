"""Figures as means over seeds, each with its sampling error."""

from __future__ import annotations

import statistics
from typing import Any

from zslbench_plugins.reproduce.experiment import Finding, Rows


def finding(what: str, rows: Rows, score: str, **about: Any) -> Finding:
    """The mean of a score over rows that differ in their seed, beside what was published of it."""
    if not rows:
        return Finding(what, None, **about)
    values = [getattr(row.scores, score) for row in rows]
    errors = [getattr(row.scores, f"{score}_se", None) for row in rows]
    known = [value for value in values if value is not None]
    return Finding(
        what,
        statistics.fmean(known) if len(known) == len(values) else None,
        se=statistics.fmean([e for e in errors if e is not None]) if all(errors) else None,
        spread=statistics.stdev(known) if len(known) > 1 else None,
        seeds=len(values),
        command=rows[0].command,
        **about,
    )
