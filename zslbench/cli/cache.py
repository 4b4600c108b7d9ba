"""``zslbench cache``: what the cache holds, and making it smaller."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from zslbench.cli.output import fields, heading, plain_table, say, tell

if TYPE_CHECKING:
    from pathlib import Path

    from zslbench.cache import Entry

cache_dir_option = click.option(
    "--cache-dir",
    type=click.Path(),
    envvar="ZSLBENCH_CACHE_DIR",
    show_envvar=True,
    help="Folder of the cache.",
)


@click.group()
def cache() -> None:
    """See what the cache holds; make it smaller. Nothing in it is lost for good."""


@cache.command("list")
@cache_dir_option
def list_cache(cache_dir: str | None) -> None:
    """List what is cached and how large it is.

    Data sets, features and outputs of stages, the least recently used first.
    """
    from zslbench.api import cache_folder
    from zslbench.cache import format_size, list_entries

    root = cache_folder(cache_dir)
    entries = list_entries(root)
    shown = [entry for entry in entries if entry.kind != "hashes"]
    if shown:
        rows = [(e.kind, e.name, format_size(e.size), _ago(e.last_use)) for e in shown]
        say(plain_table(("kind", "name", "size", "last use"), rows, right="llrr"), "")
    say(heading(f"cache {root}"), fields(_totals(entries)))
    tell("make it smaller: zslbench cache prune --max-size 10GB")


@cache.command()
@click.option("--max-size", required=True, help="What may stay: 10GB, 500MB, 2GiB; 0 empties it.")
@cache_dir_option
def prune(max_size: str, cache_dir: str | None) -> None:
    """Delete until --max-size is left.

    What was used least recently goes first. What another process is using at this moment is left.
    """
    from zslbench.api import cache_folder
    from zslbench.cache import format_size, parse_size
    from zslbench.cache import prune as prune_cache

    root: Path = cache_folder(cache_dir)
    done = prune_cache(root, parse_size(max_size))
    freed = format_size(sum(entry.size for entry in done.removed))
    say(f"deleted {len(done.removed)} entries, {freed}; {format_size(done.size)} stay in {root}")
    for entry in done.in_use:
        tell(f"in use, left: {entry.kind} {entry.name} ({format_size(entry.size)})")


def _totals(entries: tuple[Entry, ...]) -> list[tuple[str, str]]:
    from zslbench.cache import format_size

    kinds = sorted({entry.kind for entry in entries})
    rows = []
    for kind in kinds:
        sizes = [entry.size for entry in entries if entry.kind == kind]
        rows.append((f"  {kind}", f"{len(sizes)}, {format_size(sum(sizes))}"))
    return [*rows, ("  in all", format_size(sum(entry.size for entry in entries)))]


def _ago(moment: float) -> str:
    seconds = max(time.time() - moment, 0)
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit} ago"
    return "just now"
