"""``zslbench leaderboard``: publish runs; build, show and check leaderboards."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zslbench.cli.board import LEGEND, section_lines
from zslbench.cli.cache import cache_dir_option
from zslbench.cli.data import data_dir_option
from zslbench.cli.output import say, tell
from zslbench.cli.progress import make_display
from zslbench.cli.session import Session, pass_session, plugin_option
from zslbench.errors import DataError, InputError

if TYPE_CHECKING:
    from zslbench.contracts import Places
    from zslbench.images import StoredDataset
    from zslbench.record import Record

to_option = click.option(
    "--to",
    type=click.Path(path_type=Path),
    default=Path("leaderboards"),
    show_default=True,
    help="Folder of the published leaderboards.",
)


@click.group()
def leaderboard() -> None:
    """Publish runs; build, show and check leaderboards."""


@leaderboard.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("zslbench-runs"),
    show_default=True,
    help="Folder of the results that the runs are in.",
)
@to_option
def publish(runs: tuple[str, ...], out: Path, to: Path) -> None:
    """Copy runs to the leaderboards, and rebuild those.

    RUN is a run's id, the start of it, or its folder.
    """
    from zslbench.leaderboard.publish import check_run, find_run
    from zslbench.leaderboard.publish import publish as publish_run
    from zslbench.leaderboard.shelf import Shelf

    shelf = Shelf(to)
    found = [find_run(name, out) for name in runs]
    for run in found:
        check_run(run)  # all of them before any is copied
    for run in found:
        new = publish_run(run, shelf)
        say(f"{_describe(run.record)}: {'published' if new else 'there already'}")
    for name in sorted({run.record.dataset.component.name for run in found}):
        say(f"{shelf.build(name)}: {len(shelf.records(name))} rows")


@leaderboard.command()
@click.argument("name", required=False)
@click.option("--all", "everything", is_flag=True, help="Every leaderboard there is.")
@click.option("--check", is_flag=True, help="Write nothing; fail where a CSV would change.")
@to_option
def build(name: str | None, everything: bool, check: bool, to: Path) -> None:
    """Rebuild CSVs from published records.

    The same records give the same bytes, whatever the machine.
    """
    from zslbench.leaderboard.shelf import Shelf

    shelf = Shelf(to)
    if (name is None) != everything:
        raise InputError("give the NAME of one leaderboard, or --all")
    names = shelf.names() if name is None else (name,)
    if not names:
        raise InputError(f"no leaderboard in {to}: publish a run, or name another folder with --to")
    for each in names:
        if check:
            shelf.compare(each)
            say(f"{shelf.csv(each)}: as its records give it")
        else:
            say(f"{shelf.build(each)}: {len(shelf.records(each))} rows")


@leaderboard.command()
@click.argument("name")
@to_option
@click.option(
    "--out", type=click.Path(path_type=Path), help="Show the runs in this folder instead."
)
def show(name: str, to: Path, out: Path | None) -> None:
    """Show leaderboard NAME, seeds grouped.

    Rows that differ in their seed alone are one line; lines are ranked by H among those that may
    be compared.
    """
    from zslbench.leaderboard.rows import row
    from zslbench.leaderboard.statistics import group_rows, rank

    records = _local(name, out) if out else _published(name, to)
    for section in rank(group_rows(row(r) for r in records if r.status == "finished")):
        say(*section_lines(section), "")
    tell(LEGEND)


@leaderboard.command()
@click.argument("name")
@to_option
@data_dir_option
@cache_dir_option
@click.option("--offline", is_flag=True, help="Download nothing.")
@plugin_option
@pass_session
def check(
    session: Session,
    name: str,
    to: Path,
    data_dir: str | None,
    cache_dir: str | None,
    offline: bool,
) -> None:
    """Score published predictions again.

    Every score of every record of leaderboard NAME is held against what its predictions give with
    the labels of the data set.
    """
    from zslbench.api import cache_folder, data_folder
    from zslbench.contracts import Places
    from zslbench.leaderboard.check import check_record
    from zslbench.leaderboard.shelf import Shelf

    shelf, bad = Shelf(to), 0
    records = shelf.records(name)
    places = Places(data_folder(data_dir), cache_folder(cache_dir), offline)
    images = _open_all(session, records, places)
    for record in records:
        verdict = check_record(record, images[record.dataset.fingerprint], shelf)
        bad += bool(verdict.differences)
        say(f"{_describe(record)}: {'DIFFERS' if verdict.differences else 'ok'}")
        for difference in verdict.differences[:10]:
            say(f"  {difference}")
    if bad:
        raise DataError(
            f"{bad} of {len(records)} published rows of {name} do not come out again: publish "
            "those runs anew, or update zslbench"
        )
    shelf.compare(name)
    say(f"{len(records)} rows come out again, and {shelf.csv(name)} is what they give")


@leaderboard.command()
def schema() -> None:
    """Print the JSON Schema of a run's record."""
    from zslbench.record import schema as record_schema

    say(json.dumps(record_schema(), indent=1, ensure_ascii=False))


def _open_all(
    session: Session, records: Iterable[Record], places: Places
) -> dict[str, StoredDataset]:
    """The data sets that ``records`` name, by fingerprint, each opened once."""
    from zslbench.leaderboard.check import open_recorded
    from zslbench.monitor import Monitor

    opened: dict[str, StoredDataset] = {}
    with make_display() as display:
        session.registry.add(display)
        monitor = Monitor(session.registry.manager.hook)
        for record in records:
            if record.dataset.fingerprint not in opened:
                data = open_recorded(record, session.registry, places, monitor)
                opened[record.dataset.fingerprint] = data
    return opened


def _published(name: str, to: Path) -> tuple[Record, ...]:
    from zslbench.leaderboard.shelf import Shelf

    return Shelf(to).records(name)


def _local(name: str, out: Path) -> list[Record]:
    from zslbench.leaderboard.rows import file_name
    from zslbench.store import Store

    records = list(Store(out).records())
    chosen = [r for r in records if file_name(r.dataset.component.name) == file_name(name)]
    if not chosen:
        known = ", ".join(sorted({r.dataset.component.name for r in records})) or "none"
        raise InputError(f"no run on {name!r} in {out}; runs there are on: {known}")
    return chosen


def _describe(record: Record) -> str:
    words = [record.method.name, *([record.reference] if record.reference else [])]
    return f"{record.run_id[:16]} {' '.join(words)}, seed {record.seed}"
