"""Word vectors of a recurrent language model learnt on a corpus (Mikolov et al. 2010)."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from zslbench.contracts import WordVectors
from zslbench.errors import InputError
from zslbench_plugins.embeddings.corpora import corpus_files, no_words, token_lists

if TYPE_CHECKING:
    from pathlib import Path

    from zslbench.contracts import Context, Int, Metric, Places

OWNER = "corpus/rnn"
END, UNKNOWN = 0, 1  # a sentence's end; any word that the vocabulary leaves out
CUTOFFS = (1000, 5000)  # ranks at which the adaptive softmax starts a cluster
SHRINK = 2.0  # of the hidden units, from one cluster's projection to the next
CLIP = 1.0  # the gradient's largest norm
SPREAD = 0.1  # of the first weights of the table: small, so that what is learnt shows

State = tuple[torch.Tensor, torch.Tensor]


class RNNEmbedder:
    """The input table of an LSTM that predicts the next word: table → LSTM → adaptive softmax.

    The objective is the mean −log p(next word | words so far), by truncated backpropagation
    through ``length`` words in ``batch`` streams, with Adam and a clipped gradient; the softmax is
    that of Grave et al. 2017 (§ 3), exact, with clusters of rare words in fewer dimensions. These
    differ from the table's, so the two are not tied. Classes of words with like continuations get
    like rows, because a row acts on the loss through the words to come alone.

    An auto-encoding loss would not do. A network that is to give back the word that it was given
    through an embedding layer learns to copy: any table with different rows solves that, and
    nothing forces words used alike to have like vectors.

    Corpus and tokens are as in
    :func:`~zslbench_plugins.embeddings.corpora.token_lists`. Words asked for are kept however rare
    (others rarer than ``min_count`` are one and the same word), but a word seen once is moved once
    an epoch. One that does not occur has no vector. With the same seed, threads and device "cpu"
    the vectors are the same to the last bit.
    """

    metric: Metric = "euclidean"
    space: str | None = None
    aliases: Mapping[str, str] = MappingProxyType({})

    def __init__(
        self,
        corpus: str | None = None,
        dim: int = 50,
        hidden: int = 128,
        epochs: int = 5,
        min_count: int = 5,
        batch: int = 32,
        length: int = 35,
        rate: float = 0.003,
    ) -> None:
        self.corpus = corpus
        self.dim = dim
        self.hidden = hidden
        self.epochs = epochs
        self.min_count = min_count
        self.batch = batch
        self.length = length
        self.rate = rate

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

        Raises InputError where there is no corpus at all or learning diverges, DataError where the
        corpus holds no words.
        """
        corpus = token_lists(self.corpus, sentences, places, owner=OWNER)
        counts = Counter(token for tokens in corpus for token in tokens)
        if not counts:
            raise no_words(self.corpus, owner=OWNER)
        index = number_words(counts, self.min_count, set(words))
        network = self.learn(encode(corpus, index), len(index) + 2, context)
        table = network.table.weight.detach().cpu().numpy()
        return WordVectors(
            {word: table[index[word]].copy() for word in words if word in index},
            counts={word: counts[word] for word in words},
        )

    def learn(self, text: Int, size: int, context: Context) -> LanguageModel:
        """Return the network after ``epochs`` passes over ``text`` (n,) of words below ``size``.

        Raises InputError where the gradient is no longer finite.
        """
        torch.set_num_threads(context.threads)
        network = draw(size, self.dim, self.hidden, context)
        optimiser = torch.optim.Adam(network.parameters(), lr=self.rate)
        inputs, targets = (
            torch.from_numpy(part).to(context.device)
            for part in streams(text, self.batch, self.length)
        )
        chunks = [slice(i, i + self.length) for i in range(0, len(inputs), self.length)]
        total = self.epochs * len(chunks)
        for done, chunk in enumerate(chunks * self.epochs, start=1):
            if chunk.start == 0:
                state: State | None = None
            optimiser.zero_grad(set_to_none=True)
            loss, state = network(inputs[chunk], targets[chunk], state)
            loss.backward()
            norm = nn.utils.clip_grad_norm_(network.parameters(), CLIP)
            if not torch.isfinite(norm):
                raise InputError(
                    f"{OWNER} diverged at rate {self.rate:g}, step {done} of {total}: choose a "
                    "smaller one with --set embedding.rate"
                )
            optimiser.step()
            context.progress(done, total)
        return network


class LanguageModel(nn.Module):
    """Words (t, b) to the mean −log p, in nats, of the words that follow."""

    def __init__(self, size: int, dim: int, hidden: int) -> None:
        super().__init__()
        self.table = nn.Embedding(size, dim)
        nn.init.uniform_(self.table.weight, -SPREAD, SPREAD)
        self.cell = nn.LSTM(dim, hidden)
        cutoffs = [rank for rank in CUTOFFS if rank < size] or [size // 2]
        self.following = nn.AdaptiveLogSoftmaxWithLoss(hidden, size, cutoffs, div_value=SHRINK)

    def forward(
        self, words: torch.Tensor, targets: torch.Tensor, state: State | None
    ) -> tuple[torch.Tensor, State]:
        """The loss, and the state without its history: that is where backpropagation stops."""
        out, (h, c) = self.cell(self.table(words), state)
        loss = self.following(out.flatten(0, 1), targets.flatten()).loss
        return loss, (h.detach(), c.detach())


def draw(size: int, dim: int, hidden: int, context: Context) -> LanguageModel:
    """Draw a network from the context's seed; the process' own generator is left alone."""
    seed = int(np.random.SeedSequence(context.seed).generate_state(1)[0])
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return LanguageModel(size, dim, hidden).to(context.device)


def number_words(
    counts: Mapping[str, int], min_count: int, kept: Collection[str]
) -> dict[str, int]:
    """Number the words that occur ``min_count`` times or are ``kept``, by rank, from 2 on."""
    chosen = (word for word, count in counts.items() if count >= min_count or word in kept)
    ranked = sorted(chosen, key=lambda word: (-counts[word], word))
    return {word: number for number, word in enumerate(ranked, start=UNKNOWN + 1)}


def encode(corpus: Iterable[list[str]], index: Mapping[str, int]) -> Int:
    """Return the corpus as numbers (n,), each sentence followed by END."""

    def numbers() -> Iterator[int]:
        for tokens in corpus:
            yield from (index.get(token, UNKNOWN) for token in tokens)
            yield END

    return np.frombuffer(array("q", numbers()), np.int64)


def streams(text: Int, batch: int, length: int) -> tuple[Int, Int]:
    """Cut ``text`` (n,) into at most ``batch`` streams (t, b): words, and the words that follow.

    A short text makes fewer streams, of ``length`` or more. The last is filled up from the text's
    beginning, so that no word is left out.
    """
    width = max(1, min(batch, len(text) // length))
    steps = -(-len(text) // width)
    ring = np.resize(text, width * steps + 1)
    inputs, targets = (part.reshape(width, steps).T for part in (ring[:-1], ring[1:]))
    return np.ascontiguousarray(inputs), np.ascontiguousarray(targets)
