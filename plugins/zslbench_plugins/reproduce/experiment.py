"""What an experiment is: plans to run, and a part of the page that is drawn from their rows."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, overload

from zslbench.api import cache_folder
from zslbench.inspection import Inspection, inspect_run
from zslbench.predictions import read_predictions
from zslbench.replay import replay_command

if TYPE_CHECKING:
    from zslbench.contracts import Prediction
    from zslbench.pipeline import GatedPipeline
    from zslbench.record import Record
    from zslbench.report.drawing import Drawing
    from zslbench.runner import Runner, Workspace
    from zslbench.runspec import Request
    from zslbench.score import Scores


@dataclass(frozen=True)
class Row:
    """A finished run of a plan."""

    request: Request
    record: Record
    runner: Runner

    @property
    def scores(self) -> Scores:
        """Its scores."""
        if self.record.scores is None:
            raise ValueError(f"record {self.record.run_id} has no scores")
        return self.record.scores

    @property
    def command(self) -> str:
        """The command that makes it again, as it can be run here."""
        command = replay_command(self.record)
        for name in self.request.slots.values():  # of a file the record knows no path
            family, _, path = name.partition("/")
            hidden = shlex.quote(f"{family}/<{Path(path).name}>")
            command = command.replace(hidden, shlex.quote(name))
        return f"{command} {shlex.join(folders(self.runner.workspace))}"

    @property
    def unseen(self) -> tuple[str, ...]:
        """The unseen classes, sorted."""
        return tuple(self.record.split.unseen)

    def slot(self, name: str) -> str:
        """The component that fills a slot; empty where the method has no such slot."""
        part = self.record.slots.get(name)
        return part.name if part else ""

    def param(self, key: str) -> object:
        """A parameter of a slot: ``gate.cut``."""
        slot, _, name = key.partition(".")
        return self.record.slots[slot].params[name]

    @cached_property
    def prediction(self) -> Prediction:
        """What was predicted of each test image, in canonical order."""
        return read_predictions(
            self.runner.store.folder(self.record.run_id) / "predictions.parquet"
        )

    def inspect(self) -> Inspection:
        """Its points and labels."""
        return inspect_run(self.runner, self.request)

    @property
    def pipeline(self) -> GatedPipeline:
        """Its stages; ValueError for a method that is no recipe."""
        pipeline = self.inspect().pipeline
        if pipeline is None:
            raise ValueError(f"record {self.record.run_id} is of a method without stages")
        return pipeline


def folders(workspace: Workspace) -> list[str]:
    """The options with which a command reads the same data, and the same cache."""
    options = ["--data-dir", str(workspace.data_dir)]
    if workspace.cache_dir != cache_folder(None):
        options += ["--cache-dir", str(workspace.cache_dir)]
    return options


@dataclass(frozen=True)
class Rows(Sequence[Row]):
    """The finished rows of a plan, in the plan's order; ``failures`` says why others are not."""

    rows: tuple[Row, ...]
    failures: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> Row: ...

    @overload
    def __getitem__(self, index: slice) -> Rows: ...

    def __getitem__(self, index: int | slice) -> Row | Rows:
        return Rows(self.rows[index]) if isinstance(index, slice) else self.rows[index]

    def where(self, **slots: str) -> Rows:
        """The rows whose slots are filled so: ``where(novelty="loop")``."""
        chosen = [
            row for row in self.rows if all(row.slot(slot) == name for slot, name in slots.items())
        ]
        return Rows(tuple(chosen))

    def set(self, key: str, value: object) -> Rows:
        """The rows that have this value of a parameter: ``set("gate.cut", "native")``."""
        return Rows(tuple(row for row in self.rows if row.param(key) == value))


@dataclass(frozen=True)
class Finding:
    """A figure, beside the published one."""

    what: str
    value: float | None  # a fraction; None: could not be measured here
    se: float | None = None  # standard error that the test set's size leaves
    spread: float | None = None  # standard deviation over ``runs`` that differ in ``over``
    runs: int = 1
    over: str = "seeds"
    published: float | None = None
    source: str = "the paper"  # where the published figure is from
    goal: float | None = None  # what a reproduction should reach
    tried: str = ""  # where it falls short: what else was looked at, and what it gave
    setting: str = ""  # what was learnt from besides labelled seen images; empty: nothing
    command: str = ""  # empty: it is made of several runs, or of a run's predictions

    @property
    def difference(self) -> float | None:
        """Measured less published."""
        if self.value is None or self.published is None:
            return None
        return self.value - self.published

    @property
    def short(self) -> float | None:
        """Measured less the goal."""
        return None if self.goal is None or self.value is None else self.value - self.goal

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; None where there is none."""
        if self.goal is None or self.value is None:
            return None
        return self.value >= self.goal


@dataclass(frozen=True)
class Part:
    """A part of the page."""

    words: tuple[str, ...]  # paragraphs: what was measured, and how to read it
    findings: tuple[Finding, ...] = ()
    drawings: tuple[Drawing, ...] = ()


@dataclass(frozen=True)
class Desk:
    """All that a part is drawn from."""

    rows: Callable[[str], Rows]  # a plan's name → its rows
    reference: Path | None  # the authors' own curves, where they are at hand


@dataclass(frozen=True)
class Experiment:
    """One experiment of a paper."""

    key: str  # as in --only
    section: str
    title: str
    plans: tuple[str, ...]
    draw: Callable[[Desk], Part]
    extended: bool = False  # only with --extended
    in_quick: bool = True  # does a small fit tell anything?
    on_shapes: bool = True  # can it be shown without photographs?
    of_ten: tuple[str, ...] = ()  # plans that state a number for each class of CIFAR-10
