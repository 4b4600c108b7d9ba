"""A paper's plans: read from the package, made smaller for a quick look, put on other images."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any

from zslbench.grid import read_plan, seed_range

if TYPE_CHECKING:
    from pathlib import Path

HOME = "zslbench_plugins.reproduce"
SAMPLED = ("cifar10", "cifar106", "cifar106-trained")
SMALL = {"bases": 200, "patches": 40_000, "rounds": 10}  # of the dictionary, for a quick look
QUICK = {"epochs": 5, "max_passes": 10}  # of the two-layer map


def load_plan(name: str) -> dict[str, Any]:
    """Return the package's plan ``name`` as keyword arguments of ``evaluate_grid``."""
    with as_file(files(HOME).joinpath("plans", f"{name}.toml")) as path:
        return read_plan(path)


def adapt(plan: dict[str, Any], *, quick: bool, shapes: bool, seeds: str, data_dir: Path) -> Any:
    """Return ``plan`` with its seeds, smaller where it is ``quick``, on ``shapes`` where asked.

    A plan that states a seed of its own is run with one: the first of ``seeds``. Raises InputError
    for seeds that cannot be read.
    """
    slots = {
        slot: names.replace("DATA/", f"{data_dir}/") if isinstance(names, str) else names
        for slot, names in plan.get("slots", {}).items()
    }
    one = "seeds" in plan
    plan = plan | {"slots": slots, "seeds": seed_range(seeds)[:1] if one else seeds}
    if shapes:
        plan["dataset"] = "shapes"
        plan["slots"] = {k: v for k, v in slots.items() if k != "embedding"}
    elif quick:
        if plan["dataset"] in SAMPLED:
            plan["dataset"] = f"sample/{plan['dataset']}"
        plan["set"] = _dropped(plan.get("set", {}), "dataset.images") | _smaller(plan)
        if "distractors" in plan:  # none, and as many as there are
            plan["distractors"] = [plan["distractors"][0], plan["distractors"][-1]]
    return plan


def _dropped(settings: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name != key}


def _smaller(plan: dict[str, Any]) -> dict[str, Any]:
    """Settings of a small dictionary and a short fit, where the plan has these parts."""
    own = {"socher2013": "coates2011", "dap": "coates2011"}.get(plan["method"])
    backbone = plan["slots"].get("backbone", own)
    chosen: dict[str, Any] = {}
    if backbone == "coates2011":
        chosen |= {f"backbone.{name}": value for name, value in SMALL.items()}
    elif backbone == "reduced/coates2011":
        chosen |= {f"backbone.0.{name}": value for name, value in SMALL.items()}
        chosen["backbone.k"] = 200
    if plan["method"] == "socher2013" and plan["slots"].get("mapping") is None:
        chosen |= {f"mapping.{name}": value for name, value in QUICK.items()}
    return chosen
