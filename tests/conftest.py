"""Fixtures that several test files share."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
EXAMPLE = Path(__file__).parent / "example_plugin"

collect_ignore = ["example_plugin"]  # its tests run beside it, once it is installed


@pytest.fixture(scope="session")
def example_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the example plugin was installed, without network."""
    site = tmp_path_factory.mktemp("site")
    options = ["--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", *options, "--target", site, EXAMPLE],
        check=True,
        capture_output=True,
    )
    return site


Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put a distribution of one module beside the installed ones: ``install(name, code)``."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))

    def write(distribution: str, code: str, *, entry: str = "plugin") -> None:
        module = distribution.replace("-", "_")
        (site / f"{module}.py").write_text(code)
        info = site / f"{module}-1.5.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.5\n"
        )
        (info / "entry_points.txt").write_text(f"[zslbench]\n{entry} = {module}\n")
        monkeypatch.delitem(sys.modules, module, raising=False)

    return write
