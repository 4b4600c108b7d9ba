"""Fashion-MNIST: 70,000 grey images of ten kinds of clothing, 28 × 28 pixels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from zslbench.contracts import DatasetCard, ImageBlock, RawDataset, RemoteFile
from zslbench.download import fetch, how_to_get
from zslbench.errors import DataError
from zslbench_plugins.datasets.damage import remedy_of
from zslbench_plugins.datasets.idx import open_idx

if TYPE_CHECKING:
    from zslbench.contracts import Int, Places

SITE = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"  # it offers no https
OFFICIAL = tuple(
    RemoteFile(url=f"{SITE}{name}", name=f"fashion-mnist/{name}", sha256=sha256, size=size)
    for name, sha256, size in (
        (
            "train-images-idx3-ubyte.gz",
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            26_421_880,
        ),
        (
            "train-labels-idx1-ubyte.gz",
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            29_515,
        ),
        (
            "t10k-images-idx3-ubyte.gz",
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            4_422_102,
        ),
        (
            "t10k-labels-idx1-ubyte.gz",
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            5_148,
        ),
    )
)
NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
# MNIST's files have the same names, so they are never looked for in the data directory itself.
FOLDERS = (
    "fashion-mnist",
    "fashion_mnist",
    "FashionMNIST/raw",
    "fashion-mnist/FashionMNIST/raw",
)
SIDE = 28
BLOCK = 1000  # images
REMEDY = remedy_of("fashion-mnist", what="files")


class FashionMnist:
    """Fashion-MNIST from its idx files, gzipped or not (Xiao, Rasul and Vollgraf 2017).

    Grey levels become RGB with three equal channels.
    """

    card: ClassVar[DatasetCard] = DatasetCard(
        title="Fashion-MNIST",
        summary="70,000 grey product photographs of ten kinds of clothing, 7,000 of each",
        classes=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        unseen=("Ankle boot", "Trouser"),
        train_images=60_000,
        test_images=10_000,
        image_size="28 × 28, grey",
        licence="MIT",
        homepage="https://github.com/zalandoresearch/fashion-mnist",
        citation=(
            "H. Xiao, K. Rasul, R. Vollgraf. Fashion-MNIST: a Novel Image Dataset for Benchmarking "
            "Machine Learning Algorithms. arXiv 1708.07747, 2017."
        ),
        embedding="glove-6b-50d",
        files=OFFICIAL,
        layouts=tuple(f"{folder}/{{train,t10k}}-*-ubyte[.gz]" for folder in FOLDERS),
        notes=(
            "The standard split is zslbench's own, since none is common: the two classes NAME "
            "with the smallest sha256 of 'zslbench:fashion-mnist:unseen:NAME'.",
            "Names are split into words: a vector of 'T-shirt/top' is the mean of t, shirt and "
            "top unless the embedding knows the phrase. With eight seen classes of clothing, word "
            "vectors have little to tell.",
        ),
    )

    def sources(self, places: Places) -> tuple[Path, ...]:
        """Return the four files of the first folder that has one of them.

        Raises DataError where there is none, or it lacks a file.
        """
        for folder in FOLDERS:
            found = [_existing(places.data_dir / folder / name) for name in NAMES]
            if not any(found):
                continue
            if missing := [name for name, path in zip(NAMES, found, strict=True) if path is None]:
                raise DataError(
                    f"{places.data_dir / folder} lacks {', '.join(missing)}, gzipped or not: add "
                    "it, or run 'zslbench data fetch fashion-mnist'"
                )
            return tuple(path for path in found if path is not None)
        ways = "; ".join(how_to_get(file, places.data_dir) for file in OFFICIAL)
        raise DataError(
            f"no Fashion-MNIST in {places.data_dir}: looked for {', '.join(self.card.layouts)}; "
            "run 'zslbench data fetch fashion-mnist', name another place with --data-dir, or "
            f"{ways}"
        )

    def fetch(self, places: Places) -> tuple[Path, ...]:
        """Download the official files where no folder is whole, and return :meth:`sources`."""
        try:
            return self.sources(places)
        except DataError:
            for file in OFFICIAL:
                fetch(file, places.data_dir, offline=places.offline, progress=places.progress)
        return self.sources(places)

    def load(self, places: Places) -> RawDataset:
        """Open the data set; its parts come in blocks of at most 1,000 images.

        Raises DataError, naming the file, where it is damaged or of another data set.
        """
        files = self.sources(places)
        classes = len(self.card.classes)
        return RawDataset(
            class_names=self.card.classes,
            train=lambda: _blocks(files[0], files[1], classes),
            test=lambda: _blocks(files[2], files[3], classes),
        )

    def sentences(self) -> Iterable[str] | None:
        """Return None: nobody wrote sentences about these classes."""
        return None


def _existing(path: Path) -> Path | None:
    """Return the file or, where there is none, its gzipped form."""
    for file in (path, path.with_name(path.name + ".gz")):
        if file.is_file():
            return file
    return None


def _blocks(images: Path, labels: Path, classes: int) -> Iterator[ImageBlock]:
    y = _labels(labels, classes)
    with open_idx(images, (SIDE, SIDE), REMEDY) as reader:
        if reader.count != len(y):
            raise DataError(
                f"{images} has {reader.count:,} images, but {labels} has {len(y):,} labels: they "
                f"do not belong together; {REMEDY}"
            )
        first = 0
        for grey in reader.blocks(BLOCK):
            rgb = np.repeat(grey[..., None], 3, axis=3)
            yield ImageBlock(rgb, y[first : first + len(grey)])
            first += len(grey)


def _labels(path: Path, classes: int) -> Int:
    with open_idx(path, (), REMEDY) as reader:
        y = np.concatenate(list(reader.blocks(BLOCK))).astype(np.int64)
    bad = np.flatnonzero(y >= classes)
    if len(bad):
        raise DataError(
            f"{path} is damaged: row {bad[0]} has label {y[bad[0]]}, expected 0 to {classes - 1}; "
            f"{REMEDY}"
        )
    return y
