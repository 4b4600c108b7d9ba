"""Content hashes of files and values; a large file is read once for as long as it is unchanged."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zslbench.disk import DamagedFileWarning, write_json
from zslbench.errors import DataError


def hash_json(value: Any) -> str:
    """Return the sha256 of the canonical JSON of ``value``."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def hash_array(array: NDArray[Any]) -> str:
    """Return the sha256 of an array's bytes in C order."""
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()


class FileHashes:
    """sha256 of files, remembered under ``folder`` by path, size and modification time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, path: Path) -> str:
        """Return the sha256 of ``path``; raise DataError where it cannot be read.

        A damaged note is warned of (DamagedFileWarning), and made again.
        """
        path = path.resolve()
        try:
            stat = path.stat()
            stamp = [str(path), stat.st_size, stat.st_mtime_ns]
            note = self._folder / f"{hash_json(str(path))[:32]}.json"
            known = _read_note(note, stamp)
            if known is not None:
                return known
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise DataError(f"cannot read {path}: {error.strerror}; check the file") from error
        write_json(note, {"stamp": stamp, "sha256": digest})
        return digest

    def of_all(self, paths: Iterable[Path]) -> list[list[str]]:
        """Return [base name, sha256] of each path, in the order given."""
        return [[path.name, self.of(path)] for path in paths]


def _read_note(note: Path, stamp: list[Any]) -> str | None:
    """The sha256 that ``note`` holds for a file of this ``stamp``, else None."""
    if not note.is_file():
        return None
    try:
        known = json.loads(note.read_text(encoding="utf-8"))
        digest = known["sha256"] if known["stamp"] == stamp else None
        if digest is not None and len(bytes.fromhex(digest)) != hashlib.sha256().digest_size:
            raise ValueError(f"{digest!r} is no sha256")
    except (OSError, ValueError, KeyError, TypeError) as error:
        warnings.warn(
            f"note {note} is damaged ({error}): the file is hashed again",
            DamagedFileWarning,
            stacklevel=3,
        )
        return None
    return None if digest is None else str(digest)
