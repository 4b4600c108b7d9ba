"""What a run found, as a short table; several seeds as mean and spread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from zslbench.cli.output import fields, heading, plain_table

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import RenderableType

    from zslbench.leaderboard.statistics import Summary
    from zslbench.record import Record

SHOWN = {
    "T1": "unseen classes among themselves, per class",
    "u": "unseen classes among all, per class",
    "s": "seen classes among all, per class",
    "H": "harmonic mean of u and s",
    "AUSUC": "area under the seen–unseen curve",
    "AUROC": "novelty: unseen against seen",
    "seen_accuracy": "seen classes among all, per image",
    "unseen_accuracy": "unseen classes among all, per image",
    "overall_accuracy": "all classes, per image (never a ranking key)",
    "known_accuracy": "seen classifier alone, per image",
}


def result_lines(record: Record, out: Path, *, answered: bool) -> list[RenderableType]:
    """Return the scores of a finished run and where its files lie.

    ``answered`` says that the record was there before, so that nothing was computed.
    """
    from zslbench.leaderboard.rows import row

    cells = row(record)
    rows = [
        (f"  {name}", percent(cells[name]), _error(cells.get(f"{name}_se")), meaning)
        for name, meaning in SHOWN.items()
        if cells[name] is not None
    ]
    title = f"{record.method.name} on {record.dataset.component.name}, seed {record.seed}"
    if answered:
        title += ": finished before, answered from its record (--force runs it again)"
    table = plain_table(("  score", "%", "± se", "of what"), rows, right="lrrl")
    return [heading(title), table, fields(_about(record)), fields(_files(record, out))]


def repeats_table(records: Sequence[Record]) -> RenderableType:
    """Mean and spread over seeds and sets of unseen classes, beside the sampling error, in %."""
    from rich.console import Group

    from zslbench.leaderboard.rows import row
    from zslbench.leaderboard.statistics import summarise

    found = [row(record) for record in records]
    rows = []
    for name, meaning in SHOWN.items():
        summary: Summary = summarise(found, name)
        if summary.mean is not None:
            values = (summary.mean, summary.spread, summary.error)
            rows.append((f"  {name}", *map(percent, values), meaning))
    title = f"{records[0].method.name} on {records[0].dataset.component.name}"
    return Group(
        heading(f"{title}, {_repeats(records)}"),
        plain_table(("  score", "mean %", "sd", "se", "of what"), rows, right="lrrrl"),
    )


def _repeats(records: Sequence[Record]) -> str:
    """What the records repeat: ``seeds 0, 1``, ``10 sets of unseen classes``, or both."""
    seeds = sorted({record.seed for record in records})
    several = f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"
    sets = len({tuple(record.split.unseen) for record in records})
    return f"{sets} sets of unseen classes, {several}" if sets > 1 else several


def percent(value: float | None) -> str:
    """Write a fraction in per cent, to a tenth."""
    return "" if value is None else f"{100 * value:.1f}"


def _error(value: float | None) -> str:
    return "" if value is None else f"± {percent(value)}"


def _about(record: Record) -> list[tuple[str, Any]]:
    overlap = sorted(set(record.overlap.values()))
    ranked = "ranked" if record.ranked else "unranked"
    if record.reference:
        ranked += f" (reference row {record.reference!r})"
    embedding, skipped = record.embedding, record.dataset.skipped_images
    return [
        ("setting", f"{record.setting}, {ranked}"),
        ("pre-training", f"{record.pretraining or 'none'}; overlap with unseen: "
         f"{', '.join(overlap) or 'unknown'}"),
        ("untrained", ", ".join(embedding.untrained) if embedding else None),
        ("skipped", f"{skipped} corrupt images" if skipped else None),
    ]  # fmt: skip


def _files(record: Record, out: Path) -> list[tuple[str, Any]]:
    from zslbench.leaderboard.rows import file_name
    from zslbench.store import Store

    folder = Store(out).folder(record.run_id)
    return [
        ("record", folder / "record.json"),
        ("predictions", folder / "predictions.parquet"),
        ("all runs", out / f"{file_name(record.dataset.component.name)}.csv"),
    ]
