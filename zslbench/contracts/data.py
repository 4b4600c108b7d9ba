"""Images, and the data sets that they come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from zslbench.contracts.basics import Int, Places, UInt8


class ImageSource(Protocol):
    """Images without labels, paths or class order: what components get, all of one size.

    Where stored images differ in size, each was prepared first: see :class:`MixedImageSource`.
    """

    def __len__(self) -> int: ...

    def blocks(self, start: int = 0, size: int = 256) -> Iterator[UInt8]:
        """Yield (b, h, w, 3) uint8 RGB blocks of at most ``size`` images from ``start`` on."""
        ...

    def take(self, rows: Int) -> UInt8:
        """Return the images at ``rows`` as (len(rows), h, w, 3) uint8 RGB."""
        ...


class MixedImageSource(Protocol):
    """Stored images, which may differ in size; the harness prepares them for a component.

    A part of images of one size gives arrays (b, h, w, 3), any other part lists of (h, w, 3).
    """

    def __len__(self) -> int: ...

    def blocks(self, start: int = 0, size: int = 256) -> Iterator[UInt8 | list[UInt8]]:
        """Yield blocks of at most ``size`` uint8 RGB images from ``start`` on."""
        ...

    def take(self, rows: Int) -> UInt8 | list[UInt8]:
        """Return the uint8 RGB images at ``rows``."""
        ...


@dataclass(frozen=True)
class ImageBlock:
    """Some images as a data set reads them: (b, h, w, 3) uint8 RGB, labels into its class names.

    Images that differ in size come as a list of (h, w, 3). An image's id is the sha256 of its
    pixels; ``ids`` states others, for lossy files, whose pixels depend on the decoder.
    """

    images: UInt8 | list[UInt8]
    labels: Int
    skipped: int = 0  # corrupt images left out, on request, since the last block
    ids: UInt8 | None = None  # (b, 32)


@dataclass(frozen=True)
class RawDataset:
    """A data set as read: the names of its classes, and each part as a stream of blocks."""

    class_names: tuple[str, ...]
    train: Callable[[], Iterator[ImageBlock]]
    test: Callable[[], Iterator[ImageBlock]]


@dataclass(frozen=True)
class RemoteFile:
    """A file at an official address; ``name`` is where it belongs under the data directory."""

    url: str
    name: str
    sha256: str  # empty where its publisher states an ``md5`` alone
    size: int  # bytes
    md5: str = ""


@dataclass(frozen=True)
class DatasetCard:
    """What one should know of a data set before using it."""

    title: str
    summary: str
    classes: tuple[str, ...]
    unseen: tuple[str, ...]  # the standard split
    train_images: int
    test_images: int
    image_size: str
    licence: str
    homepage: str
    citation: str
    embedding: str  # the default class embedding, a component's name
    files: tuple[RemoteFile, ...] = ()
    layouts: tuple[str, ...] = ()  # where files are looked for under the data directory
    recommended: Mapping[str, Any] = field(default_factory=dict)
    """Settings that belong to this data: ``slot/component.param`` → value, as in
    ``backbone/coates2011.bases``; they hold where that component fills that slot."""
    notes: tuple[str, ...] = ()


class Dataset(Protocol):
    """Images with labels, in a training and a test part, and a standard seen / unseen split.

    ``card`` may be an instance's own, for a family whose members are the user's.

    Optional, for data sets of many files: ``digest(places)`` → the sha256 of all that ``load``'s
    result depends on besides the parameters (each file's content, class and part); the harness
    then hashes no file itself. And ``hold_unseen(classes)``, called before ``digest`` and ``load``
    with the run's unseen classes, for a data set whose division into parts depends on them.
    """

    @property
    def card(self) -> DatasetCard: ...

    def sources(self, places: Places) -> tuple[Path, ...]:
        """The files that :meth:`load` will read; empty where nothing is read (drawn images).

        Raises :class:`~zslbench.errors.DataError` where they are absent, saying what to fetch,
        from where, with which checksum, and where to put it.
        """
        ...

    def fetch(self, places: Places) -> tuple[Path, ...]:
        """Download what is absent, verify it, and return :meth:`sources`."""
        ...

    def load(self, places: Places) -> RawDataset:
        """Open the data set. A damaged file or image is a DataError that names it."""
        ...

    def sentences(self) -> Iterable[str] | None:
        """A corpus of sentences about the classes, where the data set has one."""
        ...
