"""What the cache holds, and making it smaller without harm to runs in progress.

Whatever is deleted can be computed again: the cache decides how long a run takes, never its result.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from zslbench.disk import refusals_named
from zslbench.errors import InputError

KINDS = ("datasets", "features", "stages", "hashes")
LEFTOVERS = "leftovers"
ABANDONED = 3600.0  # seconds without a write, after which a temporary file has no owner

_UNITS = {"": 1, "b": 1} | {
    f"{letter}{end}": base**power
    for power, letter in enumerate("kmgt", start=1)
    for end, base in (("", 1000), ("b", 1000), ("ib", 1024))
}


@dataclass(frozen=True)
class Entry:
    """One thing that can be deleted by itself: a decoded data set, a feature file, an output."""

    kind: str
    name: str
    paths: tuple[Path, ...]  # deleted in this order
    lock: Path | None
    size: int  # bytes
    last_use: float  # seconds since the epoch


@dataclass(frozen=True)
class Pruned:
    """What a prune did."""

    removed: tuple[Entry, ...]
    in_use: tuple[Entry, ...]  # locked by another process, and left
    size: int  # bytes that stay


def parse_size(text: str) -> int:
    """Return ``10GB``, ``512 MiB`` or ``0`` in bytes; raise InputError."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", text.lower())
    if match is None or match[2] not in _UNITS:
        raise InputError(f"size {text!r} cannot be read: write a number with a unit, as in 10GB")
    return int(float(match[1]) * _UNITS[match[2]])


def format_size(size: float) -> str:
    """Return a number of bytes as a person reads it: ``2.6 GB``."""
    for unit in ("B", "kB", "MB"):
        if size < 999.5:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 99.5 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def list_entries(root: Path) -> tuple[Entry, ...]:
    """Return everything under ``root`` that can be deleted, the least recently used first."""
    found = [*_datasets(root), *_files(root, "features"), *_files(root, "stages")]
    found += [*_files(root, "hashes"), *_leftovers(root)]
    # The hash notes last: they are small, and without them large files are read again.
    return tuple(sorted(found, key=lambda e: (e.kind == "hashes", e.last_use, e.name)))


def prune(root: Path, max_size: int) -> Pruned:
    """Delete the least recently used entries of ``root`` until at most ``max_size`` bytes stay.

    An entry that another process holds is left. Raises EnvironmentFailure where the system refuses.
    """
    entries = list_entries(root)
    size = sum(entry.size for entry in entries)
    removed, in_use = [], []
    with refusals_named(root, "--cache-dir"):
        for entry in entries:
            if size <= max_size and entry.kind != LEFTOVERS:
                continue
            if _remove(root, entry):
                removed.append(entry)
                size -= entry.size
            else:
                in_use.append(entry)
    return Pruned(tuple(removed), tuple(in_use), size)


def _datasets(root: Path) -> Iterator[Entry]:
    for folder in (root / "datasets").glob("[!.]*"):
        note = folder / "index.json"
        if note.is_file():
            yield from _entry("datasets", (folder,), folder.with_suffix(".lock"), note)


def _files(root: Path, kind: str) -> Iterator[Entry]:
    for path in (root / kind).glob("[!.]*"):
        lock = None if kind == "hashes" else root / "locks" / f"{path.name}.lock"
        if kind != "features":
            yield from _entry(kind, (path,), lock, path)
        elif path.suffix == ".f32":
            # Its note says how many rows are good, so it has to go first.
            yield from _entry(kind, (path.with_suffix(".json"), path), lock, path)


def _leftovers(root: Path) -> Iterator[Entry]:
    """Temporary files of processes that were killed."""
    for kind in (*KINDS, "scratch"):
        for path in (root / kind).glob(".*"):
            for entry in _entry(LEFTOVERS, (path,), None, path):
                if time.time() - entry.last_use > ABANDONED:
                    yield entry


def _entry(kind: str, paths: tuple[Path, ...], lock: Path | None, used: Path) -> Iterator[Entry]:
    """The entry of ``paths``, unless a run in progress has just taken them away."""
    try:
        files = [file for path in paths for file in (path.rglob("*") if path.is_dir() else [path])]
        stats = [file.stat() for file in files if file.is_file()]
        last_use = used.stat().st_mtime
    except FileNotFoundError:
        return
    if kind == LEFTOVERS:
        last_use = max([last_use, *(stat.st_mtime for stat in stats)])
    name = paths[-1].name
    yield Entry(kind, name, paths, lock, sum(stat.st_size for stat in stats), last_use)


def _remove(root: Path, entry: Entry) -> bool:
    """Delete ``entry`` unless another process holds it."""
    if entry.lock is None:
        _delete(root, entry)
        return True
    entry.lock.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(entry.lock, timeout=0):
            _delete(root, entry)
    except Timeout:
        return False
    return True


def _delete(root: Path, entry: Entry) -> None:
    for path in entry.paths:
        if path.is_dir():
            # Moved away first: nobody ever sees half a data set.
            bin_ = Path(tempfile.mkdtemp(dir=root / "datasets", prefix=".pruned-"))
            path.rename(bin_ / path.name)
            shutil.rmtree(bin_)
        else:
            path.unlink(missing_ok=True)
