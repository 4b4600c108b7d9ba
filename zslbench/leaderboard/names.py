"""Short names for groups of rows: what sets each apart from its neighbours, and no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from zslbench.leaderboard.statistics import Group
from zslbench.specs import SLOTS

TELLING = (*SLOTS, "validation", "split_seed", "threads", "device", "zslbench")


def name_groups(groups: Sequence[Group]) -> tuple[str, ...]:
    """Return a name for each group: its method, and where it departs from most of that method's.

    ``socher2013``, ``socher2013 · mapping=linear``; two that would be called alike get the hash of
    their components' code as well.
    """
    names = [_name(group, groups) for group in groups]
    counts = Counter(names)
    return tuple(
        f"{name} · code {group.settings['components'][:8]}" if counts[name] > 1 else name
        for name, group in zip(names, groups, strict=True)
    )


def _name(group: Group, groups: Sequence[Group]) -> str:
    s = group.settings
    kin = [other.settings for other in groups if other.settings["method"] == s["method"]]
    parts = [s["method"], *([s["reference"]] if s["reference"] else [])]
    for column in TELLING:
        if s[column] is not None and s[column] != _usual([other[column] for other in kin]):
            parts.append(f"{column}={s[column]}")
    chosen = [set(_split(other["params"])) for other in kin]
    for param in _split(s["params"]):
        slot = param.partition(".")[0]
        # Parameters compare only among groups that have the same component there.
        alike = [c for c, other in zip(chosen, kin, strict=True) if other[slot] == s[slot]]
        if 2 * sum(param in c for c in alike) <= len(alike):
            parts.append(param)
    return " · ".join(parts)


def _usual(values: list[object]) -> object:
    """The commonest value, or None where two are equally common."""
    first, *others = Counter(values).most_common(2)
    return None if others and others[0][1] == first[1] else first[0]


def _split(params: str) -> list[str]:
    return [part for part in params.split("; ") if part]
