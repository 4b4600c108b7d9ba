"""Time and peak memory of the main job: cold, with cached features, and asked for again.

python benchmarks/main_job.py --dataset cifar10 --data-dir DIR [--threads 2] [--seed 0]

Each run is a process of its own on an empty cache; its peak is the operating system's figure for
that process. Goals on two cores, CIFAR-10: cold ≤ 12 min and ≤ 8 GiB; features cached ≤ 6 min.
"""

from __future__ import annotations

import argparse
import csv
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

GOALS = {"cold": 12 * 60.0, "features cached": 6 * 60.0}
PEAK_GOAL = 8 * 2**30


def timed(name: str, command: list[str], *, show: bool) -> tuple[float, int]:
    """Run ``command``; return its seconds and the largest child's peak resident bytes."""
    started = time.perf_counter()
    quiet = None if show else subprocess.DEVNULL
    subprocess.run(command, check=True, stdout=quiet, stderr=quiet)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    goal = GOALS.get(name)
    beside = f" (goal {goal:.0f} s)" if goal else ""
    print(f"{name:16s} {seconds:7.1f} s{beside}, peak so far {peak / 2**30:.2f} GiB", flush=True)
    return seconds, peak


def main() -> int:
    """Run the three cases; return 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="cifar10")
    parser.add_argument("--data-dir", default=os.environ.get("ZSLBENCH_DATA_DIR", "data"))
    parser.add_argument("--threads", default="2")
    parser.add_argument("--seed", default="0")
    parser.add_argument("--show", action="store_true", help="show what the cold run prints")
    chosen = parser.parse_args()
    missed = False
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix="main-job-") as folder:
        place = Path(folder).relative_to(Path.cwd())
        cache, out = place / "cache", place / "out"
        command = [
            sys.executable, "-m", "zslbench", "run", "--method", "socher2013",
            "--dataset", chosen.dataset, "--data-dir", chosen.data_dir, "--seed", chosen.seed,
            "--threads", chosen.threads, "--cache-dir", str(cache), "--out", str(out),
        ]  # fmt: skip
        for name in ("cold", "features cached", "asked again"):
            if name == "features cached":
                shutil.rmtree(out)
                for entry in (cache / "stages").glob("*"):
                    if not entry.name.startswith("backbone-"):
                        entry.unlink()
            seconds, peak = timed(name, command, show=chosen.show and name == "cold")
            (row,) = csv.DictReader((out / f"{chosen.dataset}.csv").open())
            print("  " + ", ".join(f"{k} {row[k]}" for k in ("run", "T1", "H", "AUSUC", "AUROC")))
            if chosen.dataset == "cifar10":
                missed |= seconds > GOALS.get(name, float("inf")) or peak > PEAK_GOAL
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
