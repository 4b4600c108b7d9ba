"""A leaderboard as people read it: a table for each set of rows that may be compared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from zslbench.cli.output import heading, plain_table
from zslbench.cli.results import percent

if TYPE_CHECKING:
    from rich.console import RenderableType

    from zslbench.leaderboard.statistics import Group, Section, Summary

SHOWN = ("H", "u", "s", "T1", "AUSUC", "AUROC")
LEGEND = (
    "In %: mean ± standard deviation over seeds and drawn sets (sampling error of the test set). "
    "Ranked by H within one setting, split and kind of pre-training overlap. An asterisk marks "
    "exploratory rows: one of several configurations that were compared on these test images."
)


def section_lines(section: Section) -> list[RenderableType]:
    """Return the heading and the table of one section."""
    several = any(group.sets > 1 for group in section.groups)
    headings = ("#", "method", "seeds × sets" if several else "seeds", *SHOWN)
    table = plain_table(headings, _rows(section.groups), right="rl" + "r" * len(headings))
    return [heading(_title(section)), table]


def _title(section: Section) -> str:
    from zslbench.leaderboard.rows import EXTERNAL

    split = "standard split" if section.standard else "another split"
    if any(group.settings["drawn"] for group in section.groups):
        split = "drawn"
    external = all(g.settings["reference"] == EXTERNAL for g in section.groups)
    why = "made elsewhere, unsealed" if external else "told labels"
    kind = "" if section.ranked else f"not ranked ({why}): "
    more = f" · {section.distractors.partition(':')[0]} distractors" if section.distractors else ""
    return (
        f"{kind}{section.setting} · unseen {section.unseen.replace('+', ', ')} ({split}){more} · "
        f"pre-training overlap: {section.overlap}"
    )


def _rows(groups: tuple[Group, ...]) -> Iterator[list[str]]:
    from zslbench.leaderboard.names import name_groups

    for name, group in zip(name_groups(groups), groups, strict=True):
        rank = "" if group.rank is None else str(group.rank)
        cells = [_cell(group.scores[score]) for score in SHOWN]
        mark = "*" if group.exploratory else ""
        seeds = str(len(group.seeds)) if group.sets == 1 else f"{len(group.seeds)} × {group.sets}"
        yield [rank, name + mark, seeds, *cells]


def _cell(summary: Summary) -> str:
    if summary.mean is None:
        return ""
    spread = "" if summary.spread is None else f"±{percent(summary.spread)}"
    error = "" if summary.error is None else f" ({percent(summary.error)})"
    return f"{percent(summary.mean)}{spread}{error}"
