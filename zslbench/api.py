"""The Python interface: everything that the command line can do."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zslbench.errors import InputError
from zslbench.machine import available_cores
from zslbench.registry import Registry
from zslbench.runspec import REFERENCES, Reference, Request, class_names

if TYPE_CHECKING:
    from zslbench.images import StoredDataset
    from zslbench.record import Record


def evaluate(
    method: str,
    dataset: str,
    *,
    slots: Mapping[str, str] | None = None,
    set: Mapping[str, Any] | None = None,
    unseen: Iterable[str] | None = None,
    distractors: Iterable[str] = (),
    validation: float = 0.05,
    split_seed: int = 0,
    seed: int = 0,
    data_dir: str | Path | None = None,
    out: str | Path = "zslbench-runs",
    cache_dir: str | Path | None = None,
    threads: int | None = None,
    device: str = "cpu",
    offline: bool = False,
    force: bool = False,
    skip_corrupt: bool = False,
    reference: Reference | None = None,
    plugins: Iterable[Any] = (),
) -> Record:
    """Run ``method`` on ``dataset`` and return its record; a finished run answers from its record.

    ``slots`` replaces components by name (``{"mapping": "linear"}``), ``set`` parameters
    (``{"mapping.hidden": 100}``); ``unseen`` names the unseen classes (default: the data set's
    standard split), ``distractors`` words that no image is of, which the unseen classifier may
    choose among; ``validation`` is the share of seen training images held out, drawn with
    ``split_seed``; ``seed`` is for what is random in components. ``data_dir`` and ``cache_dir``
    default to ``ZSLBENCH_DATA_DIR`` and ``ZSLBENCH_CACHE_DIR``, else to the platform's folders;
    ``threads`` to the cores that this process may use. ``reference`` makes an unranked reference
    row instead ("oracle", "supervised"). ``plugins`` are module names, paths or objects.

    Raises a :class:`~zslbench.errors.ZSLBenchError`: InputError, DataError, PluginError or
    EnvironmentFailure.
    """
    from zslbench.runner import Runner, Workspace

    request = Request(
        method=method,
        dataset=dataset,
        slots=dict(slots or {}),
        set=dict(set or {}),
        unseen=class_names(unseen) if unseen is not None else None,
        distractors=class_names(distractors, what="distractors"),
        seed=_whole("seed", seed, 0),
        **fixed_options(validation, split_seed, threads, device, reference),
    )
    workspace = Workspace(
        data_dir=data_folder(data_dir),
        out=Path(out),
        cache_dir=cache_folder(cache_dir),
        offline=offline,
        skip_corrupt=skip_corrupt,
        force=force,
    )
    return Runner(Registry.discover(plugins), workspace).run(request)


def fixed_options(
    validation: Any, split_seed: Any, threads: Any, device: str, reference: Any
) -> dict[str, Any]:
    """What holds for all rows of a call, checked."""
    if reference is not None and reference not in REFERENCES:
        raise InputError(f"reference must be one of {', '.join(REFERENCES)}, got {reference!r}")
    return {
        "validation": _number("validation", validation),
        "split_seed": _whole("split_seed", split_seed, 0),
        "threads": _whole("threads", available_cores() if threads is None else threads, 1),
        "device": _device(device),
        "reference": reference,
    }


def score_predictions(
    path: str | Path,
    dataset: str,
    *,
    unseen: Iterable[str] | None = None,
    set: Mapping[str, Any] | None = None,
    name: str | None = None,
    data_dir: str | Path | None = None,
    out: str | Path = "zslbench-runs",
    cache_dir: str | Path | None = None,
    offline: bool = False,
    plugins: Iterable[Any] = (),
) -> Record:
    """Score predictions made elsewhere, a csv, npz or parquet file, with the metrics of a run.

    :mod:`zslbench.external` says which columns there are. What they do not tell is None in the
    record's scores, which is ``external``, not ``sealed`` and not ``ranked``. ``name`` is the
    method's (default: the file's base name without its ending); ``set`` has the data set's
    parameters alone (``{"dataset.images": 100}``); all else is as for :func:`evaluate`.

    Raises a :class:`~zslbench.errors.ZSLBenchError`, as :func:`evaluate` does.
    """
    from zslbench.external import Question, score_file
    from zslbench.runner import Workspace

    path = Path(path)
    question = Question(
        path=path,
        dataset=dataset,
        set=dict(set or {}),
        unseen=class_names(unseen) if unseen is not None else None,
        name=path.stem if name is None else name,
    )
    workspace = Workspace(data_folder(data_dir), Path(out), cache_folder(cache_dir), offline)
    return score_file(question, Registry.discover(plugins), workspace)


def open_dataset(
    dataset: str,
    *,
    set: Mapping[str, Any] | None = None,
    unseen: Iterable[str] | None = None,
    data_dir: str | Path | None = None,
    cache_dir: str | Path | None = None,
    offline: bool = False,
    plugins: Iterable[Any] = (),
) -> StoredDataset:
    """Return a data set's images, labels and ids in canonical order, fetched where it is absent.

    ``set`` has the data set's parameters alone; ``unseen`` matters to one whose parts depend on it.
    Raises a :class:`~zslbench.errors.ZSLBenchError`, as :func:`evaluate` does.
    """
    from zslbench.contracts import Places
    from zslbench.dataset_cache import DatasetCache
    from zslbench.hashes import FileHashes
    from zslbench.monitor import Monitor
    from zslbench.runspec import dataset_params

    places = Places(data_folder(data_dir), cache_folder(cache_dir), offline)
    registry = Registry.discover(plugins)
    ref = registry.resolve("dataset", dataset, [("user", dataset_params(set or {}))])
    hashes, monitor = FileHashes(places.cache_dir / "hashes"), Monitor(registry.manager.hook)
    held = None if unseen is None else class_names(unseen)
    return DatasetCache(registry, hashes, places, monitor).open(ref, held).data


def data_folder(chosen: str | Path | None = None) -> Path:
    """``chosen``, else ``ZSLBENCH_DATA_DIR``, else the platform's folder for user data."""
    return _folder(chosen, "ZSLBENCH_DATA_DIR", "user_data_path")


def cache_folder(chosen: str | Path | None = None) -> Path:
    """``chosen``, else ``ZSLBENCH_CACHE_DIR``, else the platform's folder for caches."""
    return _folder(chosen, "ZSLBENCH_CACHE_DIR", "user_cache_path")


def _folder(chosen: str | Path | None, variable: str, platform: str) -> Path:
    if chosen is not None:
        return Path(chosen)
    if os.environ.get(variable):
        return Path(os.environ[variable])
    import platformdirs

    path: Path = getattr(platformdirs, platform)("zslbench", appauthor=False)
    return path


def _device(name: str) -> str:
    """Return ``name`` where torch has such a device; "cpu" is taken without asking."""
    if name == "cpu":
        return name
    if name.partition(":")[0] not in ("cuda", "mps"):
        raise InputError(f"device {name!r} must be cpu, cuda, cuda:NUMBER or mps")
    import torch

    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError) as error:
        available = ["cpu"] + [f"cuda:{i}" for i in range(torch.cuda.device_count())]
        raise InputError(
            f"device {name!r} cannot be used ({str(error).splitlines()[0]}); available here: "
            f"{', '.join(available)}"
        ) from error
    return name


def _whole(name: str, value: Any, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InputError(f"{name} must be an integer ≥ {least}, got {value!r}")
    return value


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1:
        raise InputError(f"{name} must be ≥ 0 and < 1, got {value!r}; e.g. 0.05")
    return float(value)
