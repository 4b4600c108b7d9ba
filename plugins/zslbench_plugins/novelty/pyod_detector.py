"""Novelty detectors of PyOD by name: the family ``pyod/*``."""

from __future__ import annotations

import importlib
import inspect
import json
import random
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from zslbench.errors import InputError
from zslbench_plugins.sklearn_family.memory import require_memory
from zslbench_plugins.sklearn_family.params import MEMORY_LIMIT_GB
from zslbench_plugins.sklearn_family.sampling import chosen_rows

if TYPE_CHECKING:
    from zslbench.contracts import ClassTable, Context, Floats, Int, View, ViewInput

# absent PyOD fails here, where the registry names the extra that brings it
importlib.import_module("pyod.models.base")

BLOCK = 1024  # rows a step: memory stays bounded whatever the number of images
REFUSED = "pyod_refused.json"
Settings = Mapping[str, Any]
Need = Callable[[int, int, Settings], float]  # (n, m, PyOD's parameters) → bytes


def _rows(n: int, m: int, given: Settings) -> float:  # noqa: ARG001 - a Need
    """The points in float64, and two more like them: centred, scaled or sorted into a tree."""
    return 3 * 8.0 * n * m


def _columns(width: str | int) -> Need:
    """The points, and ``width`` float64 a point: a number, or the parameter that says it."""
    return lambda n, m, given: (
        _rows(n, m, given)
        + 8.0 * n * (width if isinstance(width, int) else (given.get(width) or 0))
    )


def _squares(count: int) -> Need:
    """The points, and ``count`` matrices (m, m): covariances and what is done with them."""
    return lambda n, m, given: _rows(n, m, given) + 8.0 * count * m * m


def _kernels(count: int) -> Need:
    """The points, and ``count`` matrices (n, n)."""
    return lambda n, m, given: _rows(n, m, given) + 8.0 * count * n * n


def _mixture(n: int, m: int, given: Settings) -> float:
    """Responsibilities (n, k) three times, and a covariance, precision and root a component."""
    k = given.get("n_components") or 1
    return _rows(n, m, given) + 8.0 * k * (3 * n + 3 * m * m)


@dataclass(frozen=True)
class Member:
    """A class of PyOD: its module, what a fit takes, and whether it computes with torch."""

    module: str
    need: Need = _rows
    torch: bool = False


MEMBERS: Mapping[str, Member] = {
    "ABOD": Member("abod", _columns("n_neighbors")),
    "AutoEncoder": Member("auto_encoder", _rows, torch=True),
    "CBLOF": Member("cblof", _columns("n_clusters")),
    "DeepSVDD": Member("deep_svdd", torch=True),
    "GMM": Member("gmm", _mixture),
    "HBOS": Member("hbos"),
    "HDBSCAN": Member("hdbscan", _columns("min_cluster_size")),
    "IForest": Member("iforest"),
    "INNE": Member("inne", _columns("n_estimators")),
    "KDE": Member("kde"),
    "KNN": Member("knn", _columns("n_neighbors")),
    "KPCA": Member("kpca", _kernels(4)),
    "LOF": Member("lof", _columns("n_neighbors")),
    # three hidden layers of 256 float32 each with gradients, of the points and as many negatives
    "LUNAR": Member("lunar", _columns(256 * 8), torch=True),
    "MCD": Member("mcd", _squares(12)),
    # LibSVM keeps a part of the kernel and computes the rest again: time instead of memory
    "OCSVM": Member("ocsvm", _kernels(1)),
    "PCA": Member("pca", _squares(3)),
    "Sampling": Member("sampling", _columns("subset_size")),
}


class PyODDetector:
    """A detector of PyOD (Zhao et al. 2019), fitted without labels on the seen images.

    novelty is PyOD's ``decision_function``, computed in float64: higher is more novel. It reads
    ``space``: X (n, d), Z (n, m) or logits (n, c_s). ``max_train`` fits on a seeded subsample,
    every class in proportion; ``memory_limit`` is in GB (10⁹ bytes). A parameter that is None is
    left to PyOD. All other parameters are PyOD's own, under its names.
    """

    def __init__(
        self, member: str, space: str = "Z", memory_limit: float = MEMORY_LIMIT_GB, **params: Any
    ) -> None:
        self._admit(member)
        self.member = member
        self.space = space
        self.memory_limit = memory_limit
        for name, value in params.items():
            setattr(self, name, value)

    @property
    def inputs(self) -> frozenset[ViewInput]:
        """The one space that it reads."""
        return frozenset({self.space})  # type: ignore[arg-type]  # checked by its declaration

    def fit(self, view: View, y: Int, classes: ClassTable, *, context: Context) -> Self:
        """Learn from the points (n, m) of ``view``; of labels ``y`` (n,) only the subsample does.

        Learnt are PyOD's ``model_`` and, for the record, ``train_images_``, ``memory_gb_`` (the
        estimate) and ``seed_``. Raises InputError where the fit would take too much memory, and
        for a parameter that does not suit the data.
        """
        points, what = self._points(view), f"novelty 'pyod/{self.member}'"
        facts, given = self._facts(), self._given()
        rows = chosen_rows(y, getattr(self, "max_train", None), context.seed)
        n, m = len(y) if rows is None else len(rows), points.shape[1]
        cls = getattr(importlib.import_module(f"pyod.models.{facts.module}"), self.member)
        defaults = {k: p.default for k, p in inspect.signature(cls).parameters.items()}
        self.memory_gb_ = require_memory(
            lambda count: facts.need(count, m, defaults | given),
            n, limit=self.memory_limit, what=what, slot="novelty",
        )  # fmt: skip
        self.train_images_ = n
        self.seed_ = context.seed % 2**32
        _check_batch(given, n, what)
        X = np.array(points if rows is None else points[rows], dtype=np.float64, order="C")
        with _seeded(self.seed_, facts.torch), _advice(what):
            self.model_ = cls(**(_beside(cls, m, self.seed_, context) | given))
            if facts.torch:
                _move(self.model_, context.device)
            self.model_.fit(X)
        return self

    def novelty(self, view: View) -> Floats:
        """Return PyOD's score of each point of ``view``: (n,) float64, higher = more novel.

        Raises InputError where PyOD gives numbers that are not finite.
        """
        points, what = self._points(view), f"novelty 'pyod/{self.member}'"
        out = np.empty(len(points))
        with _seeded(self.seed_, self._facts().torch), _advice(what):
            for start in range(0, len(points), BLOCK):
                X = np.array(points[start : start + BLOCK], dtype=np.float64, order="C")
                out[start : start + BLOCK] = np.ravel(self.model_.decision_function(X))
        lost = int((~np.isfinite(out)).sum())
        if lost:
            raise InputError(
                f"{what} gives {lost} of {len(out)} images a novelty that is not finite; expected "
                "numbers: set its parameters otherwise, or read another --set novelty.space"
            )
        return out

    def _admit(self, member: str) -> None:
        """Raise InputError with the reason where ``member`` is one that is refused."""
        reason = refusals().get(member)
        if reason is not None:
            raise InputError(
                f"novelty 'pyod/{member}' is refused: {reason}; there are "
                f"{', '.join(MEMBERS)}: see 'zslbench list novelty'"
            )
        if member not in MEMBERS:
            raise InputError(f"unknown novelty 'pyod/{member}': there are {', '.join(MEMBERS)}")

    def _facts(self) -> Member:
        return MEMBERS[self.member]

    def _given(self) -> dict[str, Any]:
        """PyOD's own parameters, but for those that are left to it."""
        ours = {"member", "space", "memory_limit", "max_train"}
        return {
            name: value
            for name, value in vars(self).items()
            if name not in ours and not name.endswith("_") and value is not None
        }

    def _points(self, view: View) -> Floats:
        points: Floats | None = getattr(view, self.space, None)
        if points is None:
            raise InputError(
                f"novelty 'pyod/{self.member}' reads {self.space}, which this method has not: "
                "--set novelty.space to one of X, Z, logits that it has"
            )
        return points


@cache
def refusals() -> Mapping[str, str]:
    """Member of PyOD → why it is no member of the family."""
    text = files("zslbench_plugins.novelty").joinpath(REFUSED).read_text(encoding="utf-8")
    reasons: dict[str, str] = json.loads(text)
    return reasons


def _beside(cls: Any, m: int, seed: int, context: Context) -> dict[str, Any]:
    """What PyOD's constructor takes beside the user's parameters."""
    taken = inspect.signature(cls).parameters
    all_of_it = {"random_state": seed, "n_jobs": context.threads, "n_features": m, "verbose": 0}
    if cls.__name__ == "CBLOF":
        del all_of_it["n_jobs"]  # deprecated there, for nothing
    return {name: value for name, value in all_of_it.items() if name in taken}


def _check_batch(given: Settings, n: int, what: str) -> None:
    if given.get("batch_size", 0) > n:
        raise InputError(
            f"{what}: batch_size {given['batch_size']} exceeds the {n} training images; set "
            f"--set novelty.batch_size={max(2, n // 2)} or less"
        )


def _move(model: Any, device: str) -> None:
    """Put a torch model where the run computes: PyOD takes a GPU wherever there is one."""
    torch = importlib.import_module("torch")
    model.device = torch.device(device)
    if hasattr(model, "network"):
        model.network.to(model.device)


@contextmanager
def _advice(what: str) -> Iterator[None]:
    """Turn PyOD's refusal of a parameter into InputError; its libraries' future is not news."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            yield
    except (ValueError, np.linalg.LinAlgError) as error:
        raise InputError(
            f"{what} refuses these parameters for these images: {error}; see its bounds with "
            "'zslbench show', and change them with --set novelty.NAME=VALUE"
        ) from error


@contextmanager
def _seeded(seed: int, torch_too: bool) -> Iterator[None]:
    """Seed the global generators that some models draw from, and restore them afterwards."""
    states = np.random.get_state(), random.getstate()
    np.random.seed(seed)
    random.seed(seed)
    try:
        with _torch_seeded(seed) if torch_too else nullcontext():
            yield
    finally:
        np.random.set_state(states[0])
        random.setstate(states[1])


@contextmanager
def _torch_seeded(seed: int) -> Iterator[None]:
    importlib.import_module("torch")
    torch = sys.modules["torch"]
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(seed)
        yield
