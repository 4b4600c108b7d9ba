"""Runs into leaderboards: checked without the data, then copied."""

from __future__ import annotations

import getpass
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zslbench.disk import refusals_named, write_bytes
from zslbench.errors import DataError, InputError
from zslbench.leaderboard.shelf import Shelf
from zslbench.predictions import read_ids, read_predictions
from zslbench.record import Record, read_record
from zslbench.store import SHORT, Store

if TYPE_CHECKING:
    from zslbench.contracts import Int, Prediction


@dataclass(frozen=True)
class StoredRun:
    """A run's record and files, as its output folder holds them."""

    record: Record
    predictions: Path
    images: Path


def find_run(name: str, out: Path) -> StoredRun:
    """Return the run called ``name``: an id under ``out``, the start of one, or a run's folder.

    Raises InputError where there is none, DataError where its record is damaged.
    """
    folder = Path(name)
    if (folder / "record.json").is_file():
        record, out = read_record(folder / "record.json"), folder.resolve().parents[1]
    else:
        record = Store(out).find(name)
        folder = Store(out).folder(record.run_id)
    images = out / "test-images" / f"{record.dataset.fingerprint[:SHORT]}.parquet"
    return StoredRun(record, folder / "predictions.parquet", images)


def publish(run: StoredRun, shelf: Shelf) -> bool:
    """Copy a run's record and predictions to ``shelf``; return False where it was there already.

    Raises InputError for a failed or external run or a record that names a place, DataError where
    record and predictions do not belong together.
    """
    check_run(run)
    record = run.record
    target = shelf.predictions(record).with_suffix(".json")
    text = (record.model_dump_json(indent=1) + "\n").encode()
    predictions, images = run.predictions.read_bytes(), run.images.read_bytes()
    files = {target: text, shelf.predictions(record): predictions, shelf.images(record): images}
    new = {path: data for path, data in files.items() if _read(path) != data}
    with refusals_named(shelf.root, "--to"):
        for path, data in sorted(new.items(), key=lambda item: item[0] == target):
            write_bytes(path, data)
    return bool(new)


def check_run(run: StoredRun) -> None:
    """Raise unless ``run`` finished, names no place, and its predictions give its counts."""
    record = run.record
    if record.status != "finished" or record.scores is None:
        why = record.error.message if record.error else "it has no scores"
        raise InputError(
            f"run {record.run_id[:SHORT]} failed ({why}): run it again before publishing it"
        )
    if record.external:
        raise InputError(
            f"record {record.run_id[:SHORT]} is external, of predictions made elsewhere: published "
            "are runs alone, whose test labels were sealed; offer the method as a plugin and run it"
        )
    for where, text in _strings(record.model_dump(), ""):
        found = _names_a_place(text)
        if found:
            raise InputError(
                f"record {record.run_id[:SHORT]} holds {found} in {where}: {text!r}; a published "
                "record must not: take it out of the component's parameters and run again"
            )
    problem = _mismatch(record, read_predictions(run.predictions), len(read_ids(run.images)))
    if problem:
        raise DataError(
            f"predictions {run.predictions} do not belong to record {record.run_id[:SHORT]}: "
            f"{problem}; run it again with --force"
        )


def _mismatch(record: Record, prediction: Prediction, images: int) -> str | None:
    """What shows, without labels, that record and prediction are not of one run."""
    scores, names = record.scores, record.dataset.classes
    n = record.split.test_seen + record.split.test_unseen
    if scores is None or not len(prediction.margin) == n == images:
        return f"{len(prediction.margin)} predictions and {images} image ids, expected {n}"
    unseen = np.flatnonzero(np.isin(names, record.split.unseen))
    seen = np.setdiff1d(np.arange(len(names)), unseen)
    distractors = len(names) + np.arange(len(record.split.distractors))
    allowed = {
        "known_label": seen,
        "zsl_label": np.concatenate([unseen, distractors]),
        "novel_label": np.arange(len(names) + len(distractors)),
    }
    for field, labels in allowed.items():
        if not np.isin(getattr(prediction, field), labels).all():
            return f"{field} holds labels that it may not"
    counted = np.bincount(_final(prediction), minlength=len(names))[: len(names)]
    if counted.tolist() != np.sum(scores.confusion, axis=0).tolist():
        return "the labels given are not those of the confusion matrix"
    if (prediction.novelty is None) != (scores.novelty is None):
        return "one of them has novelty, the other has none"
    return None


def _final(prediction: Prediction) -> Int:
    return np.where(prediction.margin > 0, prediction.known_label, prediction.novel_label)


def _strings(value: Any, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield where or "its text", value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _strings(str(key), f"{where} (a key)")
            yield from _strings(item, f"{where}.{key}" if where else str(key))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _strings(item, where)


def _names_a_place(text: str) -> str | None:
    if re.match(r"[/\\~]|[A-Za-z]:[\\/]|file:", text):
        return "a path"
    home = str(Path.home())
    if len(home) > 1 and home in text:
        return "a home folder"
    for kind, name in (("a host's name", socket.gethostname()), ("a user's name", _user())):
        # Short and common names ("root", "data") are words of other things too.
        if len(name) > 5 and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text):
            return kind
    return None


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name
        return ""


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
