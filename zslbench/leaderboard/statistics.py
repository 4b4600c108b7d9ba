"""Rows that differ in seed, or in a drawn set of unseen classes, grouped; groups ranked."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from zslbench.leaderboard.rows import NOVELTY, SCORES, SETTINGS

RANKED_BY = "H"

Overlap = Literal["none", "some or unknown"]

OF_A_SET = ("unseen", "data", "split", "standard_split", "overlap")
"""Columns of SETTINGS that differ between the sets of unseen classes that one rule drew.

The data too: of a folder, images of unseen classes are for testing alone.
"""


@dataclass(frozen=True)
class Summary:
    """One score over the rows of a group, its seeds and drawn sets; fractions."""

    mean: float | None  # None where a row has no such score
    spread: float | None  # standard deviation (n − 1) over sets, of one set over seeds
    error: float | None  # sampling error of the test set: mean of the rows' standard errors


@dataclass(frozen=True)
class Group:
    """Rows that share every column of SETTINGS; where a rule drew their sets, but OF_A_SET."""

    settings: Mapping[str, Any]
    seeds: tuple[int, ...]
    scores: Mapping[str, Summary]
    sets: int = 1  # of unseen classes
    configurations: int = 1  # how many one call compared on the test images
    rank: int | None = None

    @property
    def overlap(self) -> Overlap:
        """Did the backbone's pre-training see unseen classes? Not knowing counts as having."""
        return "none" if self.settings["overlap"] == "none" else "some or unknown"

    @property
    def exploratory(self) -> bool:
        """Is it one of several configurations, of which a reader may pick the best?"""
        return self.configurations > 1

    @property
    def ranked(self) -> bool:
        """Reference rows are not: they were told labels."""
        return bool(self.settings["ranked"]) and self.settings["reference"] is None


@dataclass(frozen=True)
class Section:
    """Groups that may be compared: one setting, one task, one kind of pre-training overlap."""

    setting: str
    unseen: str
    distractors: str  # "" where there are none
    standard: bool
    data: str
    overlap: Overlap
    ranked: bool
    groups: tuple[Group, ...]  # best first


def group_rows(rows: Iterable[Mapping[str, Any]]) -> tuple[Group, ...]:
    """Group rows (of :func:`~zslbench.leaderboard.rows.row`) by all but the seed and a drawn set.

    ``H`` and all other scores are computed per row, then averaged. Where a rule drew the standard
    split too, its row also stands alone.
    """
    found: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["drawn"]:
            of_sets = (None if name in OF_A_SET else row[name] for name in SETTINGS)
            found.setdefault(tuple(of_sets), []).append(row)
        if not row["drawn"] or row["standard_split"]:
            alone = {**row, "drawn": None}
            found.setdefault(tuple(alone[name] for name in SETTINGS), []).append(alone)
    return tuple(
        Group(
            settings=dict(zip(SETTINGS, key, strict=True)) | _of_sets(members),
            seeds=tuple(sorted({row["seed"] for row in members})),
            scores={name: summarise(members, name) for name in (*SCORES, *NOVELTY)},
            sets=len({row["unseen"] for row in members}),
            configurations=max(row["configurations"] for row in members),
        )
        for key, members in found.items()
    )


def _of_sets(rows: list[Mapping[str, Any]]) -> dict[str, Any]:
    """What stands for OF_A_SET where a rule drew the sets."""
    if not rows[0]["drawn"]:
        return {}
    sets = {row["unseen"] for row in rows}
    overlap = {word for row in rows for word in row["overlap"].split("+")}
    return {
        "data": "",
        "unseen": f"{len(sets)} sets by {rows[0]['drawn']}, split seed {rows[0]['split_seed']}",
        "standard_split": False,
        "overlap": "+".join(sorted(overlap)),
    }


def summarise(rows: Iterable[Mapping[str, Any]], score: str) -> Summary:
    """Mean and spread of ``score`` over rows, and the mean of its standard errors.

    Where there are several sets of unseen classes, seeds are averaged within each, and the spread
    is that of the sets: two seeds of a set are no two sets.
    """
    members = list(rows)
    errors = [row.get(f"{score}_se") for row in members]
    sets: dict[str, list[Any]] = {}
    for row in members:
        sets.setdefault(row["unseen"], []).append(row[score])
    means = [_mean(values) for values in sets.values()]
    mean = _mean(means)
    units: list[Any] = means if len(sets) > 1 else [row[score] for row in members]
    return Summary(
        mean=mean,
        spread=statistics.stdev(units) if mean is not None and len(units) > 1 else None,
        error=_mean(errors),
    )


def _mean(values: list[Any]) -> float | None:
    return statistics.fmean(values) if values and None not in values else None


def rank(groups: Iterable[Group]) -> tuple[Section, ...]:
    """Sort groups into sections and rank them there by H, equal ones alike; unranked ones last."""
    found: dict[tuple[Any, ...], list[Group]] = {}
    for group in groups:
        s = group.settings
        where = (
            not group.ranked,
            s["setting"] != "inductive",
            s["setting"],
            not s["standard_split"],
            s["unseen"],
            s["distractors"] or "",
            s["data"],
            group.overlap,
        )
        found.setdefault(where, []).append(group)
    return tuple(_section(where, members) for where, members in sorted(found.items()))


def _section(where: tuple[Any, ...], members: list[Group]) -> Section:
    unranked, _, setting, other_split, unseen, distractors, data, overlap = where
    best_first = sorted(members, key=lambda g: (-_key(g), str(sorted(g.settings.items(), key=str))))
    if not unranked:
        best_first = [
            replace(group, rank=1 + sum(_key(other) > _key(group) for other in best_first))
            for group in best_first
        ]
    return Section(
        setting, unseen, distractors, not other_split, data, overlap, not unranked,
        tuple(best_first),
    )  # fmt: skip


def _key(group: Group) -> float:
    mean = group.scores[RANKED_BY].mean
    return -1.0 if mean is None else mean
