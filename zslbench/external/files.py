"""Files of predictions as columns: csv, npz, parquet; nothing is ever unpickled."""

from __future__ import annotations

import csv
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zslbench.errors import DataError, InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Columns = Mapping[str, NDArray[Any]]

SCORE = "score_"
MATRIX = ("scores", "classes")


def read_columns(path: Path) -> Columns:
    """Return the columns (n,) of ``path``, text, integers or floats; a csv's are all text.

    An npz's matrix ``scores`` becomes a column ``score_CLASS`` for each of its ``classes``. Raises
    DataError where the file is absent or damaged, InputError where it holds something else.
    """
    read = READERS.get(path.suffix.lower())
    if read is None:
        raise InputError(
            f"predictions {path.name!r}: the name ends in {path.suffix or 'nothing'!r}; allowed "
            f"are {', '.join(READERS)}: write the predictions as one of these"
        )
    if not path.is_file():
        raise DataError(f"predictions {path} are absent or no file: check the name")
    columns = read(path)
    if not columns:
        raise InputError(f"predictions {path.name!r} hold no columns: write 'position' and 'label'")
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise InputError(
            f"predictions {path.name!r} have columns of different lengths ({told}): write one row "
            "for each test image"
        )
    return columns


def _read_csv(path: Path) -> Columns:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = [line for line in csv.reader(file, strict=True) if line]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _damaged(path, error) from error
    header, rows = (lines[0], lines[1:]) if lines else ([], [])
    names = [name.strip() for name in header]
    _check_names(path, names)
    ragged = [i for i, row in enumerate(rows) if len(row) != len(names)]
    if ragged:
        raise InputError(
            f"predictions {path.name!r}: row {ragged[0]} has {len(rows[ragged[0]])} cells "
            f"({len(ragged)} such rows), the header has {len(names)}: write as many in every row, "
            "and quote names that hold commas"
        )
    cells = zip(*rows, strict=True) if rows else ((),) * len(names)
    return {name: np.array(column, dtype=str) for name, column in zip(names, cells, strict=True)}


def _read_parquet(path: Path) -> Columns:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise _damaged(path, error) from error
    _check_names(path, table.column_names)
    return {name: _plain(path, name, table[name]) for name in table.column_names}


def _plain(path: Path, name: str, column: Any) -> NDArray[Any]:
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if column.null_count:
        raise InputError(
            f"predictions {path.name!r}: column {name!r} has {column.null_count} empty cells; "
            "write a value in every row, or leave the column out"
        )
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return np.array(column.to_pylist(), dtype=str)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return np.asarray(column.to_numpy())
    raise InputError(
        f"predictions {path.name!r}: column {name!r} is of type {kind}; allowed are strings, "
        "integers and floats"
    )


def _read_npz(path: Path) -> Columns:
    try:
        with np.load(path, allow_pickle=False) as archive:
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError("it is one array")
            _check_names(path, archive.files)
            arrays = {name: _array(path, name, archive) for name in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, KeyError) as error:
        raise _damaged(path, error) from error
    matrix = {name: arrays.pop(name) for name in MATRIX if name in arrays}
    for name, values in arrays.items():
        if values.ndim != 1:
            raise InputError(
                f"predictions {path.name!r}: array {name!r} is of shape {values.shape}; allowed "
                "is (n,), a value for each test image"
            )
    return {**arrays, **dict(_split_matrix(path, matrix, taken=arrays))}


def _array(path: Path, name: str, archive: Any) -> NDArray[Any]:
    """One array of an npz; raise InputError for Python objects, which are never unpickled."""
    try:
        values = np.asarray(archive[name])
    except ValueError as error:
        if "Object arrays" not in str(error):
            raise
        raise InputError(
            f"predictions {path.name!r}: array {name!r} holds Python objects, which only "
            "unpickling could read, and that could run any program: save strings with dtype=str, "
            "and numbers as integers or floats"
        ) from error
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8")
    if values.dtype.kind not in "Uiuf":
        raise InputError(
            f"predictions {path.name!r}: array {name!r} is of type {values.dtype}; allowed are "
            "strings, integers and floats"
        )
    return values


def _split_matrix(
    path: Path, matrix: Columns, *, taken: Columns
) -> Iterator[tuple[str, NDArray[Any]]]:
    if not matrix:
        return
    scores, classes = (matrix.get(name, np.zeros(0)) for name in MATRIX)
    if classes.dtype.kind != "U" or classes.ndim != 1 or scores.shape[1:] != classes.shape:
        raise InputError(
            f"predictions {path.name!r}: scores {scores.shape} and classes {classes.dtype}"
            f"{classes.shape}; expected scores (n, c) and the c names of its columns as strings"
        )
    names = [f"{SCORE}{name}" for name in classes]
    _check_names(path, [*taken, *names])
    yield from zip(names, scores.T, strict=True)


def _check_names(path: Path, names: list[str]) -> None:
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise InputError(
            f"predictions {path.name!r} have column {double[0]!r} more than once: leave one of them"
        )


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(f"predictions {path} cannot be read ({error}): write the file again")


READERS: dict[str, Callable[[Path], Columns]] = {
    ".csv": _read_csv,
    ".npz": _read_npz,
    ".parquet": _read_parquet,
}
