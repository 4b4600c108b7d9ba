"""Write the tables of ``pyod/*``: ``python -m zslbench_plugins.novelty.pyod_table``.

Every detector class in ``pyod.models`` is described by hand as a member, refused by hand, or held
against the contract suite in X, Z and logits and refused with what it did there; members are held
against it too. Names, types and defaults of parameters come from PyOD's signatures.
"""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import re
import warnings
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import asdict, replace
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

from zslbench import Registry
from zslbench.errors import PluginError
from zslbench.hookspecs import Register, hookimpl
from zslbench.testing import ContractBreach, check_component
from zslbench_plugins.novelty.declared_pyod import CATALOGUE, PYOD, SPACES, Fields
from zslbench_plugins.novelty.pyod_detector import MEMBERS, REFUSED, Member, PyODDetector
from zslbench_plugins.sklearn_family.params import MAX_TRAIN, MEMORY_LIMIT_GB

FOLDER = Path(__file__).parent

LEFT_OUT: Mapping[str, tuple[str, ...]] = {
    "speed, not results": ("algorithm", "cache_size", "leaf_size", "shrinking", "compile_mode",
                           "use_compile", "eigen_solver", "iterated_power"),
    "the run's own": ("n_features", "n_jobs", "random_state", "device", "verbose"),
    "an object, a mapping or arrays": (
        "clustering_estimator", "kernel_params", "metric_params", "optimizer_params", "scaler",
        "hidden_neurons", "DeepSVDD.c", "means_init", "precisions_init", "weights_init",
        "hidden_neuron_list"),
    "no score reads it": ("behaviour", "check_estimator", "contamination", "radius", "whiten",
                          "KPCA.alpha", "validation_size"),
    "of a solver": ("KPCA.tol", "PCA.tol", "OCSVM.max_iter", "KPCA.max_iter", "remove_zero_eig"),
    "max_train does that": ("sampling", "KPCA.subset_size"),
    "inputs are never changed": ("copy", "copy_X"),
    "a fit starts anew, for images to come": ("warm_start", "novelty", "store_precision"),
    "its other value takes all pairs of images for each": ("ABOD.method",),
}  # fmt: skip
"""Why users cannot set them → parameters of PyOD, of all members or of one."""


MODULES: Mapping[str, str] = {
    "pyg_": "finds outliers among the nodes of a graph",
    "ts_": "finds outliers in time series",
    "audio_ae": "reads sound",
    "embedding": "encodes raw text or pictures by itself",
}
"""How the name of a module starts → why its classes are not even tried."""
NOT_IMPORTED = ("combination", "feature_bagging", "suod", "xgbod")  # need packages beside PyOD
CLASSES: Mapping[str, str] = {
    # by the suite, once: too slow to be tried at every writing
    "AnoGAN": "searches a latent code by gradient descent for every image that it scores",
    "LOCI": "scores an image by its batch: in X, other novelty for images 40 at a time",
    # by comparing its scores of 120 images in two orders, and of one alone
    "RGraph": "scores an image by its batch: in Z, other novelty for images in another order",
    "AE1SVM": "prints as it fits, where results belong",
    "DevNet": "learns from labelled outliers, and there are none",
    "FeatureBagging": "combines other detectors, given as objects",
    "LSCP": "combines other detectors, given as objects",
    "MO_GAAL": "prints as it fits, where results belong",
    "SO_GAAL": "prints as it fits, where results belong",
    "SUOD": "combines other detectors, given as objects",
    "XGBOD": "learns from labelled outliers, and there are none",
}
"""Class → why it is not even tried."""
QUICK: Mapping[str, Fields] = {
    "ALAD": {"epochs": 5},
    "DeepSVDD": {"epochs": 10},
    "DIF": {"n_ensemble": 5},
    "LUNAR": {"n_epochs": 5},
}
"""What makes a fit short enough to be tried; everything else is tried with PyOD's defaults."""
LAWS: tuple[tuple[str, str], ...] = (
    (r"other novelty for images (.*?):", "scores an image by its batch: in {space}, other novelty "
     "for images {0}"),
    (r"higher must be more novel", "scores far-away images in {space} below training images"),
    (r"fitted again with the same seed", "is not repeatable from a seed in {space}"),
    (r"failed in (\w+).*?: \w+: (?:.* for these images: )?(.*?)(?:; see its.*)?$",
     "fails in {0} on {space}: {1}"),
    (r"(not finite|finite)", "gives numbers in {space} that are not finite"),
)  # fmt: skip
"""What the contract suite says → the reason, without numbers that differ between machines."""


class Candidate(PyODDetector):
    """Any detector of PyOD with its own defaults, whatever the tables say of it."""

    def __init__(
        self, member: str, space: str = "Z", memory_limit: float = MEMORY_LIMIT_GB
    ) -> None:
        super().__init__(member, space, memory_limit)

    def _admit(self, member: str) -> None:
        """Let every class in."""

    def _given(self) -> Fields:
        return dict(QUICK.get(self.member, {}))

    def _facts(self) -> Member:
        return Member(found()[self.member], torch=True)


class Offer:
    """A plugin that offers candidates."""

    ZSLBENCH_API = 1

    @hookimpl
    def register_novelty(self, register: Register) -> None:
        """Offer any class of PyOD."""
        target = f"{Candidate.__module__}:{Candidate.__name__}"
        register(replace(PYOD, target=target, members=None))


@cache
def found() -> Mapping[str, str]:
    """Class → module, of the detectors in ``pyod.models`` that can be imported."""
    models = importlib.import_module("pyod.models")
    base = importlib.import_module("pyod.models.base").BaseDetector
    classes: dict[str, str] = {}
    for name in sorted(info.name for info in pkgutil.iter_modules(models.__path__)):
        if name in NOT_IMPORTED:
            continue
        module = importlib.import_module(f"pyod.models.{name}")
        for cls in vars(module).values():
            own = inspect.isclass(cls) and cls.__module__ == module.__name__
            if own and issubclass(cls, base) and not inspect.isabstract(cls):
                classes.setdefault(cls.__name__, name)
    return classes


def reason(name: str) -> str | None:
    """Return why the class called ``name`` is refused; None where it keeps the contract."""
    module = found().get(name, "")
    by_module = next((why for start, why in MODULES.items() if module.startswith(start)), None)
    if name in CLASSES or by_module:
        return CLASSES.get(name, by_module)
    registry = Registry()
    registry.add(Offer())
    for space in SPACES:
        try:
            with warnings.catch_warnings(), redirect_stdout(StringIO()):
                warnings.simplefilter("ignore")
                check_component(registry, "novelty", f"pyod/{name}", {"space": space})
        except ContractBreach as breach:
            return _in_words(str(breach), space)
    return None


def _in_words(breach: str, space: str) -> str:
    for pattern, words in LAWS:
        match = re.search(pattern, breach, flags=re.DOTALL)
        if match:
            return words.format(*match.groups(), space=space).rstrip(".")
    return breach.partition("broke its contract: ")[2] or breach


def params(name: str) -> list[Fields]:
    """Return the parameters of a member: max_train, and those that its signature names.

    Raises PluginError for one that is neither described nor left out: PyOD has changed.
    """
    cls = getattr(importlib.import_module(f"pyod.models.{found()[name]}"), name)
    max_train, described = CATALOGUE[name][2:]
    left_out = {item for items in LEFT_OUT.values() for item in items}
    signature = inspect.signature(cls).parameters
    unknown = set(signature) ^ set(described)
    unknown -= {p for p in unknown if p in left_out or f"{name}.{p}" in left_out}
    if unknown:
        raise PluginError(
            f"pyod/{name}: parameters {', '.join(sorted(unknown))} of this PyOD are not those of "
            "the catalogue: describe them there, or leave them out with a reason"
        )
    limit = {k: v for k, v in asdict(MAX_TRAIN).items() if v not in (None, False)}
    own = [_param(key, described[key], signature[key].default) for key in described]
    return [limit | {"default": max_train}, *own]


def _param(name: str, fields: Fields, theirs: Any) -> Fields:
    kind = fields.get("type", type(theirs).__name__)
    word = kind != "str" and (theirs is None or isinstance(theirs, str))  # "auto": left to PyOD
    default = None if word else float(theirs) if kind == "float" else theirs
    entry = {"name": name, "type": kind, "default": default} | fields
    return entry | ({"optional": True} if default is None else {})


def member_table() -> str:
    """Return the table of the members as JSON."""
    members = {
        name: {"summary": summary, "reference": reference, "params": params(name)}
        for name, (summary, reference, _, _) in sorted(CATALOGUE.items())
    }
    return _json(members)


def refused_table() -> str:
    """Return the refused ones with their reasons as JSON.

    Raises PluginError where the catalogue and the contract suite disagree.
    """
    reasons = {name: reason(name) for name in sorted({*found(), *CLASSES})}
    passed = {name for name, why in reasons.items() if why is None}
    odd = (passed ^ set(CATALOGUE)) | (passed ^ set(MEMBERS))
    if odd:
        raise PluginError(
            "the catalogue and the contract suite disagree: "
            + "; ".join(f"{name}: {reasons.get(name) or 'passes'}" for name in sorted(odd))
        )
    return _json({name: why for name, why in reasons.items() if why is not None})


def _json(table: Mapping[str, Any]) -> str:
    return json.dumps(table, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write both tables beside this module."""
    (FOLDER / "pyod.json").write_text(member_table(), encoding="utf-8")
    (FOLDER / REFUSED).write_text(refused_table(), encoding="utf-8")


if __name__ == "__main__":
    main()
