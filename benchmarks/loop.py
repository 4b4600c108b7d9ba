"""Speed of the detector ``loop`` against scikit-learn's search for the same neighbours.

    python benchmarks/loop.py [--train 38000] [--test 10000] [--dimensions 50] [--threads 2]

On drawn points, eight clusters as a mapping makes them. The peer is ``NearestNeighbors`` with
``brute``, exact in float64, on the same points, for the same k: the search alone. Goal: fit and
scores of all test points in ≤ 20 s on two cores. Exits with 1 where it is missed.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time

import numpy as np

from zslbench.contracts import ClassTable, Context, View
from zslbench.machine import limited_threads
from zslbench_plugins.novelty.loop import LoopDetector

GOAL = 20.0  # seconds
CLASSES = 8


def draw(n: int, m: int, seed: int) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """Points round eight centres, and which centre each is round."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(scale=0.5, size=(CLASSES, m))
    y = rng.integers(0, CLASSES, n)
    return (centres[y] + rng.normal(scale=0.4, size=(n, m))).astype(np.float32), y


def main(arguments: list[str] | None = None) -> int:
    """Time both, print, and return the exit code."""
    parser = argparse.ArgumentParser(description="Speed of LoOP.")
    parser.add_argument("--train", type=int, default=38_000)
    parser.add_argument("--test", type=int, default=10_000)
    parser.add_argument("--dimensions", type=int, default=50)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args(arguments)
    F, y = draw(options.train, options.dimensions, 0)
    T, _ = draw(options.test, options.dimensions, 1)
    classes = ClassTable(tuple("abcdefgh"), ("seen",) * CLASSES)
    with limited_threads(options.threads):
        began = time.perf_counter()
        model = LoopDetector()
        model.fit(View(Z=F), y, classes, context=Context(threads=options.threads))
        fitted = time.perf_counter() - began
        model.novelty(View(Z=T))
        seconds = time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"{options.train} training × {options.test} test points × {options.dimensions}")
        print(f"loop                 {seconds:6.1f} s, of which fit {fitted:.1f} s; {peak:.2f} GiB")

        from sklearn.neighbors import NearestNeighbors

        began = time.perf_counter()
        search = NearestNeighbors(n_neighbors=model.k, algorithm="brute")
        search.fit(F.astype(np.float64))
        search.kneighbors()
        search.kneighbors(T.astype(np.float64))
        theirs = time.perf_counter() - began
    print(f"NearestNeighbors     {theirs:6.1f} s: {theirs / seconds:.1f} × that of loop")
    reached = seconds <= GOAL
    print(f"goal {GOAL:.0f} s: {'ok' if reached else 'MISSED'}")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
