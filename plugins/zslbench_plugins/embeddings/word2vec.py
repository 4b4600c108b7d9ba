"""Word vectors learnt from a corpus with gensim's skip-gram (Mikolov et al. 2013)."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from gensim.models import Word2Vec
from gensim.models.callbacks import CallbackAny2Vec
from gensim.utils import RULE_DEFAULT, RULE_KEEP

from zslbench.contracts import WordVectors
from zslbench_plugins.embeddings.corpora import corpus_files, no_words, token_lists

if TYPE_CHECKING:
    from pathlib import Path

    from zslbench.contracts import Context, Metric, Places, Progress

OWNER = "corpus/word2vec"


class Word2VecEmbedder:
    """Skip-gram vectors with negative sampling, learnt from ``corpus`` or the data set's sentences.

    ``corpus`` is "brown" or a text file, a sentence a line (plain or gzipped); its tokens are those
    of :func:`~zslbench_plugins.embeddings.corpora.token_lists`. One worker and a fixed hash make
    the vectors a function of corpus, parameters and the context's seed. Words asked for are kept
    however rare; one that does not occur has no vector.
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
        return corpus_files(self.corpus, places, owner=OWNER)

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
        corpus = token_lists(self.corpus, sentences, places, owner=OWNER)
        with quiet_gensim():
            model = Word2Vec(
                vector_size=self.dim,
                window=self.window,
                min_count=self.min_count,
                negative=self.negative,
                sg=1,
                workers=1,
                seed=gensim_seed(context),
                hashfxn=stable_hash,
            )
            build_vocabulary(model, corpus, set(words))
            if not len(model.wv):
                raise no_words(self.corpus, owner=OWNER)
            train(model, corpus, self.epochs, context)
        known = model.wv.key_to_index
        return WordVectors(
            {word: np.array(model.wv[word]) for word in words if word in known},
            counts=counts(model, words),
        )


def build_vocabulary(model: Word2Vec, corpus: Iterable[list[str]], kept: Collection[str]) -> None:
    """Count the corpus' words; those of ``kept`` stay, however rare."""
    model.build_vocab(
        corpus, trim_rule=lambda word, *_: RULE_KEEP if word in kept else RULE_DEFAULT
    )


def train(model: Word2Vec, corpus: Iterable[list[str]], epochs: int, context: Context) -> None:
    """Go through the corpus ``epochs`` times, and tell the context's progress of each."""
    model.train(
        corpus,
        total_examples=model.corpus_count,
        epochs=epochs,
        callbacks=[_Ticker(context.progress, epochs)],
    )


def counts(model: Word2Vec, words: Sequence[str]) -> dict[str, int]:
    """Return how often each of ``words`` occurs in the corpus."""
    known = model.wv.key_to_index
    return {w: int(model.wv.get_vecattr(w, "count")) if w in known else 0 for w in words}


def gensim_seed(context: Context) -> int:
    """Return a 32-bit seed, which is what gensim takes, of the context's."""
    return int(np.random.SeedSequence(context.seed).generate_state(1)[0])


def stable_hash(text: str) -> int:
    """Unlike Python's own, the same in every process."""
    return zlib.crc32(text.encode())


@contextmanager
def quiet_gensim() -> Iterator[None]:
    """Keep gensim's log below errors to itself: an application's own handlers would print it."""
    logger = logging.getLogger("gensim")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


class _Ticker(CallbackAny2Vec):  # type: ignore[misc]  # gensim is untyped
    """Reports each pass over the corpus."""

    def __init__(self, progress: Progress, epochs: int) -> None:
        self._progress = progress
        self._epochs = epochs
        self._done = 0

    def on_epoch_end(self, model: Word2Vec) -> None:
        self._done += 1
        self._progress(self._done, self._epochs)
