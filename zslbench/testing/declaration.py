"""What a component declares, held against its constructor."""

from __future__ import annotations

import inspect
from typing import Any

from zslbench.params import describe
from zslbench.testing.subject import Subject


def check_declaration(subject: Subject) -> None:
    """A summary, and a line of help for every parameter."""
    spec = subject.spec
    subject.require(bool(spec.summary.strip()), "no summary; say in a line what it is")
    for param in spec.params:
        subject.require(
            bool(param.help.strip()),
            f"parameter {param.name!r} ({describe(param)}) has no help; say in a line what it does",
        )


def check_constructor(subject: Subject) -> None:
    """Declared parameters are the constructor's, with its defaults; it stores them and no more."""
    cls = subject.registry.load(subject.ref)
    subject.require(bool(cls.__doc__), f"class {cls.__name__} has no docstring")
    taken = dict(inspect.signature(cls).parameters)
    family = ["member"] if subject.spec.is_family else []
    declared = {param.name: param.default for param in subject.spec.params}
    open_ended = [name for name, p in taken.items() if p.kind is p.VAR_KEYWORD]
    if subject.spec.members and open_ended:  # what a member has beyond the family's own
        del taken[open_ended[0]]
        declared = {name: default for name, default in declared.items() if name in taken}
    subject.require(
        list(taken) == family + list(declared) or set(taken) == {*family, *declared},
        f"its constructor takes ({', '.join(taken)}); declared are "
        f"({', '.join([*family, *declared])})",
    )
    for name, default in declared.items():
        subject.require(
            _same(taken[name].default, default),
            f"parameter {name!r} defaults to {taken[name].default!r} in the constructor and to "
            f"{default!r} in its declaration",
        )
    _check_stores(subject, {*family, *(param.name for param in subject.spec.params)})


def _check_stores(subject: Subject, names: set[str]) -> None:
    component = subject.create()
    given: dict[str, Any] = dict(subject.ref.params)
    if subject.ref.member is not None:
        given["member"] = subject.ref.member
    for name, value in given.items():
        subject.require(
            hasattr(component, name) and _same(getattr(component, name), value),
            f"its constructor must store parameter {name!r} as it comes, under its own name: "
            f"{value!r} became {getattr(component, name, 'nothing')!r}; check and convert in fit",
        )
    more = sorted(set(vars(component)) - names)
    subject.require(
        not more,
        f"its constructor sets {', '.join(more)} too; it only stores parameters, fit does the rest",
    )


def _same(a: Any, b: Any) -> bool:
    return bool(type(a) is type(b) and a == b)
