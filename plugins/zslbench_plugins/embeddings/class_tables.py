"""Vectors of classes as a table: an ``.npz`` of names and vectors, a CSV of attributes."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zslbench.embeddings import plain
from zslbench.errors import DataError
from zslbench_plugins.embeddings.vector_file import reading

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zslbench.contracts import Floats


def read_npz(path: Path) -> dict[str, Floats]:
    """Return the rows of ``vectors`` (n, k) by ``words`` or ``names`` (n,), in plain lower case.

    Arrays of objects are pickles: they are refused. DataError for anything else.
    """
    with reading(path) as file, np.load(file, allow_pickle=False) as archive:
        key = next((name for name in ("words", "names") if name in archive), None)
        if key is None or "vectors" not in archive:
            raise DataError(
                f"{path} holds the arrays {', '.join(archive.files) or 'none'}; expected 'vectors' "
                "(n, k) and 'words' or 'names' (n,)"
            )
        names, vectors = archive[key], archive["vectors"]
    if names.dtype.kind != "U" or names.ndim != 1:
        raise DataError(f"{path}: {key!r} is {names.dtype} {names.shape}; expected texts (n,)")
    if vectors.dtype.kind not in "fiub" or vectors.ndim != 2 or len(vectors) != len(names):
        raise DataError(
            f"{path}: 'vectors' is {vectors.dtype} {vectors.shape}; "
            f"expected numbers ({len(names)}, k)"
        )
    rows = vectors if vectors.dtype.kind == "f" else vectors.astype(np.float64)
    return _by_name(path, zip(names.tolist(), rows, strict=True))


def read_attributes(path: Path) -> dict[str, Floats]:
    """Return the attributes (k,) of each class of a CSV, in the file's order.

    The first cell tells the orientation: ``attribute`` (a row an attribute, a column a class) or
    ``class`` (a row a class, a column an attribute). DataError names file and line.
    """
    with reading(path) as file:
        text = io.TextIOWrapper(file, "utf-8-sig", newline="")
        reader = csv.reader(text, strict=True)
        try:
            head = next(reader, [])
            lines = [(reader.line_num, row) for row in reader if row]
        except csv.Error as error:
            raise DataError(f"{path}, line {reader.line_num}: {error}: correct it") from error
    corner = head[0].strip().lower() if head else ""
    if corner not in ("attribute", "class") or len(head) < 2 or not lines:
        raise DataError(
            f"{path}, line 1 starts with {corner!r}; expected 'attribute' (then a column a class) "
            "or 'class' (then a column an attribute), and a row each below it"
        )
    values = np.array([_numbers(row, len(head) - 1, path, line) for line, row in lines])
    if corner == "attribute":
        return _by_name(path, zip(head[1:], values.T, strict=True))
    return _by_name(path, zip([row[0] for _, row in lines], values, strict=True))


def _numbers(row: list[str], width: int, path: Path, line: int) -> list[float]:
    if len(row) != width + 1:
        raise DataError(
            f"{path}, line {line} has {len(row)} cells, expected {width + 1}: correct it"
        )
    try:
        values = [float(cell) for cell in row[1:]]
    except ValueError as error:
        raise DataError(f"{path}, line {line}: {error}: correct it") from error
    if not all(map(math.isfinite, values)):
        raise DataError(f"{path}, line {line} has NaN or infinity: correct it")
    return values


def _by_name(path: Path, rows: Iterable[tuple[str, Floats]]) -> dict[str, Floats]:
    found: dict[str, Floats] = {}
    for name, vector in rows:
        key = plain(name)
        if key in found:
            raise DataError(f"{path} has two vectors for {key!r}: leave one out")
        if not np.isfinite(vector).all():
            raise DataError(f"{path}: the vector of {name!r} has NaN or infinity: correct it")
        found[key] = vector
    return found
