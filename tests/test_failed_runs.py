"""What a failed run leaves behind, and what is repaired by itself."""

import shutil
from pathlib import Path

import pytest
import tiny
from hypothesis import given
from hypothesis import strategies as st
from stranger import plugin

import zslbench
from zslbench.disk import DamagedFileWarning, without_paths
from zslbench.errors import DataError, InputError, PluginError
from zslbench.store import Store

PART = st.text("abcXYZ019_-.", min_size=1, max_size=8).filter(lambda t: t.strip("."))


@pytest.fixture
def run(tmp_path):
    def run(method="tiny", dataset="colours", plugins=(), **options):
        options = {"out": tmp_path / "out", "cache_dir": tmp_path / "cache", **options}
        return zslbench.evaluate(method, dataset, threads=1, plugins=[tiny, *plugins], **options)

    return run


def test_the_record_of_a_failed_run_has_no_path_in_it(run, tmp_path):
    words = tmp_path / "secret-user" / "v.csv"
    words.parent.mkdir()
    words.write_text("attribute,blue,green\nx,a,b\n")
    with pytest.raises(DataError, match="secret-user"):
        run(slots={"embedding": f"file/{words}"})
    (record,) = Store(tmp_path / "out").records()
    assert record.status == "failed"
    text = record.model_dump_json()
    assert "v.csv" in record.error.message
    assert "secret-user" not in text
    assert str(tmp_path) not in text
    assert str(Path.home()) not in text


@given(folders=st.lists(PART, min_size=1, max_size=4), name=PART, known=st.booleans())
def test_of_any_path_the_last_part_is_left(folders, name, known):
    place = Path("/", *folders)
    text = f"{place / name}: is damaged; see https://a.org/b/c, or 3/4 of it"
    found = without_paths(text, [place] if known else [])
    assert found == f"{name}: is damaged; see https://a.org/b/c, or 3/4 of it"


def test_a_tracker_that_fails_does_not_hide_why_the_run_failed(run):
    def run_finished(record):
        raise ValueError("no disk for trackers")

    tracker = plugin("tracker", run_finished=run_finished)
    with (
        pytest.warns(UserWarning, match="no disk for trackers"),
        pytest.raises(PluginError, match="ZeroDivisionError"),
    ):
        run(plugins=[tracker], set={"backbone.fault": "crash"})


@pytest.mark.parametrize("file", ["train.u8", "index.json", "index.safetensors"])
def test_damaged_images_in_the_cache_are_decoded_again(run, tmp_path, file):
    first = run()
    (damaged,) = (tmp_path / "cache" / "datasets").glob(f"*/{file}")
    damaged.write_bytes(damaged.read_bytes()[:-7])
    with pytest.warns(DamagedFileWarning, match="decoded again"):
        again = run(out=tmp_path / "again")
    assert again.scores == first.scores
    assert again.dataset.fingerprint == first.dataset.fingerprint


class Told(tiny.Colours):
    """Colours with captions in a file."""

    captions = ()

    def sentences(self):
        return list(type(self).captions)


def test_other_captions_are_another_run(run, tmp_path):
    spec = zslbench.ComponentSpec(
        "dataset", "told", f"{__name__}:Told", summary="told",
        params=(
            zslbench.Param("damage", "str", "none", "d"),
            zslbench.Param("images", "int", 200, "n"),
        ),
    )  # fmt: skip
    mine = plugin("mine", register_datasets=lambda register: register(spec))
    options = {"slots": {"embedding": "corpus/word2vec"}, "set": {"embedding.dim": 4}}
    found = []
    for caption in ("a {} car", "a {} ship", "a {} car"):
        Told.captions = tuple(caption.format(name) for name in tiny.CLASSES)
        found.append(run(dataset="told", plugins=[mine], **options))
    assert found[0].run_id == found[2].run_id != found[1].run_id


def test_class_names_are_no_text(run):
    with pytest.raises(InputError, match=r"write \['red,grey'\]"):
        run(unseen="red,grey")


@pytest.mark.parametrize("device", ["meta", "gpu", "tpu:1"])
def test_other_devices_are_refused(run, device):
    with pytest.raises(InputError, match="cpu, cuda"):
        run(device=device)


def test_a_cache_that_is_gone_is_made_again(run, tmp_path):
    first = run()
    shutil.rmtree(tmp_path / "cache")
    assert run(out=tmp_path / "again").scores == first.scores
