"""CIFAR-10: 60,000 images of 32 × 32 pixels in ten classes; cat and truck are unseen.

The standard split is that of Socher et al. 2013, section 6.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from zslbench.contracts import DatasetCard, RawDataset, RemoteFile
from zslbench_plugins.datasets.cifar_binary import BinaryForm
from zslbench_plugins.datasets.cifar_files import CifarFiles
from zslbench_plugins.datasets.cifar_parquet import HubForm
from zslbench_plugins.datasets.cifar_pickle import PickleForm

if TYPE_CHECKING:
    from zslbench.contracts import Places

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
CLASSES = (
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
)
FILES = CifarFiles(
    title="CIFAR-10",
    classes=CLASSES,
    parquet=("cifar10/plain_text", "cifar10", "uoft-cs/cifar10/plain_text", "uoft-cs/cifar10"),
    shared_parquet=("plain_text", ""),
    hub=HubForm("cifar10"),
    python=("cifar10/cifar-10-batches-py", "cifar-10-batches-py"),
    pickles=PickleForm(
        train=tuple(f"data_batch_{i}" for i in range(1, 6)),
        test=("test_batch",),
        meta="batches.meta",
    ),
    binary=("cifar10/cifar-10-batches-bin", "cifar-10-batches-bin"),
    binaries=BinaryForm(
        train=tuple(f"data_batch_{i}.bin" for i in range(1, 6)),
        test=("test_batch.bin",),
        names="batches.meta.txt",
    ),
    python_archives=(PYTHON_ARCHIVE.name, "cifar-10-python.tar.gz"),
    binary_archives=(BINARY_ARCHIVE.name, "cifar-10-binary.tar.gz"),
)


class Cifar10:
    """CIFAR-10 in any of its published layouts (Krizhevsky 2009)."""

    card: ClassVar[DatasetCard] = DatasetCard(
        title="CIFAR-10",
        summary="60,000 colour photographs of ten everyday classes, 6,000 of each",
        classes=CLASSES,
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
        layouts=FILES.layouts,
        notes=(
            "3.3 % of the test images have a near-duplicate among the training images "
            "(Barz and Denzler 2020).",
        ),
    )

    def sources(self, places: Places) -> tuple[Path, ...]:
        """Return the files of the first layout found; DataError where there is none or it lacks
        a file."""
        return FILES.sources(places, PYTHON_ARCHIVE)

    def fetch(self, places: Places) -> tuple[Path, ...]:
        """Download the official archive where no layout is there, and return :meth:`sources`."""
        return FILES.fetch(places, PYTHON_ARCHIVE)

    def load(self, places: Places) -> RawDataset:
        """Open the first layout found; its parts come in blocks of at most 1,000 images.

        Raises DataError, naming the file, where it is damaged or of another data set.
        """
        return FILES.load(places, PYTHON_ARCHIVE)

    def sentences(self) -> Iterable[str] | None:
        """Return None: nobody wrote sentences about these classes."""
        return None
