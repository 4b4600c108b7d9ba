"""Runs by id under an output folder: get, put; a folder a run, no shared index.

A run's folder is the first 16 digits of its id; in it ``record.json`` and ``predictions.parquet``.
The folder's ``test-images`` holds the test images' ids, once a data set.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from zslbench.disk import DamagedFileWarning, locked, refusals_named, write_text
from zslbench.errors import DataError, InputError
from zslbench.predictions import read_predictions, write_ids, write_predictions
from zslbench.record import Record, read_record
from zslbench.wordspace import FILE_NAME as WORDSPACE

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from zslbench.contracts import Prediction, UInt8
    from zslbench.wordspace import WordSpace

SHORT = 16  # digits of a run's id that name its folder


class Store:
    """The runs under ``root``."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, run_id: str) -> Path:
        """Where run ``run_id`` is or will be."""
        return self.root / "runs" / run_id[:SHORT]

    def get(self, run_id: str) -> Record | None:
        """Return the record of ``run_id``, or None where there is none."""
        path = self.folder(run_id) / "record.json"
        return read_record(path) if path.is_file() else None

    def claim(self, run_id: str) -> AbstractContextManager[None]:
        """Hold the run, so that two processes asked for the same one do it once."""
        return locked(self.root / "locks" / f"{run_id[:SHORT]}.lock")

    def put(
        self,
        record: Record,
        prediction: Prediction | None,
        ids: UInt8,
        wordspace: WordSpace | None = None,
    ) -> Path:
        """Store a run, predictions first; a failed run never replaces a finished one.

        Where a finished run is there, a failed one leaves ``failed.json`` and nothing else.
        """
        folder = self.folder(record.run_id)
        with refusals_named(folder, "--out"):
            text = _written(record)
            if record.status == "failed" and self._has_finished(record.run_id):
                write_text(folder / "failed.json", text)
                return folder
            if prediction is not None:
                write_predictions(folder / "predictions.parquet", prediction)
                images = self.root / "test-images" / f"{record.dataset.fingerprint[:SHORT]}.parquet"
                if not images.is_file():
                    write_ids(images, ids)
            if wordspace is not None:
                write_text(folder / WORDSPACE, wordspace.model_dump_json() + "\n")
            elif record.status == "finished":
                (folder / WORDSPACE).unlink(missing_ok=True)
            write_text(folder / "record.json", text)
        return folder

    def replace(self, record: Record) -> None:
        """Write ``record`` over the one that is there, its predictions untouched."""
        write_text(self.folder(record.run_id) / "record.json", _written(record))

    def _has_finished(self, run_id: str) -> bool:
        """Is there a finished record? One that cannot be read counts as absent."""
        try:
            known = self.get(run_id)
        except DataError:
            return False
        return known is not None and known.status == "finished"

    def prediction(self, run_id: str) -> Prediction:
        """The stored prediction of ``run_id``."""
        return read_predictions(self.folder(run_id) / "predictions.parquet")

    def records(self) -> Iterator[Record]:
        """Every record, in the order of ids."""
        for path in sorted(self.root.glob("runs/*/record.json")):
            yield read_record(path)

    def readable_records(self) -> Iterator[Record]:
        """Every record that can be read, in the order of ids; the others are warned of by name."""
        for path in sorted(self.root.glob("runs/*/record.json")):
            try:
                record = read_record(path)
                if record.status == "finished" and record.scores is None:
                    raise DataError(f"record {path} is damaged: it is finished and has no scores")
            except DataError as error:
                warnings.warn(f"left out: {error}", DamagedFileWarning, stacklevel=2)
            else:
                yield record

    def find(self, name: str) -> Record:
        """Return the record of a run named by its id, the start of it, or its folder."""
        start = Path(name).name[:SHORT]
        paths = sorted(self.root.glob(f"runs/{start}*/record.json")) if start else []
        if Path(name).is_dir() and (Path(name) / "record.json").is_file():
            paths = [Path(name) / "record.json"]
        if len(paths) != 1:
            problem = "matches several runs" if paths else "matches no run"
            raise InputError(
                f"{name!r} {problem} in {self.root}: give more of its id, or its folder, or --out"
            )
        return read_record(paths[0])


def _written(record: Record) -> str:
    return record.model_dump_json(indent=1) + "\n"
