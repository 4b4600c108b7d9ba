"""Stored predictions: one parquet file a run, a row a test image in canonical order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from zslbench.contracts import Prediction
from zslbench.disk import replacing
from zslbench.errors import DataError

if TYPE_CHECKING:
    from zslbench.contracts import UInt8

LABELS = ("known_label", "novel_label", "zsl_label")
FLOATS = ("margin", "novelty", "p_unseen")


def write_predictions(path: Path, prediction: Prediction) -> None:
    """Write ``prediction`` atomically; labels as int16, numbers as float32, as they were scored."""
    columns: dict[str, Any] = {
        name: pa.array(getattr(prediction, name).astype(np.int16)) for name in LABELS
    }
    for name in FLOATS:
        values = getattr(prediction, name)
        if values is not None:
            columns[name] = pa.array(values, pa.float32())
    table = pa.table(columns, metadata={"tied": repr(prediction.tied)})
    _write(path, table)


def read_predictions(path: Path) -> Prediction:
    """Read what :func:`write_predictions` wrote; raise DataError where it is damaged."""
    try:
        table = pq.read_table(path)
        arrays: dict[str, Any] = {name: table[name].to_numpy().astype(np.int64) for name in LABELS}
        for name in FLOATS:
            if name in table.column_names:
                arrays[name] = table[name].to_numpy()
        tied = float((table.schema.metadata or {})[b"tied"])
    except (OSError, pa.ArrowException, KeyError, ValueError) as error:
        raise DataError(
            f"predictions {path} are absent or damaged ({error}): run again with --force"
        ) from error
    return Prediction(**arrays, tied=tied)


def write_ids(path: Path, ids: UInt8) -> None:
    """Write the test images' ids (n, 32) in canonical order: once a data set, not once a run."""
    values = pa.array([bytes(row) for row in ids], pa.binary(32))
    _write(path, pa.table({"sha256": values}))


def read_ids(path: Path) -> UInt8:
    """Read what :func:`write_ids` wrote; raise DataError where it is damaged."""
    try:
        values = pq.read_table(path)["sha256"].combine_chunks()
        joined = b"".join(value.as_py() for value in values)
    except (OSError, pa.ArrowException, KeyError, TypeError) as error:
        raise DataError(
            f"image ids {path} are absent or damaged ({error}): run again with --force"
        ) from error
    return np.frombuffer(joined, np.uint8).reshape(-1, 32)


def _write(path: Path, table: Any) -> None:
    with replacing(path) as temporary:
        pq.write_table(table, temporary, compression="zstd", use_dictionary=list(LABELS))
