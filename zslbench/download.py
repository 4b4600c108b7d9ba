"""Official files, downloaded: resumed where cut off, checked, then in place whole or not at all.

While a download lasts, its bytes lie in ``NAME.part`` and what identifies the server's version of
them in ``NAME.part.json``. Both stay when a run is interrupted or the network fails, and the next
run goes on from there; only a file with the right sha256 ever gets its final name.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from zslbench.contracts import no_progress
from zslbench.disk import locked, refusals_named, require_space, write_json
from zslbench.errors import DataError, PluginError

if TYPE_CHECKING:
    from zslbench.contracts import Progress, RemoteFile

CHUNK = 1 << 18  # bytes read at once: what an interruption may lose


class _CutError(Exception):
    """The network failed on the way; what has come is kept."""


def fetch(
    file: RemoteFile,
    folder: Path,
    *,
    offline: bool = False,
    progress: Progress = no_progress,
    timeout: float = 60.0,
) -> Path:
    """Return ``folder / file.name``, downloaded where it is absent.

    ``file.size`` 0 means unknown; ``timeout`` is the seconds that a silent server is waited for.
    A file that lies there already is checked too. Raises DataError where the file cannot be had
    (offline, no network, refused) or is not the one expected, EnvironmentFailure where the disk
    refuses, PluginError for a ``file.name`` that leaves ``folder`` or an address that is not
    http(s).
    """
    _check(file)
    target = folder / file.name
    if not target.is_file():
        if offline:
            raise DataError(
                f"{target} is absent, and offline nothing is fetched: {how_to_get(file, folder)}"
            )
        lock = target.with_name(f".{target.name}.lock")
        with refusals_named(target, "--data-dir"), locked(lock):
            # Another process may have brought it while this one waited for the lock.
            if not target.is_file():
                _fetch_locked(file, folder, progress, timeout)
                return target
    name, wanted = _checksum(file)
    found = _digest(target, name)
    if found != wanted:
        raise DataError(
            f"{target} has {name} {found}, expected {wanted}: it is damaged or another file; "
            f"move it away, then {how_to_get(file, folder)}"
        )
    return target


def how_to_get(file: RemoteFile, folder: Path) -> str:
    """Say how a person gets ``file`` by hand: address, size, checksum, place."""
    size = f"{file.size:,} bytes, " if file.size else ""
    checksum = " ".join(_checksum(file))
    return f"fetch {file.url} ({size}{checksum}) and put it at {folder / file.name}"


@dataclass(frozen=True)
class _Part:
    """A download that is not complete: its bytes and what identifies the server's version."""

    data: Path
    note: Path

    @property
    def size(self) -> int:
        return self.data.stat().st_size if self.data.is_file() else 0

    def validator(self, url: str) -> str | None:
        """What the server called its version of these bytes, if they came from ``url``."""
        try:
            note = json.loads(self.note.read_text())
        except (FileNotFoundError, ValueError):
            return None  # an unknown origin: started over, never guessed
        if not isinstance(note, dict) or note.get("url") != url:
            return None
        value = note.get("validator")
        return value if isinstance(value, str) else None

    def discard(self) -> None:
        self.data.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)


def _fetch_locked(file: RemoteFile, folder: Path, progress: Progress, timeout: float) -> None:
    target = folder / file.name
    part = _Part(
        target.with_name(target.name + ".part"), target.with_name(target.name + ".part.json")
    )
    furthest = part.size
    if file.size:
        require_space(folder, file.size - part.size, f"download of {file.name}", "--data-dir")
    while not (file.size and part.size == file.size):
        try:
            _transfer(file, part, progress, timeout)
            break
        except _CutError as cut:
            # Again as long as that gets further: slow servers drop long transfers.
            if part.size <= furthest:
                raise DataError(
                    f"cannot fetch {file.url}: {cut}; {part.size:,} bytes are kept in {part.data}: "
                    f"run again to go on from there, or {how_to_get(file, folder)}"
                ) from cut
            furthest = part.size
    name, wanted = _checksum(file)
    found = _digest(part.data, name)
    if found != wanted:
        part.discard()
        raise DataError(
            f"{file.url} sent a file with {name} {found}, expected {wanted} for {target}: it "
            f"was removed; run again, or {how_to_get(file, folder)}"
        )
    part.data.replace(target)
    part.discard()


def _transfer(file: RemoteFile, part: _Part, progress: Progress, timeout: float) -> None:
    """Get the rest of ``file`` into ``part``, or all of it where the rest cannot be had alone."""
    validator = part.validator(file.url)
    start = part.size if validator and (part.size < file.size or not file.size) else 0
    response = None
    if start:
        tied = {"Range": f"bytes={start}-", "If-Range": str(validator)}
        response = _open(file.url, tied, timeout)
        if response is not None and _offset(response) not in (0, start):
            response.close()
            response = None
    if response is None:
        start, response = 0, _open(file.url, {}, timeout)
    if response is None or _offset(response) not in (0, start):
        raise _CutError("the server sent a part that was not asked for")
    with response:
        _copy(response, file, part, progress)


def _open(url: str, headers: dict[str, str], timeout: float) -> HTTPResponse | None:
    """Open the address; None where the server refuses the range that was asked for."""
    headers = {"User-Agent": "zslbench", "Accept-Encoding": "identity", **headers}
    try:
        response: HTTPResponse = urlopen(Request(url, headers=headers), timeout=timeout)
    except HTTPError as error:
        with error:
            if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                return None
            raise _CutError(f"the server answered {error.code} {error.reason}") from error
    except URLError as error:
        raise _CutError(f"no connection ({error.reason})") from error
    except (OSError, HTTPException) as error:
        raise _CutError(f"no connection ({_reason(error)})") from error
    return response


def _offset(response: HTTPResponse) -> int:
    """Return which byte of the file the answer starts with; -1 where it does not say."""
    if response.status != HTTPStatus.PARTIAL_CONTENT:
        return 0
    match = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(match[1]) if match else -1


def _copy(response: HTTPResponse, file: RemoteFile, part: _Part, progress: Progress) -> None:
    offset = _offset(response)
    length = response.headers.get("Content-Length")
    announced = offset + int(length) if length and length.isdecimal() else 0
    if file.size and announced not in (0, file.size):
        raise DataError(
            f"{file.url} offers {announced:,} bytes, expected {file.size:,} with "
            f"{' '.join(_checksum(file))}: the file there is another one; look for the right one "
            "elsewhere"
        )
    total = file.size or announced
    if offset == 0:
        part.discard()
        write_json(part.note, {"url": file.url, "validator": _validator(response)})
    done = offset
    with part.data.open("ab" if offset else "wb") as out:
        while chunk := _read(response):
            out.write(chunk)
            done += len(chunk)
            progress(done, total)
            if total and done > total:
                break  # the checksum will refuse it
        out.flush()
        os.fsync(out.fileno())
    if done < total:
        raise _CutError(f"the connection ended after {done:,} of {total:,} bytes")


def _read(response: HTTPResponse) -> bytes:
    try:
        return response.read(CHUNK)
    except (OSError, HTTPException) as error:
        raise _CutError(f"the connection broke ({_reason(error)})") from error


def _validator(response: HTTPResponse) -> str | None:
    """Return what a range may be tied to: a strong ETag, else the time of the last change."""
    etag = response.headers.get("ETag", "")
    if etag and not etag.startswith("W/"):
        return str(etag)
    return response.headers.get("Last-Modified")


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def _checksum(file: RemoteFile) -> tuple[str, str]:
    """The algorithm and the value of the strongest checksum that is known of ``file``."""
    return ("sha256", file.sha256) if file.sha256 else ("md5", file.md5)


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _check(file: RemoteFile) -> None:
    if not file.url.startswith(("https://", "http://")):
        raise PluginError(f"remote file {file.name!r}: {file.url!r} is not an http(s) address")
    if not _checksum(file)[1]:
        raise PluginError(f"remote file {file.name!r} has no checksum: state its sha256 or md5")
    name = PurePosixPath(file.name)
    if name.is_absolute() or ".." in name.parts or not name.parts:
        raise PluginError(
            f"remote file {file.url} wants the place {file.name!r}: "
            "it must be a relative path inside the data directory"
        )
