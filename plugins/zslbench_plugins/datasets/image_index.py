"""Which of a user's image files is which, by content: hashes kept in the cache, and the division.

A file is hashed again when its size or modification time has changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections import defaultdict
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from zslbench.disk import DamagedFileWarning, write_json
from zslbench.hashes import hash_json
from zslbench_plugins.datasets.image_files import DECODERS

if TYPE_CHECKING:
    from zslbench.contracts import Places
    from zslbench_plugins.datasets.image_files import ImageFile, Part

TEST_SHARE = 5  # one image of so many is a test image, where there is no division
UNREADABLE = "unreadable"  # stands for the hash of a file that cannot be read
_Notes = dict[str, list[int | str]]  # name → [size, modification time in ns, sha256]


def hash_files(files: Sequence[ImageFile], root: Path, places: Places) -> list[str]:
    """Return the sha256 of each file, :data:`UNREADABLE` where it cannot be read.

    They are kept in the cache under ``root``; a damaged note is warned of (DamagedFileWarning).
    """
    note = places.cache_dir / "hashes" / f"images-{hash_json(str(root.resolve()))[:32]}.json"
    known = _read(note)
    stamps = [_stamp(file.where) for file in files]
    current = {
        file.name: known[file.name]
        for file, stamp in zip(files, stamps, strict=True)
        if stamp is not None and known.get(file.name, [])[:2] == stamp
    }
    todo = [
        (file, stamp)
        for file, stamp in zip(files, stamps, strict=True)
        if stamp is not None and file.name not in current
    ]
    if todo:
        try:
            with ThreadPoolExecutor(DECODERS) as pool:
                digests = pool.map(lambda item: _sha256(item[0].path), todo)
                for done, ((file, stamp), digest) in enumerate(zip(todo, digests, strict=True)):
                    if digest is not None:
                        current[file.name] = [*stamp, digest]
                    places.progress(done + 1, len(todo))
        finally:  # interrupted, the next run goes on from here
            write_json(note, current)
    return [str(current[f.name][2]) if f.name in current else UNREADABLE for f in files]


def digest_of(files: Sequence[ImageFile], hashes: Sequence[str]) -> str:
    """Return the sha256 of what is in which class and part, whatever the files' names."""
    return hash_json(sorted([f.part, f.label, h] for f, h in zip(files, hashes, strict=True)))


def divide(
    files: Sequence[ImageFile], hashes: Sequence[str], unseen: Collection[str]
) -> dict[int, Part]:
    """Return the part of each file that has none, by its position in ``files``.

    Images of ``unseen`` classes are test images. Of each other class the different contents are
    sorted by hash, and the first fifth, at least one, is for testing: copies stay together.
    """
    of_class: dict[str, set[str]] = defaultdict(set)
    for file, digest in zip(files, hashes, strict=True):
        if file.part is None:
            of_class[file.label].add(digest)
    testing = {name: _first_fifth(contents) for name, contents in of_class.items()}
    return {
        i: "test" if file.label in unseen or digest in testing[file.label] else "train"
        for i, (file, digest) in enumerate(zip(files, hashes, strict=True))
        if file.part is None
    }


def tested_of(different: int) -> int:
    """How many of a class's ``different`` images are test images, in a division by content."""
    return max(1, (2 * different + TEST_SHARE) // (2 * TEST_SHARE)) if different > 1 else 0


def _first_fifth(contents: set[str]) -> set[str]:
    return set(sorted(contents)[: tested_of(len(contents))])


def _stamp(path: str) -> list[int] | None:
    try:
        stat = os.stat(path)  # noqa: PTH116 - 100,000 Paths are slow
    except OSError:
        return None
    return [stat.st_size, stat.st_mtime_ns]


def _sha256(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:  # said when it is to be decoded
        return None


def _read(note: Path) -> _Notes:
    if not note.is_file():
        return {}
    try:
        known = json.loads(note.read_text(encoding="utf-8"))
        for size, modified, digest in known.values():
            if not isinstance(size + modified, int) or len(digest) != 64:
                raise ValueError(f"{digest!r} is no sha256")
    except (OSError, ValueError, TypeError, AttributeError) as error:
        warnings.warn(
            f"note {note} is damaged ({error}): the images are hashed again",
            DamagedFileWarning,
            stacklevel=3,
        )
        return {}
    notes: _Notes = known
    return notes
