"""Speed of the mapping ``socher2013`` against plain full-batch L-BFGS from the same start.

    python benchmarks/mapping.py [--features X.npy --labels y.npy] [--words words.word2vec.txt]
                                 [--decay 0.0001] [--max-passes 400] [--threads 2]
                                 [--iterations 10]

The plain version is SciPy's L-BFGS with whole-matrix float32 products. It runs for --iterations,
and on until it has had as long as the mapping; its time is scaled to 500, and --full runs all of
them. The loss is not convex, so the two may end at different points. A label is the number of a
word in alphabetical order; without --words the word vectors are drawn. Exits with 1 unless the
mapping's loss is at most that of the plain version after the same time (with --full: after 500
iterations).
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from plain_lbfgs import FULL, Objective, add_options, read_options, read_problem, run_plain

from zslbench.contracts import Context
from zslbench_plugins.mappings.socher2013 import TwoLayerMapping
from zslbench_plugins.mappings.two_layer import draw_layers

if TYPE_CHECKING:
    from zslbench.contracts import Float32, Int

WORD_DIMENSIONS = 50
SEED = 0


def plain_objective(X: torch.Tensor, targets: torch.Tensor, hidden: int, decay: float) -> Objective:
    """Return all weights as one vector → J and its gradient; J is defined in ``two_layer``."""
    (n, d), k = X.shape, targets.shape[1]
    sizes = [hidden * d, hidden, k * hidden, k]

    def evaluate(w: torch.Tensor) -> tuple[float, torch.Tensor]:
        W1, b1, W2, b2 = torch.split(w, sizes)
        W1, W2 = W1.view(hidden, d), W2.view(k, hidden)
        h = torch.tanh(X @ W1.T + b1)
        residual = h @ W2.T + b2 - targets
        squares = float(residual.square().sum(dtype=torch.float64))
        norms = sum(float(W.square().sum(dtype=torch.float64)) for W in (W1, W2))
        residual /= n
        back = (residual @ W2) * (1 - h * h)
        gradient = (
            back.T @ X + decay * W1, back.sum(dim=0), residual.T @ h + decay * W2,
            residual.sum(dim=0),
        )  # fmt: skip
        return squares / (2 * n) + 0.5 * decay * norms, torch.cat([g.reshape(-1) for g in gradient])

    return evaluate


def read_words(path: Path | None, labels: Int) -> Float32:
    """Return a vector for each label 0 … max, from a word2vec text file or drawn."""
    count = int(labels.max()) + 1
    if path is None:
        rng = np.random.default_rng(SEED)
        return rng.standard_normal((count, WORD_DIMENSIONS), dtype=np.float32)
    lines = sorted(line.split() for line in path.read_text().splitlines()[1:])
    if len(lines) < count:
        raise SystemExit(f"{path} has {len(lines)} words and labels go up to {count - 1}")
    return np.array([line[1:] for line in lines[:count]], dtype=np.float32)


def main(arguments: list[str] | None = None) -> int:
    """Read the options, time both, print, and return the exit code."""
    parser = argparse.ArgumentParser(description="Speed of the two-layer mapping.")
    add_options(parser, iterations=10)
    parser.add_argument("--words", type=Path, help="word vectors, word2vec text format")
    parser.add_argument("--hidden", type=int, default=TwoLayerMapping().hidden)
    parser.add_argument("--decay", type=float, default=TwoLayerMapping().decay)
    parser.add_argument("--max-passes", type=int, default=TwoLayerMapping().max_passes)
    options = read_options(parser, arguments)
    X, y = read_problem(options)
    S = read_words(options.words, y)
    print(f"{X.shape[0]} × {X.shape[1]} features, {S.shape[1]} word dimensions, "
          f"{options.hidden} hidden units, {options.threads} threads")  # fmt: skip

    began = time.perf_counter()
    model = TwoLayerMapping(options.hidden, options.decay, max_passes=options.max_passes)
    model.fit(X, y, S, context=Context(seed=SEED, threads=options.threads))
    seconds = time.perf_counter() - began
    print(f"socher2013 {seconds:8.1f} s, {model.passes_} passes, loss {model.loss_:.5f}, "
          f"gradient {model.gradient_ratio_:.1e} of the first", flush=True)  # fmt: skip

    targets = torch.from_numpy(S[y])
    objective = plain_objective(torch.from_numpy(X), targets, model.hidden, model.decay)
    start = draw_layers(X.shape[1], model.hidden, S.shape[1], SEED).flat()
    plain = run_plain(objective, start, iterations=options.iterations, seconds=seconds)
    steps, then = plain.steps, plain.loss_after(seconds)
    print(f"plain      {steps[-1].seconds:8.1f} s, {len(steps)} iterations, "
          f"loss {steps[-1].loss:.5f}")  # fmt: skip
    print(f"plain, after the {seconds:.1f} s of socher2013: loss {then:.5f}")
    print(f"plain, {FULL} iterations: {plain.scaled_seconds:.1f} s, "
          f"{plain.scaled_seconds / seconds:.1f} × that of socher2013")  # fmt: skip
    reached = model.loss_ <= (steps[-1].loss if options.full else then)
    print(f"loss no higher than plain's: {'ok' if reached else 'MISSED'}")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
