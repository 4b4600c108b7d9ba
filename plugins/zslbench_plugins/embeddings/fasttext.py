"""Word vectors made of character n-grams, learnt from a corpus (Bojanowski et al. 2017)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from gensim.models import FastText

from zslbench.contracts import WordVectors
from zslbench.errors import InputError
from zslbench_plugins.embeddings.corpora import corpus_files, no_words, token_lists
from zslbench_plugins.embeddings.word2vec import (
    build_vocabulary,
    counts,
    gensim_seed,
    quiet_gensim,
    stable_hash,
    train,
)

if TYPE_CHECKING:
    from pathlib import Path

    from zslbench.contracts import Context, Floats, Metric, Places

OWNER = "corpus/fasttext"


class FastTextEmbedder:
    """Skip-gram vectors of words and of their n-grams of ``min_n`` … ``max_n`` characters.

    Bojanowski et al. 2017, § 3.2: a word's vector is the mean of its own and of those of its
    n-grams, which words share, so that a rare word leans on words spelt alike. n-grams are hashed
    into ``buckets`` rows. A single word that does not occur gets the mean of its n-grams alone and
    counts as untrained; a phrase never does, as its words say more than their spelling.

    Corpus, kept words and seeds are as in
    :class:`~zslbench_plugins.embeddings.word2vec.Word2VecEmbedder`.
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
        min_n: int = 3,
        max_n: int = 6,
        buckets: int = 100_000,
    ) -> None:
        self.corpus = corpus
        self.dim = dim
        self.window = window
        self.epochs = epochs
        self.min_count = min_count
        self.negative = negative
        self.min_n = min_n
        self.max_n = max_n
        self.buckets = buckets

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
        """Return the vectors (dim,) of ``words``, and how often each occurs.

        Raises InputError where ``min_n`` exceeds ``max_n`` or there is no corpus at all, DataError
        where the corpus holds no words.
        """
        if self.min_n > self.max_n:
            raise InputError(
                f"{OWNER}: min_n {self.min_n} exceeds max_n {self.max_n}: give "
                "--set embedding.min_n a number of characters up to max_n"
            )
        corpus = token_lists(self.corpus, sentences, places, owner=OWNER)
        with quiet_gensim():
            model = self._model(context)
            build_vocabulary(model, corpus, set(words))
            if not len(model.wv):
                raise no_words(self.corpus, owner=OWNER)
            train(model, corpus, self.epochs, context)
            found = {word: _vector(model, word) for word in words}
        vectors = {word: vector for word, vector in found.items() if vector is not None}
        untrained = frozenset(word for word in vectors if word not in model.wv.key_to_index)
        return WordVectors(vectors, untrained, counts(model, words))

    def _model(self, context: Context) -> FastText:
        return FastText(
            vector_size=self.dim,
            window=self.window,
            min_count=self.min_count,
            negative=self.negative,
            sg=1,
            workers=1,
            seed=gensim_seed(context),
            hashfxn=stable_hash,
            min_n=self.min_n,
            max_n=self.max_n,
            bucket=self.buckets,
        )


def _vector(model: FastText, word: str) -> Floats | None:
    """The vector (dim,), or None for a phrase, and for a word that is unknown and too short."""
    if word not in model.wv.key_to_index and " " in word:
        return None
    vector = np.array(model.wv[word])
    return vector if vector.any() else None  # gensim gives zeros to what has no n-grams
