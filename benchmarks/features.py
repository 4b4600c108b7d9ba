"""Speed of the image features ``coates2011`` against a plain version and the bare matrix product.

    python benchmarks/features.py [--images 512] [--threads 2] [--repeats 5]

Everything runs interleaved in one process, batch by batch of 64 smooth random images of CIFAR's
shape, with as many threads for each. Prints the medians in milliseconds an image; other work on the
machine blurs them. Exits with 1 unless the features are at least 6 times as fast as the plain
version, run at 60 % of the speed of the product or more, and equal the plain version's within 1e-4
of a value plus 1e-4 of the root mean square.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from zslbench.contracts import Context
from zslbench_plugins.backbones.coates2011 import CoatesBackbone

if TYPE_CHECKING:
    from zslbench.contracts import Float32, Int, UInt8

LEAST_SPEEDUP = 6.0
LEAST_SHARE_OF_PRODUCT = 0.6
TOLERANCE = 1e-4
BATCH = 64  # images
POSITIONS, PATCH_VALUES = 27 * 27, 6 * 6 * 3
IMAGES_A_PRODUCT = (1, 4, 16)  # the fastest of these is what the features are held against

Contestant = Callable[[int], Any]  # does the batch of that number


@dataclass(frozen=True)
class Images:
    """Images in memory, as the harness hands them to a backbone."""

    array: UInt8

    def __len__(self) -> int:
        return len(self.array)

    def blocks(self, start: int = 0, size: int = 256) -> Iterator[UInt8]:
        for first in range(start, len(self.array), size):
            yield self.array[first : first + size]

    def take(self, rows: Int) -> UInt8:
        return self.array[rows]


@dataclass(frozen=True)
class Check:
    """A figure and the least that it may be."""

    name: str
    value: float
    least: float

    @property
    def holds(self) -> bool:
        return self.value >= self.least


def smooth_images(count: int, seed: int = 0) -> UInt8:
    """Draw (count, 32, 32, 3) images: coarse colours blown up, with fine noise."""
    rng = np.random.default_rng(seed)
    coarse = torch.from_numpy(rng.uniform(0, 255, (count, 3, 5, 5)))
    smooth = torch.nn.functional.interpolate(coarse, size=(32, 32), mode="bicubic")
    noisy = smooth.numpy().transpose(0, 2, 3, 1) + rng.normal(0, 8, (count, 32, 32, 3))
    return noisy.clip(0, 255).astype(np.uint8)


def plain_features(images: UInt8, backbone: CoatesBackbone) -> Float32:
    """Compute the features of a fitted ``backbone`` step by step in torch, all images at once."""
    size = backbone.patch
    # unfold orders a patch by channel, row, column; the backbone by row, column, channel.
    order = np.arange(3 * size**2).reshape(size, size, 3).transpose(2, 0, 1).ravel()
    mean = torch.from_numpy(backbone.mean_[order].astype(np.float32))
    whitened_bases = (backbone.whitening_ @ backbone.dictionary_.T)[order]
    matrix = torch.from_numpy(whitened_bases.astype(np.float32))
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2).float()
    b, _, h, w = pixels.shape
    patches = torch.nn.functional.unfold(pixels, size).transpose(1, 2)
    patches = patches - patches.mean(dim=2, keepdim=True)
    patches = patches / (patches.var(dim=2, keepdim=True) + 10).sqrt()
    z = ((patches - mean) @ matrix).view(b, h - size + 1, w - size + 1, -1)
    codes = (torch.relu(z - backbone.alpha), torch.relu(-z - backbone.alpha))
    rows, columns = (h - size + 2) // 2, (w - size + 2) // 2
    sums = [
        code[:, vertical, horizontal].sum(dim=(1, 2))
        for vertical in (slice(None, rows), slice(rows, None))
        for horizontal in (slice(None, columns), slice(columns, None))
        for code in codes
    ]
    return torch.cat(sums, dim=1).numpy()


def make_product(images_a_product: int, bases: int) -> Contestant:
    """Return a contestant that does the products of a batch and nothing else."""
    rows = torch.randn(images_a_product * POSITIONS, PATCH_VALUES)
    matrix = torch.randn(PATCH_VALUES, bases)
    out = torch.empty(len(rows), bases)

    def multiply(_: int) -> None:
        for _ in range(BATCH // images_a_product):
            torch.mm(rows, matrix, out=out)

    return multiply


def medians(contestants: dict[str, Contestant], rounds: int) -> dict[str, float]:
    """Time all contestants, one after another, ``rounds`` times; median seconds by name."""
    for run in contestants.values():
        run(0)  # compiles, warms caches, starts threads
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(rounds):
        for name, run in contestants.items():
            start = time.perf_counter()
            run(number)
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def compare(images: UInt8, threads: int, repeats: int) -> list[Check]:
    """Run all contestants batch by batch, print their times, and return what has to hold."""
    context = Context(threads=threads)
    backbone = CoatesBackbone(patches=20_000, rounds=2).fit(Images(images), context=context)
    batches = images.reshape(-1, BATCH, *images.shape[1:])
    contestants: dict[str, Contestant] = {
        "plain": lambda i: plain_features(batches[i % len(batches)], backbone),
        "features": lambda i: backbone.transform(batches[i % len(batches)], context=context),
    }
    for size in IMAGES_A_PRODUCT:
        contestants[f"product of {size}"] = make_product(size, backbone.bases)
    times = medians(contestants, repeats * len(batches))
    for name, seconds in times.items():
        print(f"{name:<14}{1000 * seconds / BATCH:8.3f} ms an image")
    product = min(seconds for name, seconds in times.items() if name.startswith("product"))
    difference = max(
        relative_difference(contestants["features"](i), contestants["plain"](i))
        for i in range(len(batches))
    )
    print(f"largest difference {difference:.1e} of value + root mean square")
    return [
        Check("speed / speed of plain", times["plain"] / times["features"], LEAST_SPEEDUP),
        Check("speed / speed of product", product / times["features"], LEAST_SHARE_OF_PRODUCT),
        Check("1 / largest difference", 1 / difference, 1 / TOLERANCE),
    ]


def relative_difference(fast: Float32, plain: Float32) -> float:
    """Largest |fast − plain| / (|plain| + root mean square of plain)."""
    scale = float(np.sqrt(np.mean(np.square(plain, dtype=np.float64))))
    return float(np.max(np.abs(fast - plain) / (np.abs(plain) + scale)))


def main(arguments: list[str] | None = None) -> int:
    """Read the options, compare, print what holds, and return the exit code."""
    parser = argparse.ArgumentParser(description="Speed of the coates2011 features.")
    parser.add_argument("--images", type=int, default=512, help=f"a multiple of {BATCH}")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args(arguments)
    if options.images < 1 or options.images % BATCH:
        parser.error(f"--images {options.images}: must be a multiple of {BATCH}")
    torch.set_num_threads(options.threads)
    checks = compare(smooth_images(options.images), options.threads, options.repeats)
    for check in checks:
        verdict = "ok" if check.holds else "MISSED"
        print(f"{check.name}: {check.value:.4g}, at least {check.least:g}: {verdict}")
    return 0 if all(check.holds for check in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
