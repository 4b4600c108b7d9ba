"""Gates: two branches and a novelty in, a prediction out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from zslbench.contracts import Branch, Curve, HeldOutSeen
from zslbench.enforce import check_prediction
from zslbench.errors import InputError
from zslbench.testing import samples
from zslbench.testing.laws import Outputs, check_laws, untouched

if TYPE_CHECKING:
    from zslbench.contracts import Candidates, Floats, Int
    from zslbench.testing.subject import Subject

N = 60
NEEDS = {"novelty", "p_unseen"}


@dataclass(frozen=True)
class Inputs:
    """What a gate gets of N images, with what it may set its cut on."""

    known: Branch
    novel: Branch
    numbers: Mapping[str, Floats]
    heldout: HeldOutSeen


def check_gate(subject: Subject) -> None:
    """Labels of the right group, a float32 margin; nothing asked for that ``needs`` lacks."""
    gate = subject.create()
    subject.require(
        isinstance(gate.needs, frozenset) and gate.needs <= NEEDS,
        f"needs is {gate.needs!r}; expected a frozenset of some of {', '.join(sorted(NEEDS))}",
    )
    subject.require(isinstance(gate.joint, bool), f"joint is {gate.joint!r}; expected a bool")
    subject.require(
        gate.curve in get_args(Curve),
        f"curve is {gate.curve!r}; expected one of {', '.join(get_args(Curve))}",
    )
    novel: list[Candidates] = ["all"] if gate.joint else ["unseen"]
    if not gate.joint and _takes_all(subject):
        novel.append("all")
    for candidates in novel:
        for everything in (True, False):
            offered = frozenset(NEEDS) if everything else gate.needs
            _check_combine(subject, candidates, offered)


def _takes_all(subject: Subject) -> bool:
    """Whether the unseen classifier may choose among seen classes too; it may refuse that."""
    gate, given = subject.create(), _inputs("all", frozenset(NEEDS))
    with subject.calling("fit"):
        gate.fit(given.heldout)
    with subject.calling("combine"):
        try:
            gate.combine(given.known, given.novel, classes=samples.class_table(), **given.numbers)
        except InputError:  # it says that it cannot
            return False
    return True


def _inputs(candidates: Candidates, offered: frozenset[str]) -> Inputs:
    rng, table = np.random.default_rng(6), samples.class_table()
    columns = table.candidates(candidates)
    return Inputs(
        known=Branch(rng.normal(size=(N, len(table.seen))), table.seen),
        novel=Branch(rng.normal(size=(N, len(columns))), columns),
        numbers={"novelty": rng.normal(size=N), "p_unseen": rng.uniform(size=N)},
        heldout=HeldOutSeen(
            novelty=rng.normal(size=50) if "novelty" in offered else None,
            train_novelty=rng.normal(size=80) if "novelty" in offered else None,
            p_unseen=rng.uniform(size=50) if "p_unseen" in offered else None,
        ),
    )


def _check_combine(subject: Subject, candidates: Candidates, offered: frozenset[str]) -> None:
    whole, table = _inputs(candidates, offered), samples.class_table()

    def fit(gate: Any, subject: Subject, read_only: bool) -> Any:
        with untouched(subject, "fit", read_only, heldout=whole.heldout):
            return gate.fit(whole.heldout)

    def combine(gate: Any, rows: Int) -> Outputs:
        known, novel = (replace(b, scores=b.scores[rows]) for b in (whole.known, whole.novel))
        given = {k: v[rows] if k in offered else None for k, v in whole.numbers.items()}
        with untouched(subject, "combine", False, known=known, novel=novel, **given):
            prediction = gate.combine(known, novel, classes=table, **given)
        check_prediction(prediction, len(rows), table, f"{subject.what}: combine")
        return {
            "known_label": prediction.known_label,
            "novel_label": prediction.novel_label,
            "zsl_label": prediction.zsl_label,
            "margin": prediction.margin,
        }

    check_laws(subject, fit, combine, N, "combine")
