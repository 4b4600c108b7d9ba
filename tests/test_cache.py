"""The cache's contents: listed by last use, made smaller, never broken."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st

import zslbench
from zslbench import cache
from zslbench.cache import format_size, list_entries, parse_size, prune
from zslbench.cli import main
from zslbench.errors import InputError

TINY = str(Path(__file__).with_name("tiny.py"))


def put(path: Path, size: int, age: float) -> Path:
    """A file of ``size`` bytes that was last used ``age`` seconds ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    moment = time.time() - age
    os.utime(path, (moment, moment))
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A cache: a data set, features, two outputs, a note of a hash."""
    put(tmp_path / "datasets/aa/train.u8", 4000, 900)
    put(tmp_path / "datasets/aa/index.json", 100, 50)
    put(tmp_path / "features/bb.f32", 2000, 300)
    put(tmp_path / "features/bb.json", 40, 800)
    put(tmp_path / "stages/old.safetensors", 500, 400)
    put(tmp_path / "stages/new.safetensors", 500, 10)
    put(tmp_path / "hashes/cc.json", 60, 5000)
    return tmp_path


def test_entries_come_by_last_use_and_hash_notes_last(root: Path):
    entries = list_entries(root)
    assert [entry.name for entry in entries] == [
        "old.safetensors",
        "bb.f32",
        "aa",
        "new.safetensors",
        "cc.json",
    ]
    assert [entry.size for entry in entries] == [500, 2040, 4100, 500, 60]


def test_the_least_recently_used_goes_first_and_no_more_than_needed(root: Path):
    done = prune(root, 5000)
    assert [entry.name for entry in done.removed] == ["old.safetensors", "bb.f32"]
    assert done.size == 4660 == sum(entry.size for entry in list_entries(root))
    assert not (root / "features/bb.json").exists(), "a note without its features would mislead"
    assert (root / "datasets/aa/train.u8").exists()


def test_nothing_goes_from_a_cache_that_is_small_enough(root: Path):
    assert prune(root, 7200).removed == ()


def test_size_0_empties_it(root: Path):
    assert prune(root, 0).size == 0
    assert list_entries(root) == ()
    assert not (root / "datasets/aa").exists()
    assert not list((root / "datasets").glob(".*"))


@pytest.mark.parametrize(
    ("name", "lock"),
    [
        ("aa", "datasets/aa.lock"),
        ("bb.f32", "locks/bb.f32.lock"),
        ("old.safetensors", "locks/old.safetensors.lock"),
    ],
)
def test_what_another_process_holds_is_left(root: Path, name: str, lock: str):
    (root / "locks").mkdir()
    with FileLock(root / lock):
        done = prune(root, 0)
    assert [entry.name for entry in done.in_use] == [name]
    assert [entry.name for entry in list_entries(root)] == [name]


def test_a_data_set_is_never_seen_half_deleted(root: Path, monkeypatch: pytest.MonkeyPatch):
    """Killed while deleting: the folder is gone as a whole, its remains are a leftover."""

    def killed(path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cache.shutil, "rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        prune(root, 0)
    assert not (root / "datasets/aa").exists()
    monkeypatch.undo()
    for path in (root / "datasets").rglob("*"):
        os.utime(path, (0, 0))
    prune(root, 10**9)
    assert not list((root / "datasets").glob(".*"))


def test_temporary_files_go_when_nobody_writes_them_any_more(root: Path):
    put(root / "stages/.x.safetensors.k2", 700, 2 * cache.ABANDONED)
    put(root / "stages/.y.safetensors.k3", 700, 5)
    assert [entry.name for entry in prune(root, 10**9).removed] == [".x.safetensors.k2"]
    assert (root / "stages/.y.safetensors.k3").exists()


def test_a_cache_that_is_not_there_is_empty(tmp_path: Path):
    assert list_entries(tmp_path / "nowhere") == ()
    assert prune(tmp_path / "nowhere", 0).removed == ()


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("10GB", 10**10),
        ("1.5 gb", 1_500_000_000),
        ("512MiB", 512 * 2**20),
        ("2K", 2000),
        ("1 TiB", 2**40),
        ("700", 700),
    ],
)
def test_sizes_are_read(text: str, size: int):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "many", "-1GB", "10 XB", "1e3", "nan"])
def test_other_sizes_are_refused(text: str):
    with pytest.raises(InputError, match="as in 10GB"):
        parse_size(text)


@given(st.integers(0, 10**14))
def test_a_size_written_out_reads_back_to_three_digits(size: int):
    assert parse_size(format_size(size)) == pytest.approx(size, rel=0.051)


def test_a_run_works_after_its_cache_was_emptied(tmp_path: Path):
    def run() -> zslbench.Record:
        return zslbench.evaluate(
            "tiny", "colours", threads=1, force=True, plugins=[TINY],
            out=tmp_path / "out", cache_dir=tmp_path / "cache",
        )  # fmt: skip

    first = run()
    kinds = {entry.kind for entry in list_entries(tmp_path / "cache")}
    assert {"datasets", "features", "stages"} <= kinds
    assert prune(tmp_path / "cache", 0).size == 0
    assert run().scores == first.scores


def test_using_a_data_set_makes_it_recent(tmp_path: Path):
    places = {"out": tmp_path / "out", "cache_dir": tmp_path / "cache"}
    zslbench.evaluate("tiny", "colours", threads=1, plugins=[TINY], **places)
    note = next((tmp_path / "cache/datasets").glob("*/index.json"))
    os.utime(note, (0, 0))
    zslbench.evaluate("chance", "colours", threads=1, plugins=[TINY], **places)
    entry = next(e for e in list_entries(tmp_path / "cache") if e.kind == "datasets")
    assert time.time() - entry.last_use < 60


def test_the_commands_say_what_is_there_and_what_went(root: Path):
    listed = CliRunner().invoke(main, ["cache", "list", "--cache-dir", str(root)])
    assert "aa" in listed.stdout
    assert "4.1 kB" in listed.stdout
    assert "7.2 kB" in listed.stdout.splitlines()[-1]
    lock = FileLock(root / "locks/new.safetensors.lock")
    (root / "locks").mkdir()
    with lock:
        pruned = CliRunner().invoke(
            main, ["cache", "prune", "--max-size", "0", "--cache-dir", str(root)]
        )
    assert pruned.exit_code == 0
    assert "deleted 4 entries, 6.7 kB; 500 B stay" in pruned.stdout
    assert "in use, left: stages new.safetensors" in pruned.stderr
