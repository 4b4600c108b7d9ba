"""Time and peak memory of each stage, and who is told of its progress."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable

    from zslbench.contracts import Progress

TOLD = 5.0  # seconds: a stage that takes less needs no word beforehand


@dataclass(frozen=True)
class StageReport:
    """What a stage took: wall seconds, and the process's peak resident bytes while it ran."""

    stage: str
    seconds: float
    peak_bytes: int
    cached: bool


class Monitor:
    """Collects a StageReport for every stage, and calls the life-cycle hooks."""

    def __init__(self, hook: Any) -> None:
        self._hook = hook  # pluggy's hook relay
        self.reports: list[StageReport] = []
        self.expected: Callable[[str], float | None] = lambda _: None
        """Stage → seconds that it took in runs like this one, where that is known."""

    @contextmanager
    def stage(self, name: str, note: str = "") -> Iterator[Progress]:
        """Measure the block as stage ``name``; yields the progress callback to hand on."""
        seconds = self.expected(name)
        if seconds is not None and seconds >= TOLD:
            note = f"{note}, " * bool(note) + f"took {seconds:.0f} s in runs like this one"
        self._hook.stage_started(stage=name, note=note)

        def progress(done: int, total: int) -> None:
            self._hook.stage_progress(stage=name, done=done, total=total)

        started = time.perf_counter()
        with _PeakMemory() as peak:
            yield progress
        self._finish(name, time.perf_counter() - started, peak.bytes, cached=False)

    def cached(self, name: str, seconds: float = 0.0) -> None:
        """Note that stage ``name`` was answered from the cache."""
        self._finish(name, seconds, psutil.Process().memory_info().rss, cached=True)

    def waiting(self, name: str) -> None:
        """Say that another process is computing stage ``name``."""
        self._hook.stage_started(stage=name, note="another run is computing it: waiting")

    def _finish(self, name: str, seconds: float, peak_bytes: int, *, cached: bool) -> None:
        self.reports.append(StageReport(name, seconds, peak_bytes, cached))
        self._hook.stage_finished(stage=name, seconds=seconds, cached=cached)


class _PeakMemory:
    """Samples the resident set twenty times a second; mapped file pages count."""

    def __enter__(self) -> _PeakMemory:
        self._process = psutil.Process()
        self.bytes = self._process.memory_info().rss
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self.bytes = max(self.bytes, self._process.memory_info().rss)

    def _sample(self) -> None:
        while not self._stop.wait(0.05):
            self.bytes = max(self.bytes, self._process.memory_info().rss)
