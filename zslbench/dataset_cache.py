"""Data sets opened through the cache: found or fetched, decoded once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from zslbench import images
from zslbench.errors import DataError
from zslbench.hashes import hash_json
from zslbench.runspec import identity

if TYPE_CHECKING:
    from pathlib import Path

    from zslbench.contracts import Dataset, Places
    from zslbench.hashes import FileHashes
    from zslbench.monitor import Monitor
    from zslbench.registry import Registry
    from zslbench.specs import ComponentRef


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

    def open(self, ref: ComponentRef) -> OpenDataset:
        """Return the data set of ``ref``, fetched where it is absent; raise DataError."""
        dataset = self.registry.create(ref)
        about, contents, folder = self._locate(ref, self.sources(ref, dataset))
        data = images.open_stored(folder)
        if data is None:
            with (
                self.registry.calling(ref, "load"),
                self.monitor.stage("read images") as progress,
            ):
                data = images.store(
                    dataset.load(self.places), folder, progress, what=self.registry.describe(ref)
                )
        return OpenDataset(dataset, data, about, contents)

    def find(self, ref: ComponentRef) -> images.StoredDataset | None:
        """Return the decoded images if they are in the cache; nothing is fetched or decoded."""
        try:
            files = tuple(self.registry.create(ref).sources(replace(self.places, offline=True)))
        except DataError:
            return None
        return images.open_stored(self._locate(ref, files)[2])

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
            self.monitor.stage("fetch data set", dataset.card.title) as progress,
        ):
            return tuple(dataset.fetch(replace(self.places, progress=progress)))

    def _locate(
        self, ref: ComponentRef, files: tuple[Path, ...]
    ) -> tuple[Mapping[str, Any], list[list[str]], Path]:
        contents = self.hashes.of_all(files)
        about = identity(ref, self.registry, self.hashes, contents)
        skip = self.places.skip_corrupt
        key = {"format": images.FORMAT, "dataset": about, "skip_corrupt": skip}
        return about, contents, self.places.cache_dir / "datasets" / hash_json(key)[:32]
