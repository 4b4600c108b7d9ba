"""Where a run ran, as far as a reader needs it: versions, revision, processor. No host, no user."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

NUMERICAL = ("numpy", "scipy", "torch", "numba", "scikit-learn", "gensim")
"""Libraries whose version may change a number: part of every cache key."""

OTHERS = ("pandas", "pyarrow", "pydantic", "pillow", "safetensors", "pluggy", "timm", "torchvision")


def versions_of(distributions: Iterable[str]) -> dict[str, str]:
    """Version of each, "absent" where it is not installed."""
    return {name: _version(name) for name in distributions}


def numerical_versions() -> dict[str, str]:
    """Versions of :data:`NUMERICAL`."""
    return versions_of(NUMERICAL)


def versions(distributions: Iterator[str] | list[str]) -> dict[str, str]:
    """Versions of Python, zslbench, its libraries, and the ``distributions`` that took part."""
    from zslbench import __version__

    found = {name: _version(name) for name in (*NUMERICAL, *OTHERS, *distributions)}
    return dict(
        sorted({**found, "python": platform.python_version(), "zslbench": __version__}.items())
    )


def git_revision() -> str | None:
    """The commit that zslbench was installed from or runs in; "+changed" where files differ."""
    try:
        note = metadata.distribution("zslbench").read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        note = None
    commit = json.loads(note).get("vcs_info", {}).get("commit_id") if note else None
    if commit:
        return str(commit)
    built_from = Path(__file__).with_name("_revision.txt")  # written by hatch_build.py
    if built_from.is_file():
        return built_from.read_text(encoding="utf-8").strip()
    return _checkout_revision(Path(__file__).parents[1])


def processor() -> dict[str, Any]:
    """Model of the CPU, the cores that this process may use, the system's name."""
    return {
        "cpu": _cpu_model(),
        "cores": available_cores(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def available_cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def limited_threads(threads: int) -> Iterator[None]:
    """Hold NumPy's, SciPy's, scikit-learn's and torch's thread pools at ``threads``."""
    import torch
    from threadpoolctl import threadpool_limits

    before = torch.get_num_threads()
    with threadpool_limits(limits=threads):
        torch.set_num_threads(threads)
        try:
            yield
        finally:
            torch.set_num_threads(before)


def _cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _checkout_revision(folder: Path) -> str | None:
    if not (folder / ".git").exists():
        return None

    def git(*words: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, check=False
        )
        return done.stdout.strip() if done.returncode == 0 else ""

    try:
        commit = git("rev-parse", "HEAD")
        changed = git("status", "--porcelain", "--untracked-files=no", "zslbench", "plugins")
    except OSError:  # no git on this machine
        return None
    return f"{commit}{'+changed' if changed else ''}" if commit else None


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "absent"
