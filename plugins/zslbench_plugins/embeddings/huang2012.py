"""The word vectors of Huang et al. (ACL 2012) that Socher et al. 2013 used, 50-d (section 3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from scipy.io import loadmat

from zslbench.contracts import RemoteFile, WordVectors
from zslbench.download import fetch
from zslbench.embeddings import plain
from zslbench.errors import DataError
from zslbench_plugins.embeddings.vector_file import reading
from zslbench_plugins.embeddings.vector_text import read_text

if TYPE_CHECKING:
    from zslbench.contracts import Context, Floats, Metric, Places

REPOSITORY = (
    "https://raw.githubusercontent.com/mganjoo/zslearning/"
    "ff09101fd9b7a99fddb1cc901c12a3ff85dd7550/word_data/acl"
)
CHECKSUMS = {
    "cifar10": "fedba47e4462bfe98ac99b4e1be093e83104575bbd27f31d7e08abb947b23163",
    "cifar96": "a6eaf3e2f7dd43330138dafd36249f87fed3c6412162708def8c7e6efb8e7eda",
}
TABLES = {
    table: RemoteFile(
        url=f"{REPOSITORY}/{table}/wordTable.mat",
        name=f"huang2012/{table}/wordTable.mat",
        sha256=sha256,
        size=0,
    )
    for table, sha256 in CHECKSUMS.items()
}
UNTRAINED = 0.1  # of the median norm; trained vectors have 3.3 to 5.3, the others 0.04

# The authors' stand-ins for names of CIFAR-100 that had no vector of their own.
ALIASES = MappingProxyType(
    {
        "aquarium fish": "fish",
        "lawn mower": "mower",
        "maple tree": "maple",
        "oak tree": "oak",
        "palm tree": "palm",
        "pine tree": "pine",
        "willow tree": "willow",
        "pickup truck": "pickup",
        "sweet pepper": "pepper",
    }
)


class Huang2012Embedder:
    """The 10 words of CIFAR-10 and the 96 of CIFAR-100 that have a vector; Euclidean, as published.

    A word is untrained whose vector's norm is below a tenth of the median norm of all 106: 26
    words of CIFAR-100 are.
    """

    metric: Metric = "euclidean"
    space: str | None = None
    aliases: Mapping[str, str] = ALIASES

    def sources(self, places: Places) -> tuple[Path, ...]:
        """Return the file of each table: ``huang2012/TABLE.word2vec.txt``, else ``TABLE.mat`` or
        ``TABLE/wordTable.mat`` beside it, else the latter fetched from the authors' repository.

        Raises DataError where one is absent and cannot be fetched.
        """
        return tuple(_source(table, places) for table in TABLES)

    def vectors(
        self,
        words: Sequence[str],
        *,
        sentences: Iterable[str] | None,
        places: Places,
        context: Context,
    ) -> WordVectors:
        """Return the vectors (50,) of those of ``words`` that are among the 106."""
        known: dict[str, Floats] = {}
        for path in self.sources(places):
            table = read_word_table(path) if path.suffix == ".mat" else _read_text(path)
            known |= table
        limit = UNTRAINED * float(np.median([np.linalg.norm(v) for v in known.values()]))
        chosen = {word: known[word] for word in words if word in known}
        untrained = frozenset(w for w, v in chosen.items() if np.linalg.norm(v) < limit)
        return WordVectors(chosen, untrained)


def read_word_table(path: Path) -> dict[str, Floats]:
    """Read ``wordTable`` (k, c) and ``label_names`` (c) of a MATLAB 5 file.

    Raises DataError, naming the file, where it is damaged or another.
    """
    with reading(path):
        try:
            content = loadmat(path, variable_names=["wordTable", "label_names"])
        except Exception as error:  # the reader raises whatever the damaged bytes lead it to
            raise DataError(f"{path} is damaged ({error}): get the file again") from error
    table, labels = content.get("wordTable"), content.get("label_names")
    if table is None or labels is None:
        raise DataError(f"{path} lacks 'wordTable' or 'label_names': it is another file")
    names = [_name(cell, path) for cell in labels.ravel()]
    if table.ndim != 2 or table.shape[1] != len(names) or table.dtype.kind != "f":
        raise DataError(
            f"{path}: 'wordTable' is {table.dtype} {table.shape}, expected numbers "
            f"(dimensions, {len(names)}), a column each of 'label_names'"
        )
    if not np.isfinite(table).all():
        raise DataError(f"{path}: 'wordTable' has NaN or infinity: get the file again")
    return {
        ALIASES.get(name, name): column.astype(np.float64)
        for name, column in zip(names, table.T, strict=True)
    }


def _source(table: str, places: Places) -> Path:
    folder = places.data_dir / "huang2012"
    for name in (f"{table}.word2vec.txt", f"{table}.mat"):
        if (folder / name).is_file():
            return folder / name
    return fetch(TABLES[table], places.data_dir, offline=places.offline, progress=places.progress)


def _read_text(path: Path) -> dict[str, Floats]:
    return {plain(word): vector for word, vector in read_text(path, None, header=True).items()}


def _name(cell: object, path: Path) -> str:
    value = np.asarray(cell)
    if value.size != 1 or value.dtype.kind != "U":
        raise DataError(f"{path}: 'label_names' holds what is no name: it is another file")
    return plain(str(value.item()))
