"""Image files of the user's own, of any common format and size, decoded to uint8 RGB once.

A decoded image is upright (EXIF), grey as RGB, 16 bits cut to the upper 8, CMYK converted without
colour management, transparent pixels laid over white, of an animation the first frame. Its shorter
side is at most ``side``: a larger image is reduced, antialiased, its aspect kept.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from PIL import Image, UnidentifiedImageError

from zslbench.contracts import ImageBlock
from zslbench.errors import DataError
from zslbench.resize import size_for_shorter

if TYPE_CHECKING:
    from zslbench.contracts import UInt8

Part = Literal["train", "test"]
SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("png", "apng", "jpg", "jpeg", "jpe", "jfif", "mpo", "jp2", "j2k", "jpf", "jpx", "j2c"),
        *("jpc", "webp", "avif", "gif", "bmp", "dib", "tif", "tiff", "ppm", "pgm", "pbm", "pnm"),
        *("tga", "qoi", "pcx"),
    )
)
FORMATS = (  # not all that Pillow knows: EPS, for one, would start an interpreter of programs
    *("PNG", "JPEG", "MPO", "JPEG2000", "WEBP", "AVIF", "GIF", "BMP", "DIB", "TIFF", "PPM"),
    *("TGA", "QOI", "PCX"),
)
LOSSY = frozenset({"JPEG", "MPO", "JPEG2000", "AVIF"})
LOSSY_IN_TIFF = frozenset({"jpeg", "tiff_jpeg", "webp"})
ORIENTATION = 0x0112  # the EXIF tag
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
BLOCK = 64  # images decoded before they are handed on
DECODERS = 2  # Pillow lets other threads run while it decodes


class ImageFile(NamedTuple):  # of these there may be 100,000
    """A file, the class of its image, and its part; None where a rule is to choose."""

    where: str
    name: str  # below the data set's folder: what a message calls it, and its key in the cache
    label: str
    part: Part | None

    @property
    def path(self) -> Path:
        """The file's path."""
        return Path(self.where)


@dataclass(frozen=True)
class Decoded:
    """An image (h, w, 3) uint8 RGB and its id (32 bytes)."""

    pixels: UInt8
    id: bytes


def blocks(
    files: Sequence[ImageFile], classes: Sequence[str], *, side: int, skip_corrupt: bool
) -> Iterator[ImageBlock]:
    """Decode ``files`` in their order, at most 64 a block, with labels into ``classes``.

    An image that cannot be decoded is a DataError that names it, or left out and counted.
    """
    number = {name: i for i, name in enumerate(classes)}
    with ThreadPoolExecutor(DECODERS) as pool:
        for start in range(0, len(files), BLOCK):
            some = files[start : start + BLOCK]
            with bombs_refused():
                found = list(pool.map(lambda file: read_image(file.path, side), some))
            yield _block(some, found, number, skip_corrupt=skip_corrupt)


def _block(
    files: Sequence[ImageFile],
    found: Sequence[Decoded | str],
    number: Mapping[str, int],
    *,
    skip_corrupt: bool,
) -> ImageBlock:
    images: list[UInt8] = []
    labels: list[int] = []
    ids: list[bytes] = []
    for file, image in zip(files, found, strict=True):
        if isinstance(image, Decoded):
            images.append(image.pixels)
            labels.append(number[file.label])
            ids.append(image.id)
        elif not skip_corrupt:
            raise DataError(
                f"image {file.path} {image}; mend it, move it away, or leave corrupt images out "
                "with --skip-corrupt"
            )
    return ImageBlock(
        images=np.stack(images) if len({x.shape for x in images}) == 1 else images,
        labels=np.array(labels, np.int64),
        skipped=len(files) - len(images),
        ids=np.frombuffer(b"".join(ids), np.uint8).reshape(-1, 32),
    )


def read_image(path: Path, side: int) -> Decoded | str:
    """Return the image of ``path``, its shorter side at most ``side``, or what is wrong with it."""
    try:
        data = path.read_bytes()
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    try:
        return _decode(data, side)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return (
            f"holds more than {Image.MAX_IMAGE_PIXELS:,} pixels, as a decompression bomb would: "
            "if it is genuine, reduce it first"
        )
    except UnidentifiedImageError:
        return "is empty" if not data else "cannot be decoded (of no known image format)"
    except MemoryError:
        raise
    except Exception as error:  # whatever a damaged file makes a decoder raise
        return f"cannot be decoded ({str(error) or type(error).__name__})"


def _decode(data: bytes, side: int) -> Decoded:
    with Image.open(BytesIO(data), formats=_formats()) as image:
        lossy = _is_lossy(image, data)
        full = image.size if image.format == "JPEG" else None
        if full is not None:
            # The decoder itself can halve a JPEG, which is fast; twice the side is left over.
            image.draft(None, (2 * side, 2 * side))
        image.load()
        turn = TURNS.get(_orientation(image))
        picture = _rgb(image)
    if turn is not None:
        picture = picture.transpose(turn)
    size = picture.size
    if full is not None:
        size = full if (full[0] < full[1]) == (size[0] < size[1]) else (full[1], full[0])
    reduced = min(size) > side
    if reduced:
        size = size_for_shorter(size, side)
        picture = picture.resize(size, Image.Resampling.BICUBIC, reducing_gap=3.0)
    pixels = np.asarray(picture)
    if lossy:
        # What is kept of a reduced image depends on its size too.
        height, width = pixels.shape[:2]
        digest = hashlib.sha256(data + (f" {height}×{width}".encode() if reduced else b""))
    else:
        digest = hashlib.sha256(np.ascontiguousarray(pixels).data)
    return Decoded(pixels, digest.digest())


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode == "F":
        raise ValueError("its pixels are floating-point numbers: save it with 8 or 16 bits")
    if image.mode == "I" or image.mode.startswith("I;16"):
        values = np.asarray(image).astype(np.int64).clip(0, 65535)
        return Image.fromarray((values >> 8).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 (upright) where there is none that can be read."""
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # damaged metadata: the image itself is sound
        return 1


def _is_lossy(image: Image.Image, data: bytes) -> bool:
    if image.format == "WEBP":
        return b"VP8L" not in _chunks(data)
    if image.format == "TIFF":
        return image.info.get("compression") in LOSSY_IN_TIFF
    return image.format in LOSSY


def _chunks(data: bytes) -> Iterator[bytes]:
    """The names of a RIFF file's outermost chunks."""
    start = 12
    while start + 8 <= len(data):
        yield data[start : start + 4]
        length = int.from_bytes(data[start + 4 : start + 8], "little")
        start += 8 + length + length % 2


@contextmanager
def bombs_refused() -> Iterator[None]:
    """Make Pillow's warning of too many pixels an error, and its warnings of metadata silent.

    Not inside the decoding threads, because filters of warnings are those of the whole process.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


@cache
def _formats() -> tuple[str, ...]:
    """Those of :data:`FORMATS` that this Pillow can read."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)
