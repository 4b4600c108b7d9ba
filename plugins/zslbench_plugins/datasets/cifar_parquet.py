"""A CIFAR data set as the Hugging Face hub keeps it: parquet files of encoded images."""

from __future__ import annotations

import json
import re
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image, UnidentifiedImageError

from zslbench.contracts import ImageBlock
from zslbench.errors import DataError
from zslbench_plugins.datasets.cifar_binary import BLOCK, SIDE, check_labels
from zslbench_plugins.datasets.damage import damage_named, remedy_of

if TYPE_CHECKING:
    from zslbench.contracts import Int, UInt8

Part = Literal["train", "test"]
IMAGE_COLUMNS = ("img", "image")
FORMATS = ("PNG", "WEBP")
DECODERS = 2  # Pillow lets other threads run while it decodes; more gain little on small images
UNDECODABLE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


@dataclass(frozen=True)
class HubForm:
    """What a data set's files on the hub call their labels, and the data set's own name."""

    dataset: str  # as in 'zslbench data fetch cifar10'
    label: str = "label"  # the column of labels

    @property
    def remedy(self) -> str:
        """What a message of damage ends with."""
        return remedy_of(self.dataset)


@dataclass(frozen=True)
class ParquetLayout:
    """``train-*.parquet`` and ``test-*.parquet``: a column of images, a column of labels."""

    train: tuple[Path, ...]
    test: tuple[Path, ...]
    form: HubForm
    skip_corrupt: bool = False

    @property
    def files(self) -> tuple[Path, ...]:
        """What is read from the disk."""
        return self.train + self.test

    def class_names(self) -> tuple[str, ...] | None:
        """Return the class names in the order of their labels; None where no file tells them."""
        told = {path: _names_in(path, self.form) for path in self.files}
        names = {value for value in told.values() if value is not None}
        if len(names) > 1:
            raise DataError(
                f"{', '.join(map(str, told))} disagree on the class names or their order; "
                f"{self.form.remedy}"
            )
        return names.pop() if names else None

    def blocks(self, part: Part, classes: int) -> Iterator[ImageBlock]:
        """Yield the images of a part; DataError for a damaged file, image or label."""
        with ThreadPoolExecutor(DECODERS) as pool:
            for path in self.train if part == "train" else self.test:
                row = 0
                for encoded, labels in _batches(path, self.form):
                    check_labels(labels, classes, str(path), row, self.form.remedy)
                    images = list(pool.map(decode, encoded))
                    yield self._block(images, labels, path, row)
                    row += len(labels)

    def _block(
        self, images: Sequence[UInt8 | str], labels: Int, path: Path, first_row: int
    ) -> ImageBlock:
        bad = [i for i, image in enumerate(images) if isinstance(image, str)]
        if bad and not self.skip_corrupt:
            raise DataError(
                f"{path} is damaged: the image in row {first_row + bad[0]} {images[bad[0]]}; "
                f"{self.form.remedy}, or leave corrupt images out with --skip-corrupt"
            )
        good = [image for image in images if not isinstance(image, str)]
        pixels = np.stack(good) if good else np.empty((0, SIDE, SIDE, 3), np.uint8)
        return ImageBlock(pixels, np.delete(labels, bad), skipped=len(bad))


def find_parquet(folder: Path, form: HubForm, *, skip_corrupt: bool) -> ParquetLayout | None:
    """Return the layout in ``folder``, None where it has none; DataError names an absent part."""
    train, test = (tuple(sorted(folder.glob(f"{p}-*.parquet"))) for p in ("train", "test"))
    if not train and not test:
        return None
    for part, files in (("train", train), ("test", test)):
        if not files:
            raise DataError(
                f"{folder} lacks {part}-*.parquet: add it, or move the folder away, "
                f"then 'zslbench data fetch {form.dataset}' brings the official archive"
            )
        _check_shards(files)
    return ParquetLayout(train, test, form, skip_corrupt)


def tells_classes(folder: Path, form: HubForm, classes: Iterable[str]) -> bool:
    """Whether the parquet files of ``folder`` say that they hold exactly ``classes``."""
    files = [
        path for part in ("train", "test") for path in sorted(folder.glob(f"{part}-*.parquet"))
    ]
    return bool(files) and set(_names_in(files[0], form) or ()) == set(classes)


def _check_shards(files: tuple[Path, ...]) -> None:
    """Raise DataError for the first shard of ``PART-00001-of-00003.parquet`` that is absent."""
    for file in files:
        match = re.fullmatch(r"(\w+)-\d+-of-(\d+)\.parquet", file.name)
        if match is None:
            continue
        for i in range(int(match[2])):
            shard = file.with_name(f"{match[1]}-{i:05d}-of-{match[2]}.parquet")
            if shard not in files:
                raise DataError(f"{shard} is absent, but {file.name} is there: add it")


def decode(encoded: bytes | None) -> UInt8 | str:
    """Return the image as (32, 32, 3) uint8 RGB, or what is wrong with it."""
    if encoded is None:
        return "has no bytes"
    try:
        with Image.open(BytesIO(encoded), formats=FORMATS) as image:
            # The header's size is checked first: a huge one is never decoded.
            if image.size != (SIDE, SIDE):
                return f"is {image.width} × {image.height}, expected {SIDE} × {SIDE}"
            return np.asarray(image.convert("RGB"))
    except UNDECODABLE as error:
        reason = "no PNG or WebP" if isinstance(error, UnidentifiedImageError) else error
        return f"cannot be decoded ({reason})"


def _batches(path: Path, form: HubForm) -> Iterator[tuple[list[bytes | None], Int]]:
    with _reading(path, form), pq.ParquetFile(path) as file:
        image = _image_column(file.schema_arrow, path, form)
        columns = [f"{image}.bytes", form.label]
        rows = 0
        for batch in file.iter_batches(BLOCK, columns=columns, use_threads=False):
            encoded = batch.column(image).flatten()[0].to_pylist()
            labels = batch.column(form.label).cast(pa.int64()).fill_null(-1).to_numpy()
            yield encoded, labels
            rows += len(labels)
    if not rows:
        raise DataError(f"{path} is damaged: it has no rows; {form.remedy}")


def _image_column(schema: pa.Schema, path: Path, form: HubForm) -> str:
    for name in IMAGE_COLUMNS:
        if name in schema.names and form.label in schema.names:
            kind = schema.field(name).type
            if pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0:
                return name
    raise DataError(
        f"{path} has the columns {', '.join(schema.names)}; expected 'img' (or 'image') with "
        f"'bytes' in it, and '{form.label}': it is another data set; {form.remedy}"
    )


def _names_in(path: Path, form: HubForm) -> tuple[str, ...] | None:
    """Return the class names that the hub's metadata in the schema tells, if it tells any."""
    with _reading(path, form):
        metadata = pq.read_schema(path).metadata or {}
        note = metadata.get(b"huggingface")
        value: Any = json.loads(note) if note is not None else {}
    for key in ("info", "features", form.label, "names"):
        value = value.get(key) if isinstance(value, dict) else None
    if not isinstance(value, list):
        return None
    return tuple(str(name) for name in value)


@contextmanager
def _reading(path: Path, form: HubForm) -> Iterator[None]:
    with damage_named(str(path), form.remedy):
        try:
            yield
        except pa.ArrowException as error:
            raise ValueError(str(error)) from error
