"""What is published, and where: a folder of CSVs, and the records and predictions behind them.

``NAME.csv`` is the leaderboard of a data set; ``records/NAME/RUN.json`` and ``RUN.parquet`` are one
run's record and predictions, and ``records/NAME/test-images-DATA.parquet`` holds the ids of the
test images in canonical order, once a data set. Test labels are not published.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from zslbench.disk import refusals_named
from zslbench.errors import DataError, InputError
from zslbench.leaderboard.rows import file_name, to_csv, write_csv
from zslbench.params import suggest
from zslbench.predictions import read_ids, read_predictions
from zslbench.record import Record, read_record
from zslbench.store import SHORT

if TYPE_CHECKING:
    from zslbench.contracts import Prediction, UInt8


class Shelf:
    """The published leaderboards under ``root``."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def names(self) -> tuple[str, ...]:
        """Leaderboards that have records, sorted."""
        return tuple(sorted({path.parent.name for path in self.root.glob("records/*/*.json")}))

    def folder(self, name: str) -> Path:
        """Where the records of leaderboard ``name`` are or will be."""
        return self.root / "records" / file_name(name)

    def csv(self, name: str) -> Path:
        """Where leaderboard ``name`` is or will be."""
        return self.root / f"{file_name(name)}.csv"

    def records(self, name: str) -> tuple[Record, ...]:
        """The records of ``name`` by run id; raise InputError where there are none."""
        paths = sorted(self.folder(name).glob("*.json"))
        if not paths:
            known = ", ".join(self.names()) or "none yet"
            raise InputError(
                f"no leaderboard {name!r} in {self.root}{suggest(name, self.names()) or ';'} "
                f"published there: {known}; publish a run with 'zslbench leaderboard publish RUN', "
                "or name another folder with --to"
            )
        return tuple(read_record(path) for path in paths)

    def predictions(self, record: Record) -> Path:
        """Where the predictions of ``record`` are or will be."""
        name = record.dataset.component.name
        return self.folder(name) / f"{record.run_id[:SHORT]}.parquet"

    def prediction(self, record: Record) -> Prediction:
        """The published prediction of ``record``; raise DataError where it is damaged."""
        return read_predictions(self.predictions(record))

    def images(self, record: Record) -> Path:
        """Where the ids of the test images of ``record`` are or will be."""
        name = record.dataset.component.name
        return self.folder(name) / f"test-images-{record.dataset.fingerprint[:SHORT]}.parquet"

    def ids(self, record: Record) -> UInt8:
        """The published ids (n, 32) of the test images of ``record``."""
        return read_ids(self.images(record))

    def build(self, name: str) -> Path:
        """Write the CSV of ``name`` anew from its records."""
        with refusals_named(self.csv(name), "--to"):
            write_csv(self.csv(name), self.records(name))
        return self.csv(name)

    def compare(self, name: str) -> None:
        """Raise InputError unless the CSV of ``name`` is, to the byte, what its records give."""
        path, wanted = self.csv(name), to_csv(self.records(name)).encode()
        try:
            found = path.read_bytes()
        except FileNotFoundError:
            found = b""
        except OSError as error:
            raise DataError(f"cannot read {path}: {error.strerror}; check the file") from error
        if found != wanted:
            raise InputError(
                f"{path} is not what its records give ({_first_difference(found, wanted)}): "
                f"rebuild it with 'zslbench leaderboard build {name}'"
            )


def _first_difference(found: bytes, wanted: bytes) -> str:
    if not found:
        return "it is absent or empty"
    lines = zip(found.splitlines(), wanted.splitlines(), strict=False)
    differing = (i for i, (left, right) in enumerate(lines, start=1) if left != right)
    counts = f"it has {len(found.splitlines())} lines, expected {len(wanted.splitlines())}"
    return next((f"line {number} differs" for number in differing), counts)
