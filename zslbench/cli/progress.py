"""A run's progress, as a life-cycle plugin: bars on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from zslbench.cli.output import tell
from zslbench.hookspecs import hookimpl

if TYPE_CHECKING:
    from rich.progress import Progress, Task, TaskID

    from zslbench.runspec import RunSpec

LINE_SECONDS = 10.0  # a log gets no line sooner after the last one,
LINE_SHARE = 0.1  # nor for less of the stage than this


class Lines:
    """Plain lines on stderr: a stage begins, how far it is, a stage ends."""

    ZSLBENCH_API = 1

    def __init__(self) -> None:
        self.started = False  # did a run begin, or did its record answer?
        self._stages: dict[str, _Stage] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stages.clear()

    @hookimpl
    def run_started(self, spec: RunSpec, run_id: str) -> None:  # noqa: ARG002
        """Note that something is computed."""
        self.started = True

    @hookimpl
    def stage_started(self, stage: str, note: str) -> None:
        """Say that a stage begins, and what it will take."""
        self._stages[stage] = _Stage()
        tell(f"{stage} … {note}".rstrip())

    @hookimpl
    def stage_progress(self, stage: str, done: int, total: int) -> None:
        """Say how far a stage is, at most a line each ten seconds and tenth of the stage."""
        now = self._stages.setdefault(stage, _Stage())
        if now.is_due(done, total):
            tell(f"{stage}: {now.describe(done, total)}")

    @hookimpl
    def stage_finished(self, stage: str, seconds: float, cached: bool) -> None:
        """Say that a stage ended, and how long it took."""
        self._stages.pop(stage, None)
        tell(f"{stage}: {_ending(seconds, cached=cached)}")


@dataclass
class _Stage:
    """What a log has said of a stage."""

    began: float = field(default_factory=lambda: time.monotonic())
    line: float = field(default_factory=lambda: time.monotonic())
    done: int = 0
    first: int | None = None  # steps that an earlier, interrupted run had done

    def is_due(self, done: int, total: int) -> bool:
        now = time.monotonic()
        if self.first is None:
            self.first = done
        if now - self.line < LINE_SECONDS or done - self.done < LINE_SHARE * total:
            return False
        self.line, self.done = now, done
        return True

    def describe(self, done: int, total: int) -> str:
        elapsed = time.monotonic() - self.began
        rate = (done - (self.first or 0)) / elapsed if elapsed > 0 else 0.0
        text = f"{done:,} of {total:,} ({done / total:.0%})" if total else f"{done:,}"
        if rate > 0:
            text += f", {format_rate(rate)}"
            if total > done:
                text += f", {format_seconds((total - done) / rate)} left"
        return text


class Bars:
    """Bars with rates and the time left; a stage that ended leaves a line."""

    ZSLBENCH_API = 1

    def __init__(self) -> None:
        self.started = False
        self._bars = _bars()
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        for stage in tuple(self._tasks):
            self._drop(stage)
        self._bars.stop()

    @hookimpl
    def run_started(self, spec: RunSpec, run_id: str) -> None:  # noqa: ARG002
        """Note that something is computed."""
        self.started = True

    @hookimpl
    def stage_started(self, stage: str, note: str) -> None:
        """Show a bar, and say what the stage will take."""
        if note:
            self._bars.console.print(f"{stage} … {note}", style="dim")
        self._drop(stage)  # it waited for another run, and begins again
        self._tasks[stage] = self._bars.add_task(stage, total=None)

    @hookimpl
    def stage_progress(self, stage: str, done: int, total: int) -> None:
        """Move the bar."""
        if stage in self._tasks:
            self._bars.update(self._tasks[stage], completed=done, total=total or None)

    @hookimpl
    def stage_finished(self, stage: str, seconds: float, cached: bool) -> None:
        """Put a line in the bar's place."""
        self._drop(stage)
        self._bars.console.print(f"{stage}: {_ending(seconds, cached=cached)}")

    def _drop(self, stage: str) -> None:
        task = self._tasks.pop(stage, None)
        if task is not None:
            self._bars.remove_task(task)


def make_display() -> Lines | Bars:
    """Bars where stderr is a terminal, else lines."""
    return Bars() if sys.stderr.isatty() else Lines()


def format_seconds(seconds: float) -> str:
    """Write a duration: ``0.4 s``, ``38 s``, ``2 min 05 s``, ``1 h 02 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def format_rate(rate: float) -> str:
    """Write steps a second: ``1,063/s``, ``2.4/s``, ``0.05/s``."""
    return f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.2g}/s"


def _ending(seconds: float, *, cached: bool) -> str:
    return "cached" if cached else format_seconds(seconds)


def _bars() -> Progress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            rate = task.finished_speed or task.speed
            return Text(format_rate(rate) if rate else "")

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True, highlight=False, markup=False),
        transient=True,
    )
