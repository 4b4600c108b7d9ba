"""Write the standardised features that ``socher2013`` trains on, for the other benchmarks.

    python benchmarks/export_features.py --data-dir DIR --cache-dir DIR --out FOLDER

Writes ``train.npy`` (n, d), the seen training images and then the held-out ones, and
``train_y.npy`` (n,), labels into the classes in alphabetical order. It is a method that keeps what
it is given, run by the harness: features come from the cache where they are there.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from zslbench import ComponentSpec, Param, evaluate, hookimpl
from zslbench.contracts import Prediction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zslbench.contracts import Context, Curve, Float32, OpenTask, Setting
    from zslbench.hookspecs import Register

ZSLBENCH_API = 1


class FeatureKeeper:
    """Saves the seen features under ``folder``, and answers with the first class of each kind.

    ``stamp`` is there to make a run unlike any before: an answer out of the cache saves nothing.
    """

    slots: ClassVar[Mapping[str, str]] = {"backbone": "coates2011"}
    input: ClassVar[str] = "features"
    setting: ClassVar[Setting] = "inductive"
    curve: ClassVar[Curve] = "stacking"

    def __init__(self, folder: str, stamp: int) -> None:
        self.folder = folder
        self.stamp = stamp

    def fit(self, task: OpenTask, *, context: Context) -> Self:
        """Write both files, without a second copy of the features in memory."""
        seen, folder = task.seen, Path(self.folder)
        n = len(seen.train)
        shape = (n + len(seen.validation), seen.train.shape[1])
        X = np.lib.format.open_memmap(folder / "train.npy", "w+", np.float32, shape)
        X[:n], X[n:] = seen.train, seen.validation
        X.flush()
        y = np.concatenate([seen.train_labels, seen.validation_labels])
        np.save(folder / "train_y.npy", y)
        self.known_, self.novel_ = int(task.classes.seen[0]), int(task.classes.unseen[0])
        return self

    def predict(self, source: Float32) -> Prediction:
        """Answer the same for every image."""
        n = len(source)
        known, novel = (np.full(n, label, np.int64) for label in (self.known_, self.novel_))
        return Prediction(known, novel, novel, np.zeros(n, np.float32))


@hookimpl
def register_methods(register: Register) -> None:
    """Offer the keeper."""
    params = (Param("folder", "str", ".", "where to save"), Param("stamp", "int", 0, "of the run"))
    register(ComponentSpec("method", "keeper", f"{__name__}:FeatureKeeper", params=params))


def main(arguments: list[str] | None = None) -> None:
    """Read the options, run the harness, and say what was written."""
    parser = argparse.ArgumentParser(description="Write features for the benchmarks.")
    for name in ("--data-dir", "--cache-dir", "--out"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--dataset", default="cifar10")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    told: dict[str, Any] = {
        "method.folder": str(options.out.resolve()),
        "method.stamp": time.time_ns(),
    }
    with tempfile.TemporaryDirectory() as records:
        evaluate(
            "keeper", options.dataset, set=told, data_dir=options.data_dir, out=records,
            cache_dir=options.cache_dir, threads=options.threads, plugins=[sys.modules[__name__]],
        )  # fmt: skip
    X = np.load(options.out / "train.npy", mmap_mode="r")
    print(f"{options.out / 'train.npy'}: {X.shape[0]} × {X.shape[1]} features")


if __name__ == "__main__":
    main()
