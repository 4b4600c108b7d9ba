"""What word vectors learnt from a corpus are worth: the neighbours of CIFAR-10's ten names.

python benchmarks/corpus_neighbours.py --data-dir DIR [--corpus brown] [--threads 2] [--seed 0]

For each of corpus/word2vec, corpus/fasttext and corpus/rnn: the words of least cosine distance to
each name, among those that occur ``--at-least`` times, and how often the name itself occurs. The
seconds are of reading and learning. Goal of the network on Brown: one epoch ≤ 5 min on two cores.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zslbench.contracts import Context, Places
from zslbench.machine import limited_threads
from zslbench.registry import Registry
from zslbench_plugins.embeddings.corpora import BROWN, token_lists

if TYPE_CHECKING:
    from zslbench.contracts import WordVectors

COMPONENTS = ("corpus/word2vec", "corpus/fasttext", "corpus/rnn")
NAMES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip


def neighbours(known: WordVectors, word: str, candidates: list[str], number: int) -> list[str]:
    """Return the ``number`` candidates nearest to ``word`` by cosine, the nearest first."""
    if word not in known.vectors:
        return []
    others = [other for other in candidates if other != word and other in known.vectors]
    V = np.stack([known.vectors[other] for other in others]).astype(np.float64)
    cosine = V @ known.vectors[word] / np.linalg.norm(V, axis=1)
    return [others[i] for i in np.argsort(-cosine, kind="stable")[:number]]


def main() -> None:
    """Learn with each component, and print a line a name."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--data-dir", type=Path, default=os.environ.get("ZSLBENCH_DATA_DIR", "data")
    )
    parser.add_argument("--corpus", default=BROWN, help="brown, or a text file")
    parser.add_argument("--components", nargs="+", choices=COMPONENTS, default=COMPONENTS)
    parser.add_argument("--epochs", type=int, help="instead of each component's default")
    parser.add_argument("--neighbours", type=int, default=6)
    parser.add_argument("--at-least", type=int, default=10, help="occurrences of a neighbour")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    places = Places(chosen.data_dir, chosen.data_dir)
    corpus = token_lists(chosen.corpus, None, places, owner="this benchmark")
    counts = Counter(token for tokens in corpus for token in tokens)
    words = sorted(w for w, n in counts.items() if n >= chosen.at_least and w.isalpha())
    print(f"{chosen.corpus}: {counts.total():,} tokens, {len(counts):,} words")
    registry = Registry.discover()
    learnt = {"corpus": chosen.corpus} | ({"epochs": chosen.epochs} if chosen.epochs else {})
    for name in chosen.components:
        ref = registry.resolve("embedding", name, [("user", learnt)])
        started = time.perf_counter()
        with limited_threads(chosen.threads):
            known = registry.create(ref).vectors(
                sorted({*NAMES, *words}), sentences=None, places=places,
                context=Context(seed=chosen.seed, threads=chosen.threads),
            )  # fmt: skip
        seconds = time.perf_counter() - started
        print(f"\n{name}, {ref.params['epochs']} epochs, {seconds:.1f} s")
        for word in NAMES:
            near = neighbours(known, word, words, chosen.neighbours)
            print(f"  {word:10s} {counts[word]:5d}  {', '.join(near) or 'no vector'}", flush=True)


if __name__ == "__main__":
    main()
