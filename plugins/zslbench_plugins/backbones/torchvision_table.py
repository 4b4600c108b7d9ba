"""Writes torchvision.json: ``python -m zslbench_plugins.backbones.torchvision_table``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torchvision

from zslbench_plugins.backbones.timm_table import written

TABLE_VERSION = "0.29.1"
"""torchvision's release that the table lists; set it to the installed one to write it anew."""

PATH = Path(__file__).with_name("torchvision.json")


def table() -> dict[str, Any]:
    """Classifier → the side of its input and its default weights."""
    names = torchvision.models.list_models(module=torchvision.models)
    return {name: {"summary": _summary(name)} for name in sorted(names)}


def installed() -> str:
    """torchvision's release, without the build (``+cpu``)."""
    return str(torchvision.__version__).partition("+")[0]


def _summary(name: str) -> str:
    weights = torchvision.models.get_model_weights(name).DEFAULT
    return f"{weights.transforms().crop_size[0]} px, weights {weights.name}"


def main() -> None:
    """Write the table; refuse where the installed torchvision is not the one that it states."""
    if installed() != TABLE_VERSION:
        sys.exit(
            f"torchvision {installed()} is installed, the table states {TABLE_VERSION}: edit it"
        )
    PATH.write_text(written(table()), encoding="utf-8")


if __name__ == "__main__":
    main()
