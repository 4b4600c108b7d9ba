"""A data set's images as the harness keeps them: decoded once, in canonical order, memory-mapped.

An image's id is the sha256 of its decoded uint8 RGB pixels. Canonical order is (id, class name,
row in the source), and classes are sorted by name, so that every lossless layout of a data set
gives the same rows, the same fingerprint, the same task.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors.numpy import load_file, save_file

from zslbench.disk import locked, require_space
from zslbench.errors import DataError, PluginError
from zslbench.hashes import hash_json

if TYPE_CHECKING:
    from zslbench.contracts import ImageBlock, Int, Progress, RawDataset, UInt8

FORMAT = 1  # of the folders written here


@dataclass(frozen=True)
class ImagePart:
    """One part (training or test) of a data set in canonical order."""

    pixels: UInt8  # (n, h, w, 3), memory-mapped
    ids: UInt8  # (n, 32): sha256 of each image's pixels
    labels: Int  # (n,) into the sorted class names


@dataclass(frozen=True)
class StoredDataset:
    """A data set in the cache."""

    class_names: tuple[str, ...]
    train: ImagePart
    test: ImagePart
    fingerprint: str
    skipped: int

    @property
    def duplicates(self) -> dict[str, int]:
        """Images that repeat another's pixels: within each part, and test images in training."""
        train, test = (_rows_as_keys(part.ids) for part in (self.train, self.test))
        return {
            "train": len(train) - len(np.unique(train)),
            "test": len(test) - len(np.unique(test)),
            "test_in_train": int(np.isin(test, train).sum()),
        }


class PartImages:
    """The images of a part at chosen rows: an ImageSource without labels, paths or class order."""

    def __init__(self, pixels: UInt8, rows: Int) -> None:
        self._pixels = pixels
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def blocks(self, start: int = 0, size: int = 256) -> Iterator[UInt8]:
        """Yield (b, h, w, 3) blocks of at most ``size`` images from image ``start`` on."""
        for first in range(start, len(self._rows), size):
            yield np.ascontiguousarray(self._pixels[self._rows[first : first + size]])

    def take(self, rows: Int) -> UInt8:
        """Return the images at ``rows`` (len(rows), h, w, 3)."""
        return np.ascontiguousarray(self._pixels[self._rows[rows]])


def open_stored(folder: Path) -> StoredDataset | None:
    """Return the data set stored in ``folder``, or None where there is none."""
    note = folder / "index.json"
    if not note.is_file():
        return None
    note.touch()  # for "zslbench cache prune": last used now
    meta = json.loads(note.read_text())
    index = load_file(folder / "index.safetensors")
    parts = {
        name: ImagePart(
            pixels=np.memmap(
                folder / f"{name}.u8", np.uint8, "r", shape=tuple(meta["shape"][name])
            ),
            ids=index[f"{name}_ids"],
            labels=index[f"{name}_labels"],
        )
        for name in ("train", "test")
    }
    return StoredDataset(
        class_names=tuple(meta["classes"]),
        train=parts["train"],
        test=parts["test"],
        fingerprint=meta["fingerprint"],
        skipped=meta["skipped"],
    )


def store(
    raw: RawDataset, folder: Path, progress: Progress, *, what: str = "data set"
) -> StoredDataset:
    """Decode ``raw`` into ``folder`` (whole or not at all) and return it.

    ``what`` names the data set in errors: DataError for damage, PluginError for a broken contract.
    """
    with locked(folder.with_suffix(".lock")):
        stored = open_stored(folder)
        if stored is not None:
            return stored
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".decoding-"))
        try:
            _write(raw, temporary, progress, what)
            shutil.rmtree(folder, ignore_errors=True)
            temporary.rename(folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    stored = open_stored(folder)
    if stored is None:
        raise PluginError(f"data set stored at {folder} vanished: run again")
    return stored


def _write(raw: RawDataset, folder: Path, progress: Progress, what: str) -> None:
    names = raw.class_names
    if len(set(names)) != len(names):
        raise DataError(f"class names must differ, got {list(names)}")
    order = sorted(range(len(names)), key=names.__getitem__)
    new_label = np.empty(len(names), np.int64)
    new_label[order] = np.arange(len(names))
    arrays: dict[str, UInt8 | Int] = {}
    shapes, skipped = {}, 0
    for part, blocks in (("train", raw.train), ("test", raw.test)):
        rows = _write_part(f"{what}: {part}", blocks(), new_label, folder / f"{part}.u8", progress)
        arrays[f"{part}_ids"], arrays[f"{part}_labels"] = rows.ids, rows.labels
        shapes[part], skipped = list(rows.shape), skipped + rows.skipped
    classes = [names[i] for i in order]
    save_file(arrays, folder / "index.safetensors")
    meta = {
        "format": FORMAT,
        "classes": classes,
        "shape": shapes,
        "skipped": skipped,
        "fingerprint": _fingerprint(classes, arrays),
    }
    (folder / "index.json").write_text(json.dumps(meta))


@dataclass(frozen=True)
class _Rows:
    ids: UInt8
    labels: Int
    shape: tuple[int, ...]
    skipped: int


def _write_part(
    what: str,
    blocks: Iterator[ImageBlock],
    new_label: Int,
    target: Path,
    progress: Progress,
) -> _Rows:
    ids: list[bytes] = []
    labels: list[Int] = []
    shape: tuple[int, ...] | None = None
    skipped = 0
    unsorted = target.with_name("unsorted.u8")
    with unsorted.open("wb") as file:
        for block in blocks:
            _check_block(block, what, shape, len(new_label))
            shape = block.images.shape[1:]
            require_space(target.parent, 2 * block.images.nbytes, "decoding images", "--cache-dir")
            images = np.ascontiguousarray(block.images)
            ids.extend(hashlib.sha256(image).digest() for image in images)
            labels.append(new_label[block.labels])
            file.write(images.data)
            skipped += block.skipped
            progress(len(ids), 0)
    if shape is None:
        raise DataError(f"{what} part holds no images: check the data set's files")
    all_labels = np.concatenate(labels)
    order = np.array(sorted(range(len(ids)), key=lambda i: (ids[i], all_labels[i], i)))
    _sort_pixels(unsorted, target, order, shape)
    sorted_ids = np.frombuffer(b"".join(ids), np.uint8).reshape(-1, 32)[order]
    return _Rows(np.ascontiguousarray(sorted_ids), all_labels[order], (len(ids), *shape), skipped)


def _sort_pixels(unsorted: Path, target: Path, order: Int, shape: tuple[int, ...]) -> None:
    pixels = np.memmap(unsorted, np.uint8, "r", shape=(len(order), *shape))
    with target.open("wb") as file:
        for first in range(0, len(order), 1000):
            file.write(pixels[order[first : first + 1000]].data)
    del pixels
    unsorted.unlink()


def _check_block(block: ImageBlock, what: str, shape: tuple[int, ...] | None, classes: int) -> None:
    images, labels = block.images, block.labels
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != 3:
        raise PluginError(
            f"{what} block broke its contract: got {images.dtype} {images.shape}; "
            "expected uint8 (b, h, w, 3)"
        )
    if shape is not None and images.shape[1:] != shape:
        raise DataError(f"{what} images differ in size: {shape} and {images.shape[1:]}")
    if labels.shape != (len(images),) or (
        len(labels) and not (labels.min() >= 0 and labels.max() < classes)
    ):
        raise PluginError(
            f"{what} block broke its contract: its labels must be {len(images)} integers in "
            f"[0, {classes})"
        )


def _fingerprint(classes: list[str], arrays: dict[str, UInt8 | Int]) -> str:
    """Hash of the pairs (image, class name) of both parts, whatever numbers the classes have."""
    return hash_json(
        {
            part: hashlib.sha256(
                b"".join(
                    bytes(image) + classes[label].encode() + b"\0"
                    for image, label in zip(
                        arrays[f"{part}_ids"], arrays[f"{part}_labels"], strict=True
                    )
                )
            ).hexdigest()
            for part in ("train", "test")
        }
    )


def _rows_as_keys(ids: UInt8) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    return np.ascontiguousarray(ids).view("V32").ravel()
