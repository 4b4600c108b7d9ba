"""CIFAR-10: 60,000 images of 32 × 32 pixels in ten classes; cat and truck are unseen.

The standard split is that of Socher et al. 2013, section 6.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

from zslbench.contracts import DatasetCard, RawDataset, RemoteFile
from zslbench.download import fetch, how_to_get
from zslbench.errors import DataError
from zslbench_plugins.datasets import cifar_binary, cifar_pickle
from zslbench_plugins.datasets.cifar_binary import BinaryLayout
from zslbench_plugins.datasets.cifar_parquet import find_parquet, tells_classes
from zslbench_plugins.datasets.cifar_pickle import PickleLayout
from zslbench_plugins.datasets.cifar_shelf import REMEDY, Archive, Folder

if TYPE_CHECKING:
    from zslbench.contracts import ImageBlock, Places

PYTHON_ARCHIVE = RemoteFile(
    url="https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    name="cifar10/cifar-10-python.tar.gz",
    sha256="6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    size=170_498_071,
)
BINARY_ARCHIVE = RemoteFile(
    url="https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    name="cifar10/cifar-10-binary.tar.gz",
    sha256="c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    size=170_052_171,
)
# In order of preference, each as it may lie under the data directory.
PARQUET = ("cifar10/plain_text", "cifar10", "uoft-cs/cifar10/plain_text", "uoft-cs/cifar10")
# Other data sets' files may lie here too, so these must say that they are CIFAR-10.
SHARED_PARQUET = ("plain_text", "")
PYTHON = ("cifar10/cifar-10-batches-py", "cifar-10-batches-py")
BINARY = ("cifar10/cifar-10-batches-bin", "cifar-10-batches-bin")
PYTHON_ARCHIVES = (PYTHON_ARCHIVE.name, "cifar-10-python.tar.gz")
BINARY_ARCHIVES = (BINARY_ARCHIVE.name, "cifar-10-binary.tar.gz")


class Layout(Protocol):
    """One way in which the data set may lie on the disk."""

    @property
    def files(self) -> tuple[Path, ...]: ...
    def class_names(self) -> tuple[str, ...] | None: ...
    def blocks(self, part: Literal["train", "test"], classes: int) -> Iterator[ImageBlock]: ...


class Cifar10:
    """CIFAR-10 in any of its published layouts (Krizhevsky 2009)."""

    card: ClassVar[DatasetCard] = DatasetCard(
        title="CIFAR-10",
        summary="60,000 colour photographs of ten everyday classes, 6,000 of each",
        classes=(
            "airplane",
            "automobile",
            "bird",
            "cat",
            "deer",
            "dog",
            "frog",
            "horse",
            "ship",
            "truck",
        ),
        unseen=("cat", "truck"),
        train_images=50_000,
        test_images=10_000,
        image_size="32 × 32",
        licence="none stated by the authors, who ask to be cited",
        homepage="https://www.cs.toronto.edu/~kriz/cifar.html",
        citation=(
            "A. Krizhevsky. Learning Multiple Layers of Features from Tiny Images. "
            "Technical report, University of Toronto, 2009."
        ),
        embedding="huang2012",
        files=(PYTHON_ARCHIVE, BINARY_ARCHIVE),
        layouts=(
            *(
                f"{folder}/{{train,test}}-*.parquet".lstrip("/")
                for folder in PARQUET + SHARED_PARQUET
            ),
            *(f"{folder}/" for folder in PYTHON + BINARY),
            *PYTHON_ARCHIVES,
            *BINARY_ARCHIVES,
        ),
        notes=(
            "3.3 % of the test images have a near-duplicate among the training images "
            "(Barz and Denzler 2020).",
        ),
    )

    def sources(self, places: Places) -> tuple[Path, ...]:
        """Return the files of the first layout found; DataError where there is none or it lacks
        a file."""
        return self._layout(places).files

    def fetch(self, places: Places) -> tuple[Path, ...]:
        """Download the official archive where no layout is there, and return :meth:`sources`."""
        if _find(places) is None:
            fetch(
                PYTHON_ARCHIVE,
                places.data_dir,
                offline=places.offline,
                progress=places.progress,
            )
        return self.sources(places)

    def load(self, places: Places) -> RawDataset:
        """Open the first layout found; its parts come in blocks of at most 1,000 images.

        Raises DataError, naming the file, where it is damaged or of another data set.
        """
        layout = self._layout(places)
        names = layout.class_names() or self.card.classes
        if sorted(names) != sorted(self.card.classes):
            raise DataError(
                f"{layout.files[0].parent} holds the classes {', '.join(names)}; expected "
                f"{', '.join(self.card.classes)}: it is another data set; {REMEDY}"
            )
        return RawDataset(
            class_names=names,
            train=lambda: layout.blocks("train", len(names)),
            test=lambda: layout.blocks("test", len(names)),
        )

    def sentences(self) -> Iterable[str] | None:
        """Return None: nobody wrote sentences about these classes."""
        return None

    def _layout(self, places: Places) -> Layout:
        layout = _find(places)
        if layout is None:
            raise DataError(
                f"no CIFAR-10 in {places.data_dir}: looked for {', '.join(self.card.layouts)}; "
                "run 'zslbench data fetch cifar10', name another place with --data-dir, or "
                f"{how_to_get(PYTHON_ARCHIVE, places.data_dir)}"
            )
        return layout


def _find(places: Places) -> Layout | None:
    """Return the first layout that is there; one that is there in part is a DataError."""
    root = places.data_dir
    for name in PARQUET + SHARED_PARQUET:
        if name in SHARED_PARQUET and not tells_classes(root / name, Cifar10.card.classes):
            continue
        layout = find_parquet(root / name, skip_corrupt=places.skip_corrupt)
        if layout is not None:
            return layout
    for name in PYTHON:
        if (root / name).is_dir():
            return PickleLayout(Folder(root / name, cifar_pickle.FILES))
    for name in BINARY:
        if (root / name).is_dir():
            return BinaryLayout(Folder(root / name, cifar_binary.FILES))
    for name in PYTHON_ARCHIVES:
        if (root / name).is_file():
            return PickleLayout(Archive(root / name))
    for name in BINARY_ARCHIVES:
        if (root / name).is_file():
            return BinaryLayout(Archive(root / name))
    return None
