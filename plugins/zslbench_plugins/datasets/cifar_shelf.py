"""Where the files of an official CIFAR folder lie: unpacked, or still in their ``.tar.gz``."""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

from zslbench.errors import DataError
from zslbench_plugins.datasets.damage import damage_named


class Shelf(Protocol):
    """Files by name; nothing is unpacked to the disk."""

    @property
    def remedy(self) -> str:
        """What a message of damage ends with."""
        ...

    @property
    def files(self) -> tuple[Path, ...]:
        """What is read from the disk."""
        ...

    def title(self, name: str) -> str:
        """What a message calls the file ``name``."""
        ...

    def open(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """Open the file ``name``; DataError where it is absent or damaged, now or while read."""
        ...


@dataclass(frozen=True)
class Folder:
    """The files ``names`` of a folder."""

    folder: Path
    names: tuple[str, ...]
    remedy: str

    @property
    def files(self) -> tuple[Path, ...]:
        """The files; DataError names those that are absent."""
        files = tuple(self.folder / name for name in self.names)
        if missing := [str(file) for file in files if not file.is_file()]:
            raise DataError(f"{self.folder} lacks {', '.join(missing)}: add it, or {self.remedy}")
        return files

    def title(self, name: str) -> str:
        return str(self.folder / name)

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        with damage_named(self.title(name), self.remedy), (self.folder / name).open("rb") as file:
            yield file


@dataclass(frozen=True)
class Archive:
    """The members of a ``.tar.gz`` by base name, read straight from it.

    A member is reached by decompressing what lies before it, so memory holds no more than a block.
    """

    path: Path
    remedy: str

    @property
    def files(self) -> tuple[Path, ...]:
        return (self.path,)

    def title(self, name: str) -> str:
        return f"{self.path}: {name}"

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        member = self._members.get(name)
        if member is None:
            raise DataError(
                f"{self.path} has no file {name!r}: it is another archive; {self.remedy}"
            )
        with (
            damage_named(self.title(name), self.remedy),
            gzip.open(self.path) as stream,
            tarfile.open(fileobj=stream, mode="r:") as tar,
        ):
            file = tar.extractfile(member)
            if file is None:
                raise DataError(f"{self.title(name)} is not a regular file; {self.remedy}")
            yield file

    @cached_property
    def _members(self) -> dict[str, tarfile.TarInfo]:
        members: dict[str, tarfile.TarInfo] = {}
        with damage_named(str(self.path), self.remedy), gzip.open(self.path) as stream:
            with tarfile.open(fileobj=stream, mode="r|") as tar:
                for member in tar:
                    if member.isreg():
                        members.setdefault(PurePosixPath(member.name).name, member)
            # Only at the very end does gzip compare its checksum.
            while stream.read(1 << 20):
                pass
        return members
