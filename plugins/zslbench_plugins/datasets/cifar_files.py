"""Where the files of a CIFAR data set may lie, and how they are found, fetched and opened.

CIFAR-10 and CIFAR-100 are published alike: python, binary and on the Hugging Face hub.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from zslbench.contracts import RawDataset
from zslbench.download import fetch, how_to_get
from zslbench.errors import DataError
from zslbench_plugins.datasets.cifar_binary import BinaryForm, BinaryLayout
from zslbench_plugins.datasets.cifar_parquet import HubForm, find_parquet, tells_classes
from zslbench_plugins.datasets.cifar_pickle import PickleForm, PickleLayout
from zslbench_plugins.datasets.cifar_shelf import Archive, Folder

if TYPE_CHECKING:
    from zslbench.contracts import ImageBlock, Places, RemoteFile


class Layout(Protocol):
    """One way in which the data set may lie on the disk."""

    @property
    def files(self) -> tuple[Path, ...]: ...
    def class_names(self) -> tuple[str, ...] | None: ...
    def blocks(self, part: Literal["train", "test"], classes: int) -> Iterator[ImageBlock]: ...


@dataclass(frozen=True)
class CifarFiles:
    """A CIFAR data set's layouts, in order of preference, each as it may lie under the data
    directory.

    ``shared_parquet`` are folders where other data sets' files may lie too, so that those there
    must say which classes they hold.
    """

    title: str
    classes: tuple[str, ...]
    parquet: tuple[str, ...]
    shared_parquet: tuple[str, ...]
    hub: HubForm
    python: tuple[str, ...]
    pickles: PickleForm
    binary: tuple[str, ...]
    binaries: BinaryForm
    python_archives: tuple[str, ...]
    binary_archives: tuple[str, ...]

    @property
    def layouts(self) -> tuple[str, ...]:
        """Where files are looked for, as the card tells it."""
        return (
            *(
                f"{folder}/{{train,test}}-*.parquet".lstrip("/")
                for folder in self.parquet + self.shared_parquet
            ),
            *(f"{folder}/" for folder in self.python + self.binary),
            *self.python_archives,
            *self.binary_archives,
        )

    def sources(self, places: Places, archive: RemoteFile) -> tuple[Path, ...]:
        """Return the files of the first layout found.

        Raises DataError where one lacks a file, and where there is none: it says how to get
        ``archive``.
        """
        return self._layout(places, archive).files

    def fetch(self, places: Places, archive: RemoteFile) -> tuple[Path, ...]:
        """Download ``archive`` where no layout is there, and return :meth:`sources`."""
        if self._find(places) is None:
            fetch(archive, places.data_dir, offline=places.offline, progress=places.progress)
        return self.sources(places, archive)

    def load(self, places: Places, archive: RemoteFile) -> RawDataset:
        """Open the first layout found; its parts come in blocks of at most 1,000 images.

        Raises DataError, naming the file, where it is damaged or of another data set.
        """
        layout = self._layout(places, archive)
        names = layout.class_names() or self.classes
        if sorted(names) != sorted(self.classes):
            raise DataError(
                f"{layout.files[0].parent} holds the classes {', '.join(names)}; expected "
                f"{', '.join(self.classes)}: it is another data set; {self.hub.remedy}"
            )
        return RawDataset(
            class_names=names,
            train=lambda: layout.blocks("train", len(names)),
            test=lambda: layout.blocks("test", len(names)),
        )

    def _layout(self, places: Places, archive: RemoteFile) -> Layout:
        layout = self._find(places)
        if layout is None:
            raise DataError(
                f"no {self.title} in {places.data_dir}: looked for {', '.join(self.layouts)}; "
                f"run 'zslbench data fetch {self.hub.dataset}', name another place with "
                f"--data-dir, or {how_to_get(archive, places.data_dir)}"
            )
        return layout

    def _find(self, places: Places) -> Layout | None:
        """Return the first layout that is there; one that is there in part is a DataError."""
        root, remedy = places.data_dir, self.hub.remedy
        for name in self.parquet + self.shared_parquet:
            if name in self.shared_parquet and not tells_classes(
                root / name, self.hub, self.classes
            ):
                continue
            layout = find_parquet(root / name, self.hub, skip_corrupt=places.skip_corrupt)
            if layout is not None:
                return layout
        for name in self.python:
            if (root / name).is_dir():
                return PickleLayout(Folder(root / name, self.pickles.files, remedy), self.pickles)
        for name in self.binary:
            if (root / name).is_dir():
                return BinaryLayout(Folder(root / name, self.binaries.files, remedy), self.binaries)
        for name in self.python_archives:
            if (root / name).is_file():
                return PickleLayout(Archive(root / name, remedy), self.pickles)
        for name in self.binary_archives:
            if (root / name).is_file():
                return BinaryLayout(Archive(root / name, remedy), self.binaries)
        return None
