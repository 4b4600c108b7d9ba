"""Features as a parquet file: a column ``id``, and a list of numbers or a column a feature."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from zslbench.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

ID, LIST = "id", "features"
NO_FEATURES = frozenset(
    {
        *("class", "coarse_label", "fine_label", "label", "labels", "target", "y"),
        *("index", "part", "position", "row", "split", "unnamed: 0", "__index_level_0__"),
    }
)
"""What a numeric column is called that says whose or what a row is: as a feature, it would leak."""
ROWS = 8192  # in memory as Arrow has them


def read_parquet(path: Path) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Return features (n, d), and ids, (n, 32) uint8 or (n,) texts, where there is a column ``id``.

    Features are the lists of a column ``features``, else every column but ``id`` in the file's
    order. Raises InputError for other columns, empty cells, lists of different lengths; ValueError
    where the file is damaged.
    """
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            columns = _feature_columns(path, schema)
            wanted = [*columns, *(name for name in schema.names if name == ID)]
            features: list[NDArray[Any]] = []
            ids: list[Any] = []
            first = 0
            for batch in file.iter_batches(ROWS, columns=wanted, use_threads=False):
                features.append(_numbers(path, batch, columns, first))
                ids += batch.column(ID).to_pylist() if ID in wanted else []
                first += len(batch)
    except pa.ArrowException as error:
        raise ValueError(str(error)) from error
    if not features:
        raise InputError(f"features {path.name!r} have no rows: write one for each image")
    widths = sorted({block.shape[1] for block in features})
    if len(widths) > 1:
        raise InputError(
            f"features {path.name!r} hold lists of {widths[0]} and of {widths[1]} numbers; all "
            "images have the same features"
        )
    return np.concatenate(features), _ids(path, ids) if ID in wanted else None


def _feature_columns(path: Path, schema: Any) -> list[str]:
    names = list(schema.names)
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise InputError(
            f"features {path.name!r} have column {double[0]!r} more than once: leave one of them"
        )
    if LIST in names:
        return [LIST]
    columns = [name for name in names if name != ID]
    odd = [name for name in columns if name.lower() in NO_FEATURES]
    odd += [name for name in columns if not _is_number(schema.field(name).type)]
    if odd or not columns:
        told = f"column {odd[0]!r} ({schema.field(odd[0]).type})" if odd else "no features"
        raise InputError(
            f"features {path.name!r} have {told}; expected 'id' and a column 'features' of lists "
            "of numbers, or a column of numbers for each feature: leave all others out"
        )
    return columns


def _is_number(kind: Any) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))


def _numbers(path: Path, batch: Any, columns: Sequence[str], first: int) -> NDArray[Any]:
    """The features (b, d) of the rows from ``first`` on."""
    if columns != [LIST]:
        for name in columns:
            _check_filled(path, name, batch.column(name), first)
        return np.stack([batch.column(name).to_numpy() for name in columns], axis=1)
    column = batch.column(LIST)
    kind = column.type
    if not (
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    ) or not _is_number(kind.value_type):
        raise InputError(
            f"features {path.name!r}: column 'features' is of type {kind}; expected lists of "
            "numbers"
        )
    _check_filled(path, LIST, column, first)
    values, lengths = column.flatten(), np.array(column.value_lengths())
    other = np.flatnonzero(lengths != lengths[0])
    if len(other) or values.null_count:
        problem = (
            f"rows of {lengths[0]} and of {lengths[other[0]]} numbers, as rows {first} and "
            f"{first + other[0]}"
            if len(other)
            else f"{values.null_count} empty numbers from row {first} on"
        )
        raise InputError(f"features {path.name!r} have {problem}; write as many for each image")
    return np.asarray(values.to_numpy()).reshape(len(column), -1)


def _check_filled(path: Path, name: str, column: Any, first: int) -> None:
    if column.null_count:
        raise InputError(
            f"features {path.name!r}: column {name!r} has {column.null_count} empty cells from row "
            f"{first} on; write a value in every row"
        )


def _ids(path: Path, values: list[Any]) -> NDArray[Any]:
    if any(value is None for value in values):
        raise InputError(f"features {path.name!r}: column 'id' has empty cells; fill every row")
    if values and all(isinstance(value, bytes) and len(value) == 32 for value in values):
        return np.frombuffer(b"".join(values), np.uint8).reshape(-1, 32)
    return np.array(values)
