"""What data sets of the user's own image files have in common, however the files are listed."""

from __future__ import annotations

import tomllib
import warnings
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from zslbench.contracts import DatasetCard, RawDataset
from zslbench.errors import DataError
from zslbench_plugins.datasets.image_files import ImageFile, blocks
from zslbench_plugins.datasets.image_index import digest_of, divide, hash_files, tested_of

if TYPE_CHECKING:
    from zslbench.contracts import ImageBlock, Places
    from zslbench_plugins.datasets.image_files import Part

SETTINGS = "zslbench.toml"
EMBEDDING = "glove-6b-50d"


class SkippedFilesWarning(UserWarning):
    """Files that are no images lie among the images, and are left out."""


@dataclass(frozen=True)
class Listing:
    """What lies there: image files with their classes, before any is read."""

    root: Path
    files: tuple[ImageFile, ...]
    unseen: tuple[str, ...] = ()  # as zslbench.toml says
    others: tuple[Path, ...] = ()  # further files that are read
    left_out: Mapping[str, int] = field(default_factory=dict)  # what kind of thing → how many

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, sorted."""
        return tuple(sorted({file.label for file in self.files}))


class OwnImages(ABC):
    """Images of the user's own: ``member`` is a path, ``side`` the longest a shorter side may be.

    Images without a part are divided 80/20 a class by content, those of unseen classes tested.
    """

    # Beside __dict__, which holds the parameters alone.
    __slots__ = ("__dict__", "_held", "_listing")
    layouts: ClassVar[tuple[str, ...]]

    def __init__(self, member: str, side: int = 256) -> None:
        self.member = member
        self.side = side

    @abstractmethod
    def read_listing(self) -> Listing:
        """List the image files; DataError where there are none, or a class has none."""

    @property
    def listing(self) -> Listing:
        """What lies there, listed once."""
        if not hasattr(self, "_listing"):
            self._listing = self.read_listing()
        return self._listing

    @property
    def unseen(self) -> tuple[str, ...]:
        """The run's unseen classes where they were told, else those of ``zslbench.toml``."""
        return self._held if hasattr(self, "_held") else self.listing.unseen

    @property
    def card(self) -> DatasetCard:
        """What there is to know without reading an image; raises DataError as the listing does."""
        listing = self.listing
        counts = Counter(file.part or f"any {file.label}" for file in listing.files)
        train, test = counts["train"], counts["test"]
        for name in listing.classes:
            n = counts[f"any {name}"]
            tested = n if name in self.unseen else tested_of(n)
            train, test = train + n - tested, test + tested
        return DatasetCard(
            title=Path(self.member).expanduser().resolve().name,
            summary=f"{len(listing.files):,} image files of your own",
            classes=listing.classes,
            unseen=listing.unseen,
            train_images=train,
            test_images=test,
            image_size=f"any; a shorter side above {self.side} pixels is reduced to {self.side}",
            licence="that of your images",
            homepage="none",
            citation="none: your own images",
            embedding=EMBEDDING,
            layouts=self.layouts,
            notes=_notes(listing),
        )

    def sources(self, places: Places) -> tuple[Path, ...]:
        """Return the files that are there; DataError where nothing is."""
        listing = self.listing
        return (*listing.others, *(path for f in listing.files if (path := f.path).exists()))

    def fetch(self, places: Places) -> tuple[Path, ...]:
        """Return :meth:`sources`: nobody but the user has these files."""
        return self.sources(places)

    def hold_unseen(self, classes: Sequence[str]) -> None:
        """Take ``classes`` for the unseen ones, whatever ``zslbench.toml`` says."""
        self._held = tuple(classes)

    def digest(self, places: Places) -> str:
        """Return the sha256 of all images' files with their classes and parts."""
        return digest_of(*self._divided(places))

    def load(self, places: Places) -> RawDataset:
        """Open the images; an undecodable one is a DataError that names it, or left out.

        Files that are no images are warned of (SkippedFilesWarning).
        """
        classes = self.listing.classes
        files, _ = self._divided(places)
        if left_out := self.listing.left_out:
            kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(left_out.items()))
            warnings.warn(
                f"{self.listing.root}: left out {kinds}; move away what does not belong there",
                SkippedFilesWarning,
                stacklevel=2,
            )

        def stream(part: Part) -> Iterator[ImageBlock]:
            chosen = [file for file in files if file.part == part]
            return blocks(chosen, classes, side=self.side, skip_corrupt=places.skip_corrupt)

        return RawDataset(classes, lambda: stream("train"), lambda: stream("test"))

    def sentences(self) -> Iterable[str] | None:
        """Return None: there are no sentences about these classes."""
        return None

    def _divided(self, places: Places) -> tuple[list[ImageFile], list[str]]:
        """Every file with its part, and the hashes of their contents."""
        files = self.listing.files
        hashes = hash_files(files, self.listing.root, places)
        chosen = divide(files, hashes, self.unseen)
        parts = [f._replace(part=chosen[i]) if i in chosen else f for i, f in enumerate(files)]
        return parts, hashes


def read_unseen(places: Iterable[Path]) -> tuple[str, ...]:
    """Return ``unseen`` of the first ``zslbench.toml`` in ``places``, () where there is none.

    Raises DataError where it cannot be read or says anything else.
    """
    path = next((p / SETTINGS for p in places if (p / SETTINGS).is_file()), None)
    if path is None:
        return ()
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(
            f'{path} cannot be read ({error}); write unseen = ["…", "…"] in it'
        ) from error
    unseen = told.pop("unseen", [])
    if told:
        raise DataError(f"{path} sets {', '.join(told)}; it may set 'unseen' only: take it out")
    if not isinstance(unseen, list) or not all(isinstance(name, str) for name in unseen):
        raise DataError(f'{path}: unseen = {unseen!r} must be a list of names: ["…", "…"]')
    return tuple(unseen)


def _notes(listing: Listing) -> tuple[str, ...]:
    notes: tuple[str, ...] = ()
    if any(file.part is None for file in listing.files):
        notes = (
            "Divided 80/20 a class by content, unseen classes for testing alone. Copies of an "
            "image stay together, so where there are some the numbers of images differ a little.",
        )
    return (
        *notes,
        "An image's id is the sha256 of its pixels, or of its file where that is lossy (JPEG).",
    )
