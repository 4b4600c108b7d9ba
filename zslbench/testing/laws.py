"""Laws that hold for every component that is fitted and then applied to images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np

from zslbench.enforce import INVARIANCE_TOLERANCE
from zslbench.testing.subject import Subject

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zslbench.contracts import Int

Outputs = Mapping[str, "NDArray[Any]"]
Fit = Callable[[Any, Subject, bool], Any]  # component, subject, read_only → what fit returned
Apply = Callable[[Any, "Int"], Outputs]  # component, rows → one array an output, a row an image


def check_laws(subject: Subject, fit: Fit, apply: Apply, n: int, step: str) -> Outputs:
    """Fit and apply; hold all laws; return the outputs for all ``n`` images.

    fit returns self and keeps the parameters; applying learns nothing; images in another order, in
    small batches or alone get the same values; the same seed on read-only inputs gives the same
    bits in an instance made from the first one's parameters, whatever it was applied to first.
    """
    component = subject.create()
    with subject.calling("fit"):
        subject.require(fit(component, subject, False) is component, "fit must return self")
    _check_params_kept(subject, component)
    rows, before = np.arange(n), _snapshot(component)
    whole = _applied(subject, component, apply, rows, step)
    _check_unlearnt(subject, before, component, step)
    shuffled = np.random.default_rng(0).permutation(n)
    for chosen, how in (
        (shuffled, "in another order"),
        (rows[: n // 3], f"{n // 3} at a time"),
        (rows[-1:], "alone"),
    ):
        part = _applied(subject, component, apply, chosen, step)
        _check_close(subject, part, {k: v[chosen] for k, v in whole.items()}, how, step)
    _check_repeats(subject, component, fit, apply, whole, step)
    return whole


def learnt(component: Any) -> dict[str, Any]:
    """The attributes that end in ``_``, arrays copied."""
    names = [n for n in vars(component) if n.endswith("_") and not n.startswith("_")]
    values = {name: getattr(component, name) for name in names}
    return {k: v.copy() if isinstance(v, np.ndarray) else v for k, v in values.items()}


def _snapshot(component: Any) -> dict[str, Any]:
    """What is learnt, as it is now: arrays, and hashes of containers.

    Of an estimator its outputs tell: some count inside how often they were asked.
    """
    return {
        name: joblib.hash(value) if isinstance(value, (dict, list, tuple, set)) else value
        for name, value in learnt(component).items()
    }


@contextmanager
def untouched(subject: Subject, step: str, read_only: bool, **inputs: Any) -> Iterator[None]:
    """Hold that the arrays in ``inputs`` are the same afterwards."""
    arrays = dict(_arrays(inputs))
    before = {name: array.copy() for name, array in arrays.items()}
    writeable = {name: array.flags.writeable for name, array in arrays.items()}
    try:
        for array in arrays.values():
            array.flags.writeable = array.flags.writeable and not read_only
        yield
    finally:
        for name, array in arrays.items():
            array.flags.writeable = writeable[name]
    for name, array in arrays.items():
        subject.require(
            np.array_equal(array, before[name]),
            f"{step} changed its input {name}; inputs belong to the harness: work on a copy",
        )


def _arrays(inputs: Mapping[str, Any]) -> Iterator[tuple[str, NDArray[Any]]]:
    for name, value in inputs.items():
        if isinstance(value, np.ndarray):
            yield name, value
        elif is_dataclass(value):
            inner = {f.name: getattr(value, f.name) for f in fields(value)}
            yield from ((f"{name}.{k}", v) for k, v in _arrays(inner))
        elif isinstance(value, tuple):
            yield from _arrays({f"{name}[{i}]": item for i, item in enumerate(value)})


def _applied(subject: Subject, component: Any, apply: Apply, rows: Int, step: str) -> Outputs:
    with subject.calling(step):
        return apply(component, rows)


def _check_params_kept(subject: Subject, component: Any) -> None:
    for name, value in subject.ref.params.items():
        subject.require(
            getattr(component, name, None) == value,
            f"fit changed parameter {name!r} from {value!r} to "
            f"{getattr(component, name, None)!r}; keep what is worked out in {name}_",
        )


def _check_unlearnt(subject: Subject, before: Mapping[str, Any], component: Any, step: str) -> None:
    after = _snapshot(component)
    changed = sorted(
        name
        for name in before.keys() | after.keys()
        if name not in before or name not in after or not _equal(before[name], after[name])
    )
    subject.require(
        not changed, f"{step} changed {', '.join(changed)}; everything is learnt in fit"
    )


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return np.array_equal(a, b, equal_nan=getattr(a, "dtype", np.dtype(int)).kind == "f")
    return bool(a is b or a == b)


def _check_close(subject: Subject, part: Outputs, whole: Outputs, how: str, step: str) -> None:
    """Integers equal; floats within INVARIANCE_TOLERANCE of their root mean square."""
    for name, expected in whole.items():
        got = part[name]
        subject.require(
            got.shape == expected.shape,
            f"{step} gives {name} of shape {got.shape} for images {how}; expected {expected.shape}",
        )
        if expected.dtype.kind != "f":
            subject.require(
                np.array_equal(got, expected),
                f"{step} gives other {name} for images {how}; an image's result must not depend on "
                "the other images",
            )
            continue
        finite = np.isfinite(expected)
        squares = np.square(expected[finite], dtype=np.float64)
        scale = float(np.sqrt(squares.mean())) if squares.size else 0.0
        same = np.array_equal(got[~finite], expected[~finite])
        worst = float(np.abs(got[finite] - expected[finite].astype(np.float64)).max(initial=0.0))
        subject.require(
            same and worst <= INVARIANCE_TOLERANCE * max(scale, 1e-30),
            f"{step} gives other {name} for images {how}: they differ by {worst:.3g} (root mean "
            f"square {scale:.3g}); an image's result must not depend on the other images",
        )


def _check_repeats(
    subject: Subject, component: Any, fit: Fit, apply: Apply, whole: Outputs, step: str
) -> None:
    """An instance made from the parameters of the first one gives the same bits.

    It is applied to some images before it is to all: what a first application learns from, under
    whatever name, shows in the values of the images after it.
    """
    n = len(next(iter(whole.values())))
    first = np.arange(n)[-(n // 3) :]
    again = _made_again(subject, component, fit)
    part = _applied(subject, again, apply, first, step)
    repeated = _applied(subject, again, apply, np.arange(n), step)
    if any(not np.array_equal(repeated[name], expected) for name, expected in whole.items()):
        # Whether by the dice or by what it was applied to first, a third one tells.
        third = _applied(subject, _made_again(subject, component, fit), apply, np.arange(n), step)
        for name, expected in whole.items():
            subject.require(
                np.array_equal(third[name], expected),
                f"fitted again with the same seed, {step} gives other {name}; draw every random "
                "number from context.seed",
            )
    how = f"when the {len(first)} are the first that it is applied to"
    _check_close(subject, part, {k: v[first] for k, v in whole.items()}, how, step)
    _check_close(subject, repeated, whole, f"after {len(first)} of them", step)


def _made_again(subject: Subject, component: Any, fit: Fit) -> Any:
    """An instance of the parameters of ``component``, fitted on read-only inputs."""
    names = (["member"] if subject.spec.is_family else []) + list(subject.ref.params)
    with subject.calling("its constructor"):
        again = type(component)(**{name: getattr(component, name) for name in names})
    with subject.calling("fit on read-only inputs"):
        fit(again, subject, True)
    return again
