"""What all tests share: no network, no deadlines, and ways to install a plugin."""

import socket
import subprocess
import sys
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")  # a busy machine is no failure

EXAMPLE = Path(__file__).parent / "example_plugin"

collect_ignore = ["example_plugin"]  # its own tests run beside it, once it is installed


@pytest.fixture(scope="session", autouse=True)
def no_network():
    """Refuse every connection but to this machine."""
    connect = socket.socket.connect

    def local_only(self, address):
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test wants to connect to {address}: tests use no network")
        return connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", local_only)
        yield


@pytest.fixture(scope="session")
def example_site(tmp_path_factory):
    """A folder into which the example plugin was installed, without network."""
    site = tmp_path_factory.mktemp("site")
    options = ["--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", "-q", *options, "--target", site, EXAMPLE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return site


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put a distribution of one module beside the installed ones: ``install(name, code)``."""
    site, modules = tmp_path / "site", []
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))

    def write(distribution, code, *, entry="plugin"):
        module = distribution.replace("-", "_")
        modules.append(module)
        (site / f"{module}.py").write_text(code)
        info = site / f"{module}-1.5.dist-info"
        info.mkdir()
        metadata = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.5\n"
        (info / "METADATA").write_text(metadata)
        (info / "entry_points.txt").write_text(f"[zslbench]\n{entry} = {module}\n")

    yield write
    for module in modules:
        sys.modules.pop(module, None)
