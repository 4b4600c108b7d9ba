"""A data set's images as the harness keeps them: decoded once, in canonical order, memory-mapped.

An image's id is the sha256 of its decoded uint8 RGB pixels, or what the data set states: for a
lossy file that is the sha256 of its bytes, since decoders differ. Canonical order is (id, class
name, row in the source), and classes are sorted by name, so that every lossless layout of a data
set gives the same rows, the same fingerprint, the same task.

A part whose images have one size is an array (n, h, w, 3) in a file; any other is ragged: the
images one after the other, with offsets and sizes in the index.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from zslbench.disk import DamagedFileWarning, locked, require_space
from zslbench.errors import DataError, PluginError
from zslbench.hashes import hash_json
from zslbench.ragged import RaggedImages, RaggedPixels

if TYPE_CHECKING:
    from zslbench.contracts import ImageBlock, Int, Progress, RawDataset, UInt8
    from zslbench.contracts.data import MixedImageSource

FORMAT = 1  # of the folders written here
CHUNK = 1 << 26  # bytes of pixels sorted at once


@dataclass(frozen=True)
class ImagePart:
    """One part (training or test) of a data set in canonical order."""

    pixels: UInt8 | RaggedPixels  # (n, h, w, 3), memory-mapped, or images that differ in size
    ids: UInt8  # (n, 32): sha256 of each image's pixels, or of a lossy file's bytes
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


def images_at(pixels: UInt8 | RaggedPixels, rows: Int) -> MixedImageSource:
    """The images at ``rows`` of a part's ``pixels``, as they are stored."""
    if isinstance(pixels, RaggedPixels):
        return RaggedImages(pixels, rows)
    return PartImages(pixels, rows)


def open_stored(folder: Path) -> StoredDataset | None:
    """Return the data set stored in ``folder``, or None where there is none.

    A damaged one is warned of (DamagedFileWarning), and counts as none: it is decoded again.
    """
    note = folder / "index.json"
    if not note.is_file():
        return None
    try:
        stored = _open(folder, json.loads(note.read_text()))
    except (OSError, ValueError, KeyError, TypeError, IndexError, SafetensorError) as error:
        warnings.warn(
            f"data set in the cache, {folder}, is damaged ({error}): it is decoded again",
            DamagedFileWarning,
            stacklevel=2,
        )
        return None
    note.touch()  # for "zslbench cache prune": last used now
    return stored


def _open(folder: Path, meta: Mapping[str, Any]) -> StoredDataset:
    index = load_file(folder / "index.safetensors")
    parts = {}
    for name in ("train", "test"):
        file, shape = folder / f"{name}.u8", meta["shape"][name]
        pixels: UInt8 | RaggedPixels
        if shape is None:
            flat = np.memmap(file, np.uint8, "r")
            pixels = RaggedPixels(flat, index[f"{name}_offsets"], index[f"{name}_shapes"])
        else:
            pixels = np.memmap(file, np.uint8, "r", shape=tuple(shape))
        parts[name] = ImagePart(pixels, index[f"{name}_ids"], index[f"{name}_labels"])
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
    shapes: dict[str, list[int] | None] = {}  # None: ragged
    skipped = 0
    for part, blocks in (("train", raw.train), ("test", raw.test)):
        rows = _write_part(f"{what}: {part}", blocks(), new_label, folder / f"{part}.u8", progress)
        arrays[f"{part}_ids"], arrays[f"{part}_labels"] = rows.ids, rows.labels
        skipped += rows.skipped
        if (rows.sizes == rows.sizes[0]).all():
            shapes[part] = [len(rows.ids), *rows.sizes[0].tolist(), 3]
        else:
            shapes[part] = None
            arrays[f"{part}_offsets"] = np.append(0, np.cumsum(3 * rows.sizes.prod(axis=1)))
            arrays[f"{part}_shapes"] = rows.sizes
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
    """A part in canonical order."""

    ids: UInt8
    labels: Int
    sizes: Int  # (n, 2): height and width
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
    sizes: list[tuple[int, int]] = []
    skipped = 0
    unsorted = target.with_name("unsorted.u8")
    with unsorted.open("wb") as file:
        for block in blocks:
            _check_block(block, what, len(new_label))
            needed = 2 * sum(image.nbytes for image in block.images)
            require_space(target.parent, needed, "decoding images", "--cache-dir")
            images = [np.ascontiguousarray(image) for image in block.images]
            stated = [None] * len(images) if block.ids is None else [bytes(i) for i in block.ids]
            ids += [
                known or hashlib.sha256(image.data).digest()
                for known, image in zip(stated, images, strict=True)
            ]
            labels.append(new_label[block.labels])
            sizes += [(image.shape[0], image.shape[1]) for image in images]
            for image in images:
                file.write(image.data)
            skipped += block.skipped
            progress(len(ids), 0)
    if not ids:
        left_out = f" ({skipped:,} corrupt ones were left out)" if skipped else ""
        raise DataError(f"{what} part holds no images{left_out}: check the data set's files")
    all_labels, all_sizes = np.concatenate(labels), np.array(sizes, np.int64)
    order = np.array(sorted(range(len(ids)), key=lambda i: (ids[i], all_labels[i], i)))
    _sort_pixels(unsorted, target, order, all_sizes)
    sorted_ids = np.frombuffer(b"".join(ids), np.uint8).reshape(-1, 32)[order]
    return _Rows(np.ascontiguousarray(sorted_ids), all_labels[order], all_sizes[order], skipped)


def _sort_pixels(unsorted: Path, target: Path, order: Int, sizes: Int) -> None:
    """Write the images of ``unsorted``, of ``sizes`` (n, 2), in ``order`` to ``target``."""
    if (sizes == sizes[0]).all():
        pixels = np.memmap(unsorted, np.uint8, "r", shape=(len(order), *sizes[0], 3))
        step = max(1, CHUNK // pixels[0].nbytes)
        with target.open("wb") as file:
            for first in range(0, len(order), step):
                file.write(pixels[order[first : first + step]].data)
        del pixels
    else:
        lengths = 3 * sizes.prod(axis=1)
        starts = np.cumsum(lengths) - lengths
        with unsorted.open("rb") as source, target.open("wb") as file:
            for row in order:
                file.write(os.pread(source.fileno(), int(lengths[row]), int(starts[row])))
    unsorted.unlink()


def _check_block(block: ImageBlock, what: str, classes: int) -> None:
    images, labels, ids = block.images, block.labels, block.ids
    if isinstance(images, np.ndarray):
        good = images.dtype == np.uint8 and images.ndim == 4 and images.shape[3] == 3
        got, expected = f"{images.dtype} {images.shape}", "uint8 (b, h, w, 3)"
    else:
        odd = [i for i in images if i.dtype != np.uint8 or i.ndim != 3 or i.shape[2] != 3]
        good, expected = not odd, "uint8 (h, w, 3) each"
        got = f"{odd[0].dtype} {odd[0].shape}" if odd else ""
    if not good:
        raise PluginError(f"{what} block broke its contract: got {got}; expected {expected}")
    if labels.shape != (len(images),) or (
        len(labels) and not (labels.min() >= 0 and labels.max() < classes)
    ):
        raise PluginError(
            f"{what} block broke its contract: its labels must be {len(images)} integers in "
            f"[0, {classes})"
        )
    if ids is not None and (ids.dtype != np.uint8 or ids.shape != (len(images), 32)):
        raise PluginError(
            f"{what} block broke its contract: its ids are {ids.dtype} {ids.shape}; expected "
            f"uint8 ({len(images)}, 32)"
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
