"""The downloader against a local server that honours, ignores and breaks ranges."""

from __future__ import annotations

import errno
import hashlib
import io
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from zslbench import download
from zslbench.contracts import RemoteFile
from zslbench.download import fetch
from zslbench.errors import DataError, EnvironmentFailure, PluginError

BODY = np.random.default_rng(0).bytes(300_000)


@dataclass
class Site:
    """What the server answers, and what it was asked."""

    body: bytes = BODY
    etag: str | None = '"v1"'
    ranges: bool = True
    content_range: str | None = None  # a wrong one, sent in place of the right one
    cuts: list[int] = field(default_factory=list)  # bytes to send before hanging up, per request
    status: int = 200
    announce: bool = True
    asked: list[str | None] = field(default_factory=list)  # the Range header of each request
    url: str = ""

    def file(self, **changes: object) -> RemoteFile:
        facts = {
            "url": self.url,
            "name": "sub/data.bin",
            "sha256": hashlib.sha256(BODY).hexdigest(),
            "size": len(BODY),
        }
        return RemoteFile(**(facts | changes))  # type: ignore[arg-type]


def handler_of(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            """Stay quiet."""

        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            site.asked.append(wanted)
            if site.status != 200:
                self.send_error(site.status)
                return
            start = 0
            if wanted and site.ranges and self.headers.get("If-Range") == site.etag:
                start = int(wanted.removeprefix("bytes=").rstrip("-"))
                if start >= len(site.body):
                    self.send_error(416)
                    return
            last = len(site.body) - 1
            self.send_response(206 if start else 200)
            if start:
                right = f"bytes {start}-{last}/{len(site.body)}"
                self.send_header("Content-Range", site.content_range or right)
            if site.etag:
                self.send_header("ETag", site.etag)
            if site.announce:
                self.send_header("Content-Length", str(len(site.body) - start))
            self.end_headers()
            stop = start + site.cuts.pop(0) if site.cuts else len(site.body)
            self.wfile.write(site.body[start:stop])

    return Handler


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    state = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(state))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}/data.bin"
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


def leave_part(folder: Path, site: Site, size: int) -> None:
    """Leave what a run that was cut off after ``size`` bytes leaves."""
    honest, site.cuts, site.status = site.status, [size], 200
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(download, "_read", interrupt_after(size))
        with pytest.raises(KeyboardInterrupt):
            fetch(site.file(), folder)
    site.cuts, site.status = [], honest
    site.asked.clear()
    assert (folder / "sub/data.bin.part").stat().st_size == size
    assert not (folder / "sub/data.bin").exists()


def interrupt_after(size: int) -> Callable[[io.BufferedIOBase], bytes]:
    left = [size]

    def read(response: io.BufferedIOBase) -> bytes:
        if not left[0]:
            raise KeyboardInterrupt
        chunk = response.read(left[0])
        left[0] -= len(chunk)
        return chunk

    return read


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_whole_file_arrives_and_progress_counts_its_bytes(site: Site, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    path = fetch(site.file(), tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert path == tmp_path / "sub/data.bin"
    assert path.read_bytes() == BODY
    assert seen[-1] == (len(BODY), len(BODY))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert names_in(path.parent) == {"data.bin", ".data.bin.lock"}


def test_second_fetch_asks_nobody(site: Site, tmp_path: Path) -> None:
    fetch(site.file(), tmp_path)
    site.status = 500
    assert fetch(site.file(), tmp_path, offline=True).read_bytes() == BODY
    assert len(site.asked) == 1


@pytest.mark.parametrize("announce", [True, False])
def test_unknown_size_is_taken_from_the_server(site: Site, tmp_path: Path, announce: bool) -> None:
    site.announce = announce
    seen: list[tuple[int, int]] = []
    progress = lambda done, total: seen.append((done, total))  # noqa: E731
    fetch(site.file(size=0), tmp_path, progress=progress)
    assert seen[-1] == (len(BODY), len(BODY) if announce else 0)


def test_interrupted_download_goes_on_where_it_stopped(site: Site, tmp_path: Path) -> None:
    leave_part(tmp_path, site, 100_000)
    path = fetch(site.file(), tmp_path)
    assert site.asked == ["bytes=100000-"]
    assert path.read_bytes() == BODY


def test_dropped_connection_is_resumed_within_one_call(site: Site, tmp_path: Path) -> None:
    site.cuts = [70_000, 90_000]
    path = fetch(site.file(), tmp_path)
    assert site.asked == [None, "bytes=70000-", "bytes=160000-"]
    assert path.read_bytes() == BODY


def test_transfer_that_gets_no_further_is_an_error_that_keeps_the_part(
    site: Site, tmp_path: Path
) -> None:
    site.cuts = [70_000, 0]
    with pytest.raises(DataError, match=r"70,000 of 300,000 bytes; 70,000 bytes are kept"):
        fetch(site.file(), tmp_path)
    assert not (tmp_path / "sub/data.bin").exists()
    assert fetch(site.file(), tmp_path).read_bytes() == BODY
    assert site.asked[-1] == "bytes=70000-"


@pytest.mark.parametrize(
    "change",
    [
        {"ranges": False},
        {"etag": '"v2"'},
        {"etag": None},
        {"content_range": "bytes 5-299999/300000"},
        {"content_range": "nonsense"},
    ],
    ids=["ignores ranges", "another version", "no validator now", "wrong range", "no range told"],
)
def test_starts_over_where_the_range_cannot_be_trusted(
    site: Site, tmp_path: Path, change: dict[str, object]
) -> None:
    leave_part(tmp_path, site, 100_000)
    for name, value in change.items():
        setattr(site, name, value)
    assert fetch(site.file(), tmp_path).read_bytes() == BODY


def test_part_of_unknown_origin_is_not_continued(site: Site, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/data.bin.part").write_bytes(b"x" * 1000)
    assert fetch(site.file(), tmp_path).read_bytes() == BODY
    assert site.asked == [None]


def test_part_from_another_address_is_not_continued(site: Site, tmp_path: Path) -> None:
    leave_part(tmp_path, site, 100_000)
    assert fetch(site.file(url=site.url + "?mirror"), tmp_path).read_bytes() == BODY
    assert site.asked == [None]


def test_weak_etag_is_not_trusted_for_a_range(site: Site, tmp_path: Path) -> None:
    site.etag = 'W/"v1"'
    leave_part(tmp_path, site, 100_000)
    fetch(site.file(), tmp_path)
    assert site.asked == [None]


def test_complete_part_needs_no_network(site: Site, tmp_path: Path) -> None:
    leave_part(tmp_path, site, len(BODY))
    site.status = 500
    assert fetch(site.file(), tmp_path).read_bytes() == BODY
    assert site.asked == []


def test_part_as_long_as_a_file_of_unknown_size_starts_over(site: Site, tmp_path: Path) -> None:
    leave_part(tmp_path, site, len(BODY))
    assert fetch(site.file(size=0), tmp_path).read_bytes() == BODY
    assert site.asked == ["bytes=300000-", None]


def test_wrong_checksum_names_both_and_leaves_nothing(site: Site, tmp_path: Path) -> None:
    site.body = BODY[:-1] + bytes([BODY[-1] ^ 1])
    found = hashlib.sha256(site.body).hexdigest()
    with pytest.raises(DataError) as caught:
        fetch(site.file(), tmp_path)
    message = str(caught.value)
    assert found in message
    assert hashlib.sha256(BODY).hexdigest() in message
    assert str(tmp_path / "sub/data.bin") in message
    assert names_in(tmp_path / "sub") == {".data.bin.lock"}


def test_other_size_is_refused_before_the_transfer(site: Site, tmp_path: Path) -> None:
    leave_part(tmp_path, site, 100_000)
    site.body, site.etag = b"<html>log in first</html>", None
    with pytest.raises(DataError, match="offers 25 bytes, expected 300,000"):
        fetch(site.file(), tmp_path)
    assert (tmp_path / "sub/data.bin.part").stat().st_size == 100_000


def test_body_that_never_ends_is_not_stored(site: Site, tmp_path: Path) -> None:
    site.body, site.announce = BODY * 20, False
    with pytest.raises(DataError, match="expected"):
        fetch(site.file(), tmp_path)
    assert names_in(tmp_path / "sub") == {".data.bin.lock"}


def test_damaged_file_in_place_is_named_and_kept(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "sub/data.bin"
    path.parent.mkdir()
    path.write_bytes(b"mine")
    with pytest.raises(DataError, match=r"data\.bin has sha256 .* move it away"):
        fetch(site.file(), tmp_path)
    assert path.read_bytes() == b"mine"


def test_offline_says_what_to_fetch_and_where_to_put_it(site: Site, tmp_path: Path) -> None:
    file = site.file()
    with pytest.raises(DataError) as caught:
        fetch(file, Path("some/data"), offline=True)
    message = str(caught.value)
    for fact in (file.url, file.sha256, "300,000 bytes", "some/data/sub/data.bin"):
        assert fact in message
    assert site.asked == []


def test_refused_connection_says_how_to_get_the_file_by_hand(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/x"
    file = RemoteFile(url=url, name="x", sha256="0" * 64, size=0)
    with pytest.raises(DataError, match="no connection") as caught:
        fetch(file, tmp_path)
    assert f"put it at {tmp_path / 'x'}" in str(caught.value)


@pytest.mark.parametrize("status", [403, 404, 503])
def test_server_that_refuses_is_named(site: Site, tmp_path: Path, status: int) -> None:
    site.status = status
    with pytest.raises(DataError, match=f"answered {status}"):
        fetch(site.file(), tmp_path)
    assert len(site.asked) == 1


def test_silent_server_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/x"
        file = RemoteFile(url=url, name="x", sha256="0" * 64, size=9)
        with pytest.raises(DataError, match="timed out"):
            fetch(file, tmp_path, timeout=0.1)


def test_full_disk_is_the_machines_failure(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(download.os, "fsync", full)
    with pytest.raises(EnvironmentFailure, match=r"disk is full.*--data-dir"):
        fetch(site.file(), tmp_path)
    assert not (tmp_path / "sub/data.bin").exists()


def test_folder_that_cannot_be_made_is_the_machines_failure(site: Site, tmp_path: Path) -> None:
    (tmp_path / "sub").write_text("a file where the folder should be")
    with pytest.raises(EnvironmentFailure, match="file is in the way"):
        fetch(site.file(), tmp_path)


def test_two_threads_fetch_one_file_once(site: Site, tmp_path: Path) -> None:
    threads = [
        threading.Thread(target=fetch, args=(site.file(), tmp_path), daemon=True) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert (tmp_path / "sub/data.bin").read_bytes() == BODY
    assert len(site.asked) == 1


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", ""])
def test_place_outside_the_data_directory_is_refused(site: Site, tmp_path: Path, name: str) -> None:
    with pytest.raises(PluginError, match="inside the data directory"):
        fetch(site.file(name=name), tmp_path)


def test_other_kinds_of_address_are_refused(site: Site, tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="not an http"):
        fetch(site.file(url="file:///etc/hostname"), tmp_path)
