"""Files of features as arrays: npz, npy with an index, parquet, mat; nothing is ever unpickled."""

from __future__ import annotations

import csv
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from zslbench.errors import DataError, EnvironmentFailure, InputError
from zslbench_plugins.backbones.feature_parquet import read_parquet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zslbench.contracts import UInt8

WHOLE, PARTS, IDS = "features", ("train", "test"), "ids"
NAMES = (WHOLE, *PARTS, IDS)
LAYOUT = (
    "'features' (n, d) with 'ids' (n, 32) uint8 or (n,) of 64 hex digits, or 'train' and 'test' "
    "(n, d) in canonical order"
)
DIGEST = 32  # bytes of a sha256
HEX = re.compile(r"[0-9a-fA-F]{64}")
OBJECTS = ("Object arrays", "Python objects")  # numpy's words where it would have to unpickle
INDEXES = (".ids.txt", ".ids.csv")  # in place of .npy


@dataclass(frozen=True)
class FeatureFile:
    """What a file holds: numbers (n, d) by name, and whose the rows are where it says so.

    ``arrays`` has ``features`` alone, or ``train`` and ``test``; ``ids`` belong to ``features``.
    """

    arrays: Mapping[str, NDArray[Any]]
    ids: UInt8 | None  # (n, 32)


def files_of(path: Path) -> tuple[Path, ...]:
    """Return ``path`` and, of an npy, its index where there is one.

    Raises InputError for a file of another kind, or with two indexes; DataError where it is absent.
    """
    if path.suffix.lower() not in READERS:
        raise InputError(
            f"features {path.name!r}: the name ends in {path.suffix or 'nothing'!r}; allowed are "
            f"{', '.join(READERS)}: write the features as one of these"
        )
    if not path.is_file():
        raise DataError(f"no file {path}: check the path of the features")
    if path.suffix.lower() != ".npy":
        return (path,)
    indexes = [file for ending in INDEXES if (file := path.with_suffix(ending)).is_file()]
    if len(indexes) > 1:
        raise InputError(
            f"features {path.name!r} have two indexes, {indexes[0].name!r} and "
            f"{indexes[1].name!r}: leave one of them"
        )
    return (path, *indexes)


def read_features(path: Path) -> FeatureFile:
    """Return the arrays of ``path`` as they are, an npy's mapped into memory.

    Raises DataError where the file is damaged, InputError where it holds something else, and for
    Python objects, which only unpickling could read.
    """
    files = files_of(path)
    with _reading(path):
        arrays, held = READERS[path.suffix.lower()](path)
    if len(files) > 1:
        arrays[IDS] = np.array(_read_index(files[1]), dtype=str)
    return _arranged(path, arrays, held)


def _arranged(path: Path, arrays: Mapping[str, NDArray[Any]], held: Sequence[str]) -> FeatureFile:
    """The one layout or the other; ``held`` are all names in the file, for the message."""
    found = [name for name in (WHOLE, *PARTS) if name in arrays]
    if found not in ([WHOLE], list(PARTS)):
        raise InputError(
            f"features {path.name!r} hold {', '.join(held) or 'nothing'}; expected {LAYOUT}"
        )
    for name in found:
        _check_matrix(path, name, arrays[name])
    matrices = {name: arrays[name] for name in found}
    widths = [matrix.shape[1] for matrix in matrices.values()]
    if len(set(widths)) > 1:
        raise InputError(
            f"features {path.name!r}: 'train' has {widths[0]} columns and 'test' {widths[1]}; all "
            "images have the same features: compute both parts alike"
        )
    ids = arrays.get(IDS) if found == [WHOLE] else None
    if ids is None:
        return FeatureFile(matrices, None)
    parsed = parse_ids(path, ids)
    if len(parsed) != len(matrices[WHOLE]):
        raise InputError(
            f"features {path.name!r}: {len(parsed):,} ids and {len(matrices[WHOLE]):,} rows of "
            "features; expected an id for each row"
        )
    return FeatureFile(matrices, parsed)


def _check_matrix(path: Path, name: str, array: Any) -> None:
    if not isinstance(array, np.ndarray):  # a sparse matrix of MATLAB's
        raise InputError(
            f"features {path.name!r}: {name!r} is a {type(array).__name__}; expected a full matrix "
            "of numbers (n, d)"
        )
    if array.dtype.kind not in "fiu" or array.ndim != 2 or not array.shape[1]:
        raise InputError(
            f"features {path.name!r}: {name!r} is {array.dtype} {array.shape}; expected numbers "
            "(n, d), a row an image"
        )


def parse_ids(path: Path, values: NDArray[Any]) -> UInt8:
    """Return ids (n, 32) from such bytes, or from texts (n,) of 64 hex digits; InputError."""
    if values.dtype == np.uint8 and values.ndim == 2 and values.shape[1] == DIGEST:
        return values
    texts = [_text(value) for value in values.ravel().tolist()]
    bad = [i for i, text in enumerate(texts) if not HEX.fullmatch(text)]
    if bad or values.dtype.kind not in "USO":
        got = f"row {bad[0]} is {texts[bad[0]][:70]!r}" if bad and values.dtype.kind in "US" else ""
        raise InputError(
            f"features {path.name!r}: ids are {values.dtype} {values.shape}"
            + (f", {got} ({len(bad):,} such rows)" if got else "")
            + "; expected uint8 (n, 32) or texts (n,) of 64 hex digits: the sha256 of each image, "
            "as 'zslbench data ids' prints it"
        )
    return np.frombuffer(bytes.fromhex("".join(texts)), np.uint8).reshape(-1, DIGEST)


def _text(value: Any) -> str:
    """A text of an array; of MATLAB's cells, each is an array of one text."""
    if isinstance(value, np.ndarray):
        value = value.item() if value.size == 1 else ""
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    return str(value).strip()


Found = tuple[dict[str, "NDArray[Any]"], Sequence[str]]  # arrays, and all names that there are


def _read_npz(path: Path) -> Found:
    with path.open("rb") as file:  # numpy leaves a damaged archive open
        archive = np.load(file, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise ValueError("it is one array, which belongs in an .npy")
        return {name: archive[name] for name in NAMES if name in archive.files}, archive.files


def _read_npy(path: Path) -> Found:
    with path.open("rb") as file:
        if file.read(2) == b"PK":
            raise ValueError("it is an archive, which is called .npz")
    return {WHOLE: np.load(path, mmap_mode="r", allow_pickle=False)}, (WHOLE,)


def _read_parquet(path: Path) -> Found:
    features, ids = read_parquet(path)
    arrays = {WHOLE: features} | ({} if ids is None else {IDS: ids})
    return arrays, tuple(arrays)


def _read_mat(path: Path) -> Found:
    from scipy.io import loadmat

    try:
        content = loadmat(path, variable_names=NAMES)
    except NotImplementedError as error:
        raise InputError(
            f"features {path.name!r} are a MATLAB 7.3 file, which is HDF5 and is not read: save it "
            "with save(…, '-v7'), or write an .npz from Python"
        ) from error
    except Exception as error:  # the reader raises whatever the damaged bytes lead it to
        raise ValueError(str(error)) from error
    held = [name for name in content if not name.startswith("__")]
    return {name: content[name] for name in held}, held


def _read_index(path: Path) -> list[str]:
    """The ids of an npy's rows: one a line, or the column ``id`` of a csv."""
    with _reading(path):
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file, strict=True) if row]
        head = [cell.strip().lower() for cell in rows[0]] if rows else []
        if "id" not in head:
            return [",".join(row) for row in rows]
        column = head.index("id")
        return [row[column] if len(row) > column else "" for row in rows[1:]]


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Name the file in whatever reading damaged bytes raises."""
    try:
        yield
    except PermissionError as error:
        raise EnvironmentFailure(
            f"cannot read {path}: permission denied; make it readable"
        ) from error
    except (
        OSError, EOFError, ValueError, KeyError, RuntimeError, csv.Error, zipfile.BadZipFile,
        zlib.error,
    ) as error:  # fmt: skip
        if any(words in str(error) for words in OBJECTS):
            raise InputError(
                f"features {path.name!r} hold Python objects, which only unpickling could read, "
                "and that could run any program: save numbers as floats, and ids with dtype=str"
            ) from error
        # What the system says has the whole path in it, which is to stay out of records.
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise DataError(
            f"features {path.name!r} cannot be read ({reason}): write the file again"
        ) from error


READERS: Mapping[str, Callable[[Path], Found]] = MappingProxyType(
    {".npz": _read_npz, ".npy": _read_npy, ".parquet": _read_parquet, ".mat": _read_mat}
)
