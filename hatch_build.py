"""Writes the commit that a wheel is built from into it, for the records of its runs."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class RevisionHook(BuildHookInterface[Any]):
    """Adds ``zslbench/_revision.txt`` to a wheel that is built in a checkout of git."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Ask git; an editable installation asks it again at every run."""
        if version == "editable":
            return
        revision = self._git("rev-parse", "HEAD")
        if not revision:
            return
        if self._git("status", "--porcelain", "--untracked-files=no", "zslbench", "plugins"):
            revision += "+changed"
        self._folder = tempfile.TemporaryDirectory()
        note = Path(self._folder.name, "_revision.txt")
        note.write_text(revision + "\n", encoding="utf-8")
        build_data["force_include"][str(note)] = "zslbench/_revision.txt"

    def _git(self, *words: str) -> str:
        if not (Path(self.root) / ".git").exists():
            return ""
        try:
            done = subprocess.run(
                ["git", "-C", self.root, *words], capture_output=True, text=True, check=False
            )
        except OSError:  # no git on this machine
            return ""
        return done.stdout.strip() if done.returncode == 0 else ""
