"""Plans run one after another, each row once; the time that is left, from the times before."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zslbench.api import fixed_options
from zslbench.disk import explain_failure
from zslbench.errors import ZSLBenchError
from zslbench.estimate import Estimate, estimate
from zslbench.grid import make_grid
from zslbench.grid_run import run_rows
from zslbench.runner import Runner, Workspace
from zslbench_plugins.reproduce.experiment import Desk, Experiment, Part, Row, Rows, folders
from zslbench_plugins.reproduce.page import Section
from zslbench_plugins.reproduce.plan import adapt, load_plan

if TYPE_CHECKING:
    from zslbench.registry import Registry
    from zslbench.runspec import Request

Say = Callable[[str], None]
Report = Callable[[Exception, str], int]  # a failure, and of what → the exit code it stands for
MINUTE = 60.0  # seconds


@dataclass(frozen=True)
class Choice:
    """What is asked for."""

    paper: str
    experiments: tuple[Experiment, ...]
    quick: bool
    shapes: bool
    seeds: str
    threads: int
    data_dir: Path
    out: Path
    cache_dir: Path
    offline: bool


class Session:
    """Runs the plans of some experiments; a row that is finished answers from its record."""

    def __init__(self, choice: Choice, registry: Registry, say: Say, report: Report) -> None:
        self.choice = choice
        self.say = say
        self.report = report
        self.workspace = Workspace(
            choice.data_dir, choice.out, choice.cache_dir, offline=choice.offline
        )
        self.runner = Runner(registry, self.workspace)
        self.registry = registry
        self.rows: dict[str, Rows] = {}
        self.codes: list[int] = []  # exit codes of what failed

    def requests(self, name: str) -> tuple[Request, ...]:
        """The rows of the plan ``name`` as they are asked for here."""
        choice = self.choice
        plan = adapt(
            load_plan(name), quick=choice.quick, shapes=choice.shapes, seeds=choice.seeds,
            data_dir=choice.data_dir,
        )  # fmt: skip
        fixed = fixed_options(0.05, 0, choice.threads, "cpu", None)
        return make_grid(**(fixed | plan)).requests()

    def run(self) -> None:
        """Run every plan of every experiment; failures of rows are kept with their reason."""
        names, left_out = plan_names(self.choice.experiments), set[str]()
        if self.choice.shapes:
            left_out = {name for e in self.choice.experiments for name in e.of_ten}
            self.rows |= dict.fromkeys(left_out, Rows(()))
        names = tuple(name for name in names if name not in left_out)
        planned = {name: self.requests(name) for name in names}
        began, total = time.monotonic(), sum(map(len, planned.values()))
        done = 0
        for place, name in enumerate(names):
            left = self._left(planned, names[place:])
            elapsed = (time.monotonic() - began) / MINUTE
            self.say(
                f"plan {place + 1} of {len(names)}, {name}: {len(planned[name])} rows "
                f"({done} of {total} done, {elapsed:.0f} min so far; {left})"
            )
            self.rows[name] = self._run_plan(name, planned[name])
            done += len(planned[name])

    def sections(self) -> list[Section]:
        """Each experiment with the part of the page that its rows give."""
        choice = self.choice
        reference = choice.data_dir / "socher2013"
        desk = Desk(
            rows=self.rows.__getitem__,
            reference=reference if reference.is_dir() and not choice.shapes else None,
        )
        found = []
        for experiment in choice.experiments:
            rows = [self.rows[name] for name in experiment.plans]
            reasons = tuple(dict.fromkeys(reason for r in rows for reason in r.failures))
            there = any(len(r) for r in rows)
            part, broken = self._drawn(experiment, desk) if there else (None, ())
            found.append(Section(experiment, part, (*reasons, *broken), self._command(experiment)))
        return found

    def _drawn(self, experiment: Experiment, desk: Desk) -> tuple[Part | None, tuple[str, ...]]:
        """The part, or why there is none: a bug in one leaves the other parts theirs."""
        try:
            return self._judged(experiment.draw(desk)), ()
        except Exception as failure:  # reported with its traceback, and by the exit code
            self.codes.append(self.report(failure, f"the part {experiment.key}"))
            return None, (_reason(failure),)

    def _command(self, experiment: Experiment) -> str:
        """What makes an experiment's part of the page again, in a folder of its own."""
        choice = self.choice
        words = ["zslbench", "reproduce", choice.paper, "--only", experiment.key]
        words += ["--quick"] * choice.quick + ["--extended"] * experiment.extended
        words += ["--on", "shapes"] * choice.shapes + folders(self.workspace)
        words += ["--seeds", choice.seeds, "--threads", str(choice.threads)]
        words += ["--out", f"{choice.out}-{experiment.key}"]
        return shlex.join(words)

    def _judged(self, part: Part) -> Part:
        """The part, its figures without the goals and the paper's where they are not meant."""
        choice = self.choice
        if not (choice.quick or choice.shapes):
            return part
        kept = part.findings
        if choice.shapes:  # the paper's figures are of other images
            kept = tuple(replace(f, published=None) for f in kept)
        return replace(part, findings=tuple(replace(f, goal=None) for f in kept))

    def facts(self) -> list[tuple[str, str]]:
        """What holds for the whole page."""
        records = [row.record for rows in self.rows.values() for row in rows]
        if not records:
            return []
        records = list({record.run_id: record for record in records}.values())
        first = records[0]
        names = sorted({record.dataset.component.name for record in records})
        revisions = ", ".join(sorted({str(record.git_revision) for record in records}))
        return [
            ("Runs", f"{len(records)}, their records in runs/"),
            ("Images", ", ".join(names)),
            ("Seeds", self.choice.seeds),
            ("Setting", ", ".join(sorted({record.setting for record in records}))),
            ("Machine", f"{', '.join(map(str, first.machine.values()))}; {first.threads} threads"),
            ("Code", f"zslbench {first.versions.get('zslbench')}, revision {revisions}"),
        ]

    def _left(self, planned: dict[str, tuple[Request, ...]], names: Iterable[str]) -> str:
        """What the plans still to come will take, from the times of rows like them."""
        requests = tuple(request for name in names for request in planned[name])
        try:
            told = estimate(requests, self.registry, self.workspace)
        except ZSLBenchError as failure:  # it fails its own row too
            return f"time left unknown: {failure}"
        whole = sum(told, Estimate())
        if whole.unknown:
            untimed = f"{whole.unknown} stages were never timed here"
            if whole.seconds < MINUTE:
                return f"time left unknown: {untimed}"
            return f"at least {whole.seconds / MINUTE:.0f} min left: {untimed}"
        return f"about {whole.seconds / MINUTE:.0f} min left"

    def _run_plan(self, name: str, requests: tuple[Request, ...]) -> Rows:
        rows, failures = [], []
        for done in run_rows(self.runner, requests):
            if done.record is not None:
                rows.append(Row(done.request, done.record, self.runner))
            elif done.failure is not None:
                failures.append(_reason(done.failure))
                self.codes.append(self.report(done.failure, f"a row of the plan {name}"))
        return Rows(tuple(rows), tuple(failures))


def _reason(failure: Exception) -> str:
    """A failure as the page says it."""
    told = explain_failure(failure)
    return f"{told.message} ({type(failure).__name__})" if told.is_bug else told.message


def plan_names(experiments: Iterable[Experiment]) -> tuple[str, ...]:
    """The plans of ``experiments``, each once, in their order."""
    names: dict[str, Any] = {}
    for experiment in experiments:
        names |= dict.fromkeys(experiment.plans)
    return tuple(names)
