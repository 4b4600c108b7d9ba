"""Speed of the classifier ``softmax`` against plain full-batch L-BFGS on the same objective.

    python benchmarks/softmax.py [--features X.npy --labels y.npy] [--threads 2] [--iterations 50]

The plain version is SciPy's L-BFGS from zero with whole-matrix float32 products. It is timed over
--iterations, and its time scaled to 500; --full runs all of them. Exits with 1 unless the
classifier is at least 15 times as fast and its loss is no higher. ``export_features.py`` writes the
features of CIFAR-10; without --features some are drawn that have a spectrum like theirs.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np
import torch
from plain_lbfgs import FULL, Objective, add_options, read_options, read_problem, run_plain

from zslbench.contracts import ClassTable, Context, View
from zslbench_plugins.classifiers.softmax import SoftmaxClassifier

LEAST_SPEEDUP = 15.0


def plain_objective(X: torch.Tensor, y: torch.Tensor, width: int, ridge: float) -> Objective:
    """Return W (c, d) → mean cross-entropy + (ridge / 2) ‖W‖² and its gradient."""
    n = len(X)
    truth = torch.nn.functional.one_hot(y, width).float()

    def evaluate(W: torch.Tensor) -> tuple[float, torch.Tensor]:
        log_p = torch.log_softmax(X @ W.T, dim=1)
        loss = -float((truth * log_p).sum(dtype=torch.float64)) / n
        R = (log_p.exp() - truth) / n
        decay = 0.5 * ridge * float(W.square().sum(dtype=torch.float64))
        return loss + decay, R.T @ X + ridge * W

    return evaluate


def main(arguments: list[str] | None = None) -> int:
    """Read the options, time both, print, and return the exit code."""
    parser = argparse.ArgumentParser(description="Speed of the softmax classifier.")
    add_options(parser, iterations=50)
    options = read_options(parser, arguments)
    X, labels = read_problem(options)
    names, y = np.unique(labels, return_inverse=True)
    classes = ClassTable(tuple(f"{name:03d}" for name in names), tuple("seen" for _ in names))
    print(f"{X.shape[0]} × {X.shape[1]} features, {len(names)} classes, {options.threads} threads")

    began = time.perf_counter()
    model = SoftmaxClassifier().fit(
        View(X=X), y, classes, candidates="seen", context=Context(threads=options.threads)
    )
    seconds = time.perf_counter() - began
    print(f"softmax {seconds:8.1f} s, {model.passes_} passes, loss {model.loss_:.4f}, "
          f"certified gap {100 * model.gap_:.2g} %", flush=True)  # fmt: skip

    objective = plain_objective(torch.from_numpy(X), torch.from_numpy(y), len(names), model.ridge)
    start = torch.zeros(len(names), X.shape[1])
    plain = run_plain(objective, start, iterations=options.iterations, seconds=0.0)
    steps = plain.steps
    print(f"plain   {steps[-1].seconds:8.1f} s, {len(steps)} iterations, loss {steps[-1].loss:.4f}")
    ratio = plain.scaled_seconds / seconds
    fast, low = ratio >= LEAST_SPEEDUP, model.loss_ <= steps[-1].loss * (1 + model.gap)
    print(f"plain, {FULL} iterations: {plain.scaled_seconds:.1f} s, {ratio:.1f} × that of softmax, "
          f"at least {LEAST_SPEEDUP:g}: {'ok' if fast else 'MISSED'}")  # fmt: skip
    print(f"loss no higher than plain's, within the gap asked for: {'ok' if low else 'MISSED'}")
    return 0 if fast and low else 1


if __name__ == "__main__":
    sys.exit(main())
