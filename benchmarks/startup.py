"""What the command line takes before it does anything: python benchmarks/startup.py.

Wall seconds of a command, the least of ten, beside ``python -c pass``. Goals: ``--help`` ≤ 0.3 s;
``list`` and ``show`` ≤ 0.5 s more than ``python -c pass``. Exits with 1 where one is missed.
"""

from __future__ import annotations

import subprocess
import sys
import time

PROGRAM = (sys.executable, "-c", "from zslbench.cli import main; main()")
TRIES = 10


def seconds(*command: str) -> float:
    """The least wall time of a command."""
    times = []
    for _ in range(TRIES):
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        times.append(time.perf_counter() - began)
    return min(times)


def main() -> int:
    """Measure, print, and return the exit code."""
    bare = seconds(sys.executable, "-c", "pass")
    print(f"python -c pass           {bare:.2f} s")
    reached = True
    for words, goal in (
        (("--help",), 0.3),
        (("list",), bare + 0.5),
        (("show", "mapping", "socher2013"), bare + 0.5),
    ):
        took = seconds(*PROGRAM, *words)
        reached &= took <= goal
        print(f"zslbench {' '.join(words):24} {took:.2f} s, goal {goal:.2f} s")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
