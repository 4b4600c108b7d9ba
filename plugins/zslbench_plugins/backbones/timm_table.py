"""Writes timm.json: ``python -m zslbench_plugins.backbones.timm_table``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import timm

TABLE_VERSION = "1.0.31"
"""timm's release that the table lists; set it to the installed one to write the table anew."""

PATH = Path(__file__).with_name("timm.json")


EXTRAS = {"tf_efficientnet_lite0": "efficientnet"}
"""Member → the extra that brings its weights."""


def table() -> dict[str, Any]:
    """NAME (with its default weights) and NAME.TAG → the side of its input and its weights."""
    names = {*timm.list_models(), *timm.list_pretrained()}
    return {
        name: {"summary": _summary(name)} | ({"extra": EXTRAS[name]} if name in EXTRAS else {})
        for name in sorted(names)
    }


def _summary(name: str) -> str:
    config = timm.get_pretrained_cfg(name)
    if config is None:
        return "no weights"
    _, height, width = config.input_size
    side = f"{height} px" if height == width else f"{height} × {width} px"
    if "." in name:
        return side
    if not config.has_weights:
        return f"{side}, no weights"
    return f"{side}, weights {config.tag}" if config.tag else side


def written(content: dict[str, Any]) -> str:
    """The file's text, a line a member, so that differences can be read."""
    lines = [
        f"{json.dumps(name)}: {json.dumps(entry, ensure_ascii=False)}"
        for name, entry in content.items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main() -> None:
    """Write the table; refuse where the installed timm is not the one that it states."""
    if timm.__version__ != TABLE_VERSION:
        sys.exit(f"timm {timm.__version__} is installed, the table states {TABLE_VERSION}: edit it")
    PATH.write_text(written(table()), encoding="utf-8")


if __name__ == "__main__":
    main()
