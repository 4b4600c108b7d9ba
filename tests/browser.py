"""Pages as a browser shows them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from zslbench.report.palette import DARK, LIGHT

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NEEDS_CHROMIUM = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium here: apt-get install chromium"
)
PHONE = (390, 4000)


def photograph(page: Path, target: Path, size: tuple[int, int], *, dark: bool) -> np.ndarray:
    """What chromium shows of the page, (h, w, 3)."""
    command: list[Any] = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
        "--hide-scrollbars", f"--user-data-dir={target.with_suffix('')}",
        f"--blink-settings=preferredColorScheme={0 if dark else 1}", f"--screenshot={target}",
        "--window-size={},{}".format(*size), page.as_uri(),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    with Image.open(target) as image:
        return np.asarray(image.convert("RGB"))


def check_on_a_phone(shown: np.ndarray, *, dark: bool, size: tuple[int, int] = PHONE) -> None:
    """The page is there, in its colours, and nothing is wider than the screen."""
    assert shown.shape == (size[1], size[0], 3)
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) > 100
    ground = [int((DARK if dark else LIGHT)["paper"][i : i + 2], 16) for i in (1, 3, 5)]
    assert (shown == ground).all(axis=2).mean() > 0.5
    # Nothing reaches into the right margin: tables and wide figures scroll inside the column.
    assert (shown[:, -12:] == ground).all()
