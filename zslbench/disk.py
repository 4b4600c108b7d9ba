"""Files that are whole or absent: atomic writes, free space, locks; what a refusal means."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from zslbench.errors import EnvironmentFailure, ZSLBenchError

PATIENCE = 6 * 3600  # seconds that a run waits for another one

REFUSALS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ENOTDIR: "a file is in the way of a folder",
    errno.EEXIST: "a file is in the way of a folder",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ELOOP: "its links go round in a circle",
    errno.EIO: "the disk cannot be read or written",
}


class DamagedFileWarning(UserWarning):
    """A stored file cannot be used: it is skipped, or made again."""


class Failure(NamedTuple):
    """What an exception means: its kind in a record, a message, the process's exit code."""

    kind: str
    message: str
    exit_code: int
    is_bug: bool = False


def explain_failure(failure: BaseException) -> Failure:
    """Return what ``failure`` means, for a run's record and for the command line alike."""
    kind = type(failure).__name__
    if isinstance(failure, KeyboardInterrupt):
        return Failure("Interrupted", "interrupted; run the same command again to go on", 130)
    if isinstance(failure, ZSLBenchError):
        return Failure(kind, str(failure), failure.exit_code)
    if isinstance(failure, MemoryError):
        return Failure(
            kind,
            "memory ran out: close other programs, choose smaller parameters, or use a machine "
            "with more",
            EnvironmentFailure.exit_code,
        )
    if isinstance(failure, OSError) and failure.errno in REFUSALS:
        return Failure(
            EnvironmentFailure.__name__,
            f"{failure.filename or 'a file'}: {REFUSALS[failure.errno]}; free it, or choose "
            "other folders (--out, --cache-dir, --data-dir, TMPDIR)",
            EnvironmentFailure.exit_code,
        )
    return Failure(kind, "a bug in zslbench", 1, is_bug=True)


def without_paths(message: str, folders: Iterable[Path]) -> str:
    """Return ``message`` with every path cut to its last part: for what is shown to strangers.

    ``folders`` are known to be paths, whatever characters they hold.
    """
    for folder in sorted({str(f) for f in (*folders, Path.home())}, key=len, reverse=True):
        for known in (str(Path(folder).absolute()), folder):
            if len(known) > 1:
                alone = rf"(?<![\w.:/\\-]){re.escape(known)}(?![\w.-])"
                # with what follows it, or as a name where nothing does
                message = re.sub(rf"{alone}[\\/]", "", message)
                message = re.sub(alone, Path(known).name.replace("\\", r"\\"), message)
    return _PATH.sub(lambda found: found[0].replace("\\", "/").rsplit("/", 1)[-1], message)


_PATH = re.compile(r"(?<![\w./:])(?:[A-Za-z]:)?[\\/][^\s'\":,;()]*[^\s'\":,;().]")
"""An absolute path, as far as text without marks can tell; an address (https://…) is none."""


@contextmanager
def refusals_named(path: Path, option: str) -> Iterator[None]:
    """Turn an operating system's refusal to write at ``path`` into EnvironmentFailure."""
    try:
        yield
    except OSError as error:
        why = REFUSALS.get(error.errno or 0)
        if why is None and error.errno == errno.ENOENT and _is_on_the_way(error.filename, path):
            why = "the folder cannot be made there"
        if why is None:
            raise
        raise EnvironmentFailure(
            f"cannot write {error.filename or path}: {why}; "
            f"free it, or choose another place with {option}"
        ) from error


def _is_on_the_way(name: Any, path: Path) -> bool:
    """Whether ``name`` is ``path``, a folder above it or something under it."""
    if not isinstance(name, str):
        return False
    asked, given = path.absolute(), Path(name).absolute()
    return given in (asked, *asked.parents) or asked in given.parents


@contextmanager
def replacing(path: Path, suffix: str = "") -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that takes its place when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write ``data`` atomically."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` (UTF-8, as is) atomically."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as JSON atomically."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True) + "\n")


def require_space(folder: Path, needed: int, what: str, option: str) -> None:
    """Raise EnvironmentFailure unless ``needed`` bytes are free where ``folder`` is or will be."""
    there = folder
    while not there.exists():
        there = there.parent
    free = shutil.disk_usage(there).free
    if needed > free:
        raise EnvironmentFailure(
            f"{what} takes {needed / 1e9:.1f} GB of disk and {free / 1e9:.1f} GB are free at "
            f"{folder}: free some ('zslbench cache prune --max-size 0'), or choose another place "
            f"with {option}"
        )


@contextmanager
def locked(path: Path, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold the lock file ``path``; the operating system frees it when a process dies.

    ``waiting`` is called once where another process holds it. Raises EnvironmentFailure after
    :data:`PATIENCE` seconds.
    """
    from filelock import FileLock, Timeout  # not needed to list and show, which start fast

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0.2)
    except Timeout:
        if waiting is not None:
            waiting()
        try:
            lock.acquire(timeout=PATIENCE)
        except Timeout as error:
            raise EnvironmentFailure(
                f"lock {path} was held by another process for {PATIENCE / 3600:.0f} h: wait for "
                "that run, or choose another place with --cache-dir"
            ) from error
    try:
        yield
    finally:
        lock.release()
