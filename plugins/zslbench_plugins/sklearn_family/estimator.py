"""Estimators of scikit-learn, made from a component's parameters, and fitted with its warnings."""

from __future__ import annotations

import importlib
import inspect
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from zslbench.errors import InputError
from zslbench_plugins.sklearn_family.catalogue import MEMBERS, SLOT, THEIRS, Kind, Member

if TYPE_CHECKING:
    from zslbench.contracts import Context

BLOCK = 1024  # images a step when a fit is applied: memory stays bounded


def member_of(kind: Kind, name: str) -> Member:
    """Return the member called ``name``; raise InputError where there is none."""
    if name not in MEMBERS[kind]:
        raise InputError(
            f"unknown {kind} 'sklearn/{name}': there are "
            f"{', '.join(f'sklearn/{known}' for known in MEMBERS[kind])}"
        )
    return MEMBERS[kind][name]


def estimator_class(member: Member, name: str) -> Any:
    """Import the class."""
    return getattr(importlib.import_module(member.module), name)


def settings(member: Member, given: dict[str, Any]) -> dict[str, Any]:
    """What the constructor of scikit-learn gets of a component's attributes ``given``.

    Raises InputError where a layer's size is not a whole number.
    """
    values: dict[str, Any] = {}
    for own in member.params:
        if own.name in given:
            values[own.name] = given[own.name]
        elif own.default is not THEIRS:
            values[own.name] = own.default
        if own.none is not None and values.get(own.name, own.none) is None:
            values[own.name] = own.none
        if own.type == "floats" and own.name in values:
            values[own.name] = _whole(own.name, values[own.name])
    return values


def make(member: Member, name: str, values: dict[str, Any], context: Context) -> Any:
    """Construct the estimator with ``values``, the seed and the threads of ``context``."""
    cls = estimator_class(member, name)
    taken = inspect.signature(cls).parameters
    if "random_state" in taken:
        values = values | {"random_state": context.seed % 2**32}
    if "n_jobs" in taken and name != "LogisticRegression":  # there it is deprecated, for nothing
        values = values | {"n_jobs": context.threads}
    return cls(**member.fixed, **values)


def fit(member: Member, name: str, estimator: Any, *data: Any) -> bool:
    """Fit, and return whether the solver converged.

    Raises InputError where scikit-learn refuses its data or parameters, or takes others than it was
    given with a warning; and where the solver of a convex problem stopped before it was done.
    """
    from sklearn.exceptions import ConvergenceWarning

    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            estimator.fit(*data)
    except (ValueError, np.linalg.LinAlgError) as error:
        raise InputError(_refusal(member, name, str(error))) from error
    unfinished = [w for w in told if issubclass(w.category, ConvergenceWarning)]
    if unfinished and not member.budget:
        raise InputError(
            _refusal(member, name, f"stopped before it was done: {unfinished[0].message}")
        )
    for warning in told:
        if warning in unfinished:
            continue
        if issubclass(warning.category, UserWarning):
            raise InputError(_refusal(member, name, str(warning.message)))
        warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    return not unfinished


def _refusal(member: Member, name: str, reason: str) -> str:
    slot = SLOT[member.kind]
    return (
        f"sklearn/{name}: {' '.join(reason.split())}; set its parameters with --set {slot}.NAME=, "
        f"see 'zslbench show {member.kind} sklearn/{name}'"
    )


def _whole(name: str, sizes: tuple[float, ...]) -> tuple[int, ...]:
    if not all(float(size).is_integer() and size >= 1 for size in sizes):
        raise InputError(f"{name} must be whole numbers ≥ 1, got {', '.join(map(str, sizes))}")
    return tuple(int(size) for size in sizes)
