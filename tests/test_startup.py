"""What the command line costs before it does anything: imports."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = (
    "gensim", "matplotlib", "numba", "numpy", "pandas", "pyarrow", "pydantic", "scipy",
    "sentence_transformers", "sklearn", "timm", "torch", "torchvision",
)  # fmt: skip
LIGHT_COMMANDS = (
    ["--version"],
    ["--help"],
    ["run", "--help"],
    ["list"],
    ["list", "mapping"],
    ["list", "--plugins"],
    ["show", "mapping", "socher2013"],
    ["show", "method", "socher2013"],
    ["data", "--help"],
    ["leaderboard", "show", "--help"],
)
PROGRAM = """
import json, sys
from zslbench.cli import main
try:
    main(sys.argv[2:])
except SystemExit as end:
    assert not end.code, end.code
json.dump(sorted({name.partition('.')[0] for name in sys.modules}), open(sys.argv[1], 'w'))
"""


@pytest.mark.parametrize("words", LIGHT_COMMANDS, ids=" ".join)
def test_light_commands_import_nothing_heavy(words, tmp_path):
    out = tmp_path / "modules.json"
    subprocess.run(
        [sys.executable, "-c", PROGRAM, out, *words], check=True, stdout=subprocess.DEVNULL
    )
    assert not set(HEAVY) & set(json.loads(out.read_text()))


def test_importing_the_package_imports_nothing_heavy():
    code = "import zslbench, sys; print(sorted({m.partition('.')[0] for m in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not [name for name in HEAVY if repr(name) in done.stdout]
