"""Word vectors of gensim-data by name, read as word2vec's format; no code of theirs is run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from zslbench.contracts import RemoteFile
from zslbench.download import fetch
from zslbench.errors import DataError, InputError
from zslbench_plugins.embeddings.file import FileEmbedder, detect_format
from zslbench_plugins.embeddings.gensim_table import RELEASES, Release

if TYPE_CHECKING:
    from zslbench.contracts import Context, Metric, Places, WordVectors

FORMATS = ("word2vec", "word2vec-binary")


class GensimEmbedder:
    """The vectors of the release ``member`` of gensim-data, one of ``gensim_table.RELEASES``.

    A phrase is looked up as it is and with underscores. The file lies under ``gensim/`` in the
    data directory and is streamed: only the vectors asked for are kept.
    """

    space: str | None = None
    aliases: Mapping[str, str] = MappingProxyType({})

    def __init__(self, member: str, metric: Metric = "euclidean") -> None:
        self.member = member
        self.metric: Metric = metric

    def sources(self, places: Places) -> tuple[Path, ...]:
        """Return the release's file, checked against its published checksum.

        It is fetched where it is absent. Raises DataError where it cannot be, or is another file;
        InputError for an unknown name.
        """
        release = self._release()
        remote = RemoteFile(release.address, release.place, release.sha256, size=0, md5=release.md5)
        offline, progress = places.offline, places.progress
        return (fetch(remote, places.data_dir, offline=offline, progress=progress),)

    def vectors(
        self,
        words: Sequence[str],
        *,
        sentences: Iterable[str] | None,
        places: Places,
        context: Context,
    ) -> WordVectors:
        """Return the vectors (k,) of those of ``words`` that the release has.

        Raises DataError, naming the file and the line or word, where it is damaged.
        """
        path = places.data_dir / self._release().place
        if not path.is_file():  # else its checksum was seen to already: up to 2 GB to read
            (path,) = self.sources(places)
        found = detect_format(path)
        if found not in FORMATS:
            raise DataError(
                f"{path} looks like {found}, expected word2vec's format: it is another file; move "
                "it away and get it again"
            )
        reader = FileEmbedder(str(path), format=found, metric=self.metric)
        return reader.vectors(words, sentences=sentences, places=places, context=context)

    def _release(self) -> Release:
        if self.member not in RELEASES:
            raise InputError(
                f"unknown release {self.member!r} of gensim-data; known: {', '.join(RELEASES)}; "
                "others can be read as file/PATH"
            )
        return RELEASES[self.member]
