"""The rows of a grid, in words: what differs between them, how each fared, what they would take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from zslbench.cli.output import heading, plain_table
from zslbench.cli.results import percent
from zslbench.params import written

if TYPE_CHECKING:
    from rich.console import RenderableType

    from zslbench.estimate import Estimate
    from zslbench.grid_run import GridRow
    from zslbench.record import Record
    from zslbench.runspec import Request

SCORES = ("T1", "u", "s", "H", "AUROC")
REPEATED = ("seed", "unseen")  # axes whose values are averaged


def differences(requests: Sequence[Request]) -> list[dict[str, str]]:
    """Return for each request what tells it from the others: axis → value, in words."""
    whole = [_values(request) for request in requests]
    axes = list(dict.fromkeys(axis for values in whole for axis in values))
    varying = [axis for axis in axes if len({values.get(axis) for values in whole}) > 1]
    return [{axis: values.get(axis, "") for axis in varying} for values in whole]


def words(different: Mapping[str, str]) -> str:
    """``novelty=knn, seed=1``."""
    return ", ".join(f"{axis}={value}" for axis, value in different.items())


def table_row(record: Record) -> dict[str, Any]:
    """The cells of its row in the CSV."""
    from zslbench.leaderboard.rows import row

    return row(record)


def row_line(number: int, of: int, different: Mapping[str, str], row: GridRow) -> str:
    """One finished row: its scores, or that it failed."""
    start = f"row {number} of {of}: {words(different)}"
    if row.record is None:
        return f"{start}: failed"
    cells = table_row(row.record)
    shown = [f"{name} {percent(cells[name])} %" for name in SCORES if cells[name] is not None]
    return f"{start}: {', '.join(shown)}"


def grid_table(rows: Sequence[GridRow], different: Sequence[Mapping[str, str]]) -> RenderableType:
    """Every configuration with the mean of its scores over seeds and sets of unseen classes."""
    groups: dict[tuple[tuple[str, str], ...], list[Any]] = {}
    for row, values in zip(rows, different, strict=True):
        key = tuple((k, v) for k, v in values.items() if k not in REPEATED)
        groups.setdefault(key, []).append(row.record)
    axes = [axis for axis in different[0] if axis not in REPEATED]
    table = []
    for key, records in groups.items():
        done = [table_row(record) for record in records if record is not None]
        count = str(len(done)) if len(done) == len(records) else f"{len(done)} of {len(records)}"
        table.append(
            (*(dict(key)[axis] for axis in axes), count, *(_mean(done, s) for s in SCORES))
        )
    head = (*axes, "runs", *SCORES)
    return plain_table(head, table, right="l" * len(axes) + "r" * (1 + len(SCORES)))


def plan_lines(
    different: Sequence[Mapping[str, str]], estimates: Sequence[Estimate], total: Estimate
) -> list[RenderableType]:
    """A dry run: the rows, what each would take beyond those before it, and all of them."""
    axes = list(different[0]) if different else []
    rows = [
        (str(i), *(values[axis] for axis in axes), *_taken(estimate))
        for i, (values, estimate) in enumerate(zip(different, estimates, strict=True), 1)
    ]
    head = ("row", *axes, "time", "disk")
    right = "r" + "l" * len(axes) + "rr"
    seconds, disk = _taken(total)
    return [
        heading(f"{len(rows)} rows; nothing is run"),
        plain_table(head, rows, right=right),
        f"all rows: about {seconds} and {disk} more on disk"
        + (f"; {total.unknown} stages were never timed here" if total.unknown else ""),
        "Not counted is what earlier runs in --out have made, as the cache should hold it.",
    ]


def _taken(estimate: Estimate) -> tuple[str, str]:
    from zslbench.cli.progress import format_seconds

    if estimate.finished:
        return "finished", ""
    time = format_seconds(estimate.seconds)
    return (f"{time} + ?" if estimate.unknown else time), f"{estimate.disk_bytes / 1e6:,.0f} MB"


def _values(request: Request) -> dict[str, str]:
    unseen = "standard" if request.unseen is None else ",".join(request.unseen)
    return {
        "dataset": request.dataset,
        "method": request.method,
        **request.slots,
        **{key: written(value) for key, value in request.set.items()},
        "unseen": unseen,
        "distractors": str(len(request.distractors)),
        "seed": str(request.seed),
    }


def _mean(rows: Sequence[Mapping[str, Any]], name: str) -> str:
    values = [row[name] for row in rows if row[name] is not None]
    return percent(sum(values) / len(values)) if values else ""
