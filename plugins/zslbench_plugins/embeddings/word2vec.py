"""Word vectors learnt from a corpus with gensim's skip-gram (Mikolov et al. 2013)."""

from __future__ import annotations

import logging
import re
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from gensim.models import Word2Vec
from gensim.models.callbacks import CallbackAny2Vec
from gensim.utils import RULE_DEFAULT, RULE_KEEP

from zslbench.contracts import WordVectors
from zslbench.errors import DataError, InputError
from zslbench_plugins.embeddings.vector_file import reading

if TYPE_CHECKING:
    from zslbench.contracts import Context, Metric, Places, Progress

TOKEN = re.compile(r"[a-z0-9']+")
LONGEST = 10_000  # words; gensim drops what a sentence has beyond


class Word2VecEmbedder:
    """Skip-gram vectors with negative sampling, learnt from ``corpus`` or the data set's sentences.

    ``corpus`` is a text file, a sentence a line (plain or gzipped). Tokens are runs of a–z, 0–9
    and apostrophes, in lower case. One worker and a fixed hash make the vectors a function of
    corpus, parameters and the context's seed. Words asked for are kept however rare; one that
    does not occur has no vector.
    """

    metric: Metric = "euclidean"
    space: str | None = None
    aliases: Mapping[str, str] = MappingProxyType({})

    def __init__(
        self,
        corpus: str | None = None,
        dim: int = 50,
        window: int = 5,
        epochs: int = 5,
        min_count: int = 1,
        negative: int = 5,
    ) -> None:
        self.corpus = corpus
        self.dim = dim
        self.window = window
        self.epochs = epochs
        self.min_count = min_count
        self.negative = negative

    def sources(self, places: Places) -> tuple[Path, ...]:
        """Return the corpus file, if one is named; DataError where it is absent."""
        if self.corpus is None:
            return ()
        path = Path(self.corpus).expanduser()
        if not path.is_file():
            raise DataError(f"no file {path}: check the 'corpus' parameter of corpus/word2vec")
        return (path,)

    def vectors(
        self,
        words: Sequence[str],
        *,
        sentences: Iterable[str] | None,
        places: Places,
        context: Context,
    ) -> WordVectors:
        """Return the vectors (dim,) of those of ``words`` that occur, and how often each occurs.

        Raises InputError where there is no corpus at all, DataError where it holds no words.
        """
        files = self.sources(places)
        if files:
            corpus: Iterable[list[str]] = _TextFile(files[0])
        elif sentences is not None:
            corpus = [tokens for sentence in sentences for tokens in _tokens(sentence)]
        else:
            raise InputError(
                "corpus/word2vec has nothing to learn from: this data set has no sentences; name a "
                "text file with --set embedding.corpus=PATH, or choose another --embedding"
            )
        with _quiet_gensim():
            model = self._learn(corpus, set(words), context)
        known = model.wv.key_to_index
        return WordVectors(
            {word: np.array(model.wv[word]) for word in words if word in known},
            counts={w: int(model.wv.get_vecattr(w, "count")) if w in known else 0 for w in words},
        )

    def _learn(
        self, corpus: Iterable[list[str]], kept: Collection[str], context: Context
    ) -> Word2Vec:
        model = Word2Vec(
            vector_size=self.dim,
            window=self.window,
            min_count=self.min_count,
            negative=self.negative,
            sg=1,
            workers=1,
            seed=int(np.random.SeedSequence(context.seed).generate_state(1)[0]),
            hashfxn=_hash,
        )
        model.build_vocab(
            corpus,
            trim_rule=lambda word, *_: RULE_KEEP if word in kept else RULE_DEFAULT,
        )
        if not len(model.wv):
            where = self.corpus or "the data set's sentences"
            raise DataError(f"no words in {where}: corpus/word2vec needs sentences to learn from")
        model.train(
            corpus,
            total_examples=model.corpus_count,
            epochs=self.epochs,
            callbacks=[_Ticker(context.progress, self.epochs)],
        )
        return model


class _TextFile:
    """The token lists of a text file, read anew each time it is gone through."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __iter__(self) -> Iterator[list[str]]:
        with reading(self._path) as file:
            for line in file:
                if b"\0" in line:
                    raise DataError(f"{self._path} is no text file: name one, a sentence a line")
                # No token holds a byte beyond ASCII, so the encoding makes no difference.
                yield from _tokens(line.decode("ascii", "replace"))


class _Ticker(CallbackAny2Vec):  # type: ignore[misc]  # gensim is untyped
    """Reports each pass over the corpus."""

    def __init__(self, progress: Progress, epochs: int) -> None:
        self._progress = progress
        self._epochs = epochs
        self._done = 0

    def on_epoch_end(self, model: Word2Vec) -> None:
        self._done += 1
        self._progress(self._done, self._epochs)


def _tokens(sentence: str) -> Iterator[list[str]]:
    tokens = TOKEN.findall(sentence.lower())
    for first in range(0, len(tokens), LONGEST):
        yield tokens[first : first + LONGEST]


def _hash(text: str) -> int:
    """Unlike Python's own, the same in every process."""
    return zlib.crc32(text.encode())


@contextmanager
def _quiet_gensim() -> Iterator[None]:
    """Keep gensim's log below errors to itself: an application's own handlers would print it."""
    logger = logging.getLogger("gensim")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
