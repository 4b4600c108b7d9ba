"""Data sets opened through the cache: found or fetched, decoded once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from zslbench import images
from zslbench.errors import DataError
from zslbench.hashes import hash_json
from zslbench.runspec import identity

if TYPE_CHECKING:
    from pathlib import Path

    from zslbench.contracts import Dataset, ImageBlock, Places
    from zslbench.hashes import FileHashes
    from zslbench.monitor import Monitor
    from zslbench.registry import Registry
    from zslbench.specs import ComponentRef

_END: Any = object()  # what no part yields


@dataclass(frozen=True)
class OpenDataset:
    """A data set, its decoded images, and what identifies them."""

    dataset: Dataset
    data: images.StoredDataset
    identity: Mapping[str, Any]
    contents: list[list[str]]  # [base name, sha256] of the files it was read from


class DatasetCache:
    """Opens data sets in ``places``, telling ``monitor`` of what takes long."""

    def __init__(
        self, registry: Registry, hashes: FileHashes, places: Places, monitor: Monitor
    ) -> None:
        self.registry = registry
        self.hashes = hashes
        self.places = places
        self.monitor = monitor

    def open(self, ref: ComponentRef, unseen: tuple[str, ...] | None = None) -> OpenDataset:
        """Return the data set of ``ref``, fetched where it is absent; raise DataError.

        ``unseen`` are the run's unseen classes, for a data set whose parts depend on them; None
        stands for those of its standard split.
        """
        dataset = self._create(ref, unseen)
        files = self.sources(ref, dataset)
        about, contents, folder = self._locate(ref, dataset, files)
        data = images.open_stored(folder)
        if data is None:
            with self.monitor.stage("read images", _images(dataset)) as progress:
                with self.registry.calling(ref, "load"):
                    raw = dataset.load(self.places)
                raw = replace(
                    raw, train=self._blamed(ref, raw.train), test=self._blamed(ref, raw.test)
                )
                data = images.store(raw, folder, progress, what=self.registry.describe(ref))
        return OpenDataset(dataset, data, about, contents)

    def _blamed(
        self, ref: ComponentRef, part: Callable[[], Iterator[ImageBlock]]
    ) -> Callable[[], Iterator[ImageBlock]]:
        """``part`` with its own failures in the data set's name, and no others."""

        def blocks() -> Iterator[ImageBlock]:
            with self.registry.calling(ref, "load"):
                found = iter(part())
            while True:
                with self.registry.calling(ref, "load"):
                    block = next(found, _END)
                if block is _END:
                    return
                yield block

        return blocks

    def find(
        self, ref: ComponentRef, unseen: tuple[str, ...] | None = None
    ) -> images.StoredDataset | None:
        """Return the decoded images if they are in the cache; nothing is fetched or decoded."""
        try:
            dataset = self._create(ref, unseen)
            files = tuple(dataset.sources(replace(self.places, offline=True)))
        except DataError:
            return None
        return images.open_stored(self._locate(ref, dataset, files)[2])

    def sources(self, ref: ComponentRef, dataset: Dataset) -> tuple[Path, ...]:
        """The data set's files, downloaded where they are absent and that is allowed."""
        try:
            with self.registry.calling(ref, "sources"):
                return tuple(dataset.sources(self.places))
        except DataError:
            if self.places.offline:
                raise
        with (
            self.registry.calling(ref, "fetch"),
            self.monitor.stage("fetch data set", _download(dataset)) as progress,
        ):
            return tuple(dataset.fetch(replace(self.places, progress=progress)))

    def _create(self, ref: ComponentRef, unseen: tuple[str, ...] | None) -> Dataset:
        dataset: Dataset = self.registry.create(ref)
        hold = getattr(dataset, "hold_unseen", None)
        if unseen is not None and hold is not None:
            with self.registry.calling(ref, "hold_unseen"):
                hold(unseen)
        return dataset

    def _locate(
        self, ref: ComponentRef, dataset: Dataset, files: tuple[Path, ...]
    ) -> tuple[Mapping[str, Any], list[list[str]], Path]:
        contents = self._contents(ref, dataset, files)
        about = identity(ref, self.registry, self.hashes, contents)
        skip = self.places.skip_corrupt
        key = {"format": images.FORMAT, "dataset": about, "skip_corrupt": skip}
        return about, contents, self.places.cache_dir / "datasets" / hash_json(key)[:32]

    def _contents(
        self, ref: ComponentRef, dataset: Dataset, files: tuple[Path, ...]
    ) -> list[list[str]]:
        """[base name, sha256] of each file; one entry where the data set has a digest of all."""
        digest = getattr(dataset, "digest", None)
        if digest is None:
            return self.hashes.of_all(files)
        with (
            self.registry.calling(ref, "digest"),
            self.monitor.stage("index images") as progress,
        ):
            return [[ref.label, digest(replace(self.places, progress=progress))]]


def _images(dataset: Dataset) -> str:
    """How much there is to read, by the card; a family's may not know."""
    count = dataset.card.train_images + dataset.card.test_images
    return f"{count:,} images, kept decoded in the cache" if count else ""


def _download(dataset: Dataset) -> str:
    """What is fetched, and its size where the card states one."""
    size = dataset.card.files[0].size if dataset.card.files else 0
    return f"{dataset.card.title}, {size / 1e6:,.0f} MB" if size else dataset.card.title
