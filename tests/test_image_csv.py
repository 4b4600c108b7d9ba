"""csv/PATH: images that a table names."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import zslbench
from zslbench.contracts import Places, no_progress
from zslbench.errors import DataError
from zslbench.images import store
from zslbench_plugins.datasets.folder import ImageFolder
from zslbench_plugins.datasets.table_csv import ImageTable

sys.path.insert(0, str(Path(__file__).parent))
import tiny

CLASSES = ("ant", "bee", "cat")


@pytest.fixture
def table(tmp_path):
    """A csv of nine training and six test images that lie in a folder beside it."""
    rows = ["path,label,split"]
    for part, count in (("train", 3), ("test", 2)):
        for c, name in enumerate(CLASSES):
            for i in range(count):
                path = tmp_path / "pictures" / part / name / f"{i}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                rng = np.random.default_rng([c, i, count])
                Image.fromarray(rng.integers(0, 256, (8, 9, 3), np.uint8)).save(path)
                rows.append(f"pictures/{part}/{name}/{i}.png,{name},{part}")
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def opened(data, tmp_path, name, **options):
    raw = data.load(Places(tmp_path / "data", tmp_path / "cache", **options))
    return store(raw, tmp_path / name, no_progress)


def test_a_table_is_the_same_data_set_as_a_folder_of_its_images(table, tmp_path):
    of_table = opened(ImageTable(str(table)), tmp_path, "table")
    of_folder = opened(ImageFolder(str(tmp_path / "pictures")), tmp_path, "folder")
    assert of_table.fingerprint == of_folder.fingerprint
    assert of_table.class_names == CLASSES
    assert (len(of_table.train.labels), len(of_table.test.labels)) == (9, 6)


def test_order_of_rows_and_columns_quotes_and_a_byte_order_mark_change_nothing(table, tmp_path):
    before = opened(ImageTable(str(table)), tmp_path, "before")
    rows = [line.split(",") for line in table.read_text().splitlines()[1:]]
    lines = ["Label,note,SPLIT,path"]
    lines += [f'{label},"a, b",{split.upper()},"{path}"' for path, label, split in reversed(rows)]
    table.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8-sig")
    assert opened(ImageTable(str(table)), tmp_path, "after").fingerprint == before.fingerprint


def test_without_a_column_split_each_class_is_divided_and_unseen_ones_are_tested(table, tmp_path):
    lines = [line.rpartition(",")[0] for line in table.read_text().splitlines()]
    table.write_text("\n".join(lines))
    (tmp_path / "zslbench.toml").write_text('unseen = ["cat"]')
    data = opened(ImageTable(str(table)), tmp_path, "divided")
    tested = Counter(data.class_names[label] for label in data.test.labels)
    assert tested == {"ant": 1, "bee": 1, "cat": 5}
    assert ImageTable(str(table)).card.unseen == ("cat",)
    assert ImageTable(str(table)).card.test_images == 7


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.replace("label", "class"), "has the columns path, class, split; .* 'label'"),
        (lambda t: t.replace("ant,train", "ant,val", 1), "line 2: split is 'val'; it must be"),
        (lambda t: t.replace(",bee,test", ",,test", 1), "line 13: an empty label"),
        (lambda t: t.replace(",ant,train", ",ant,train,x", 1), "line 2: too many cells"),
        (lambda t: t.splitlines()[0], "has no rows"),
        (lambda t: "", "of an empty file"),
        (lambda t: t + '"open', "cannot be read"),
    ],
)
def test_a_table_that_cannot_be_read_is_named_with_the_line(table, change, message):
    table.write_text(change(table.read_text()))
    with pytest.raises(DataError, match=message):
        _ = ImageTable(str(table)).card


@pytest.mark.parametrize("split", ["test", "train"])
def test_an_image_that_is_named_twice_is_refused_with_both_lines(table, split):
    again = f"./pictures/train/ant/0.png,bee,{split}\n"
    table.write_text(table.read_text() + again)
    with pytest.raises(DataError, match=r"line 17: 0\.png stands in line 2 already"):
        ImageTable(str(table)).load(Places(table.parent, table.parent))


def test_an_absent_table_is_named(tmp_path):
    with pytest.raises(DataError, match=r"no file .*none.csv"):
        _ = ImageTable(str(tmp_path / "none.csv")).card


def test_an_absent_or_corrupt_image_is_named_or_left_out_and_counted(table, tmp_path):
    (tmp_path / "pictures" / "train" / "bee" / "1.png").unlink()
    (tmp_path / "pictures" / "train" / "cat" / "1.png").write_bytes(b"x")
    with pytest.raises(DataError, match=r"bee/1.png cannot be read \(No such file"):
        opened(ImageTable(str(table)), tmp_path, "refused")
    data = opened(ImageTable(str(table)), tmp_path, "skipped", skip_corrupt=True)
    assert data.skipped == 2
    assert len(data.train.labels) == 7


def test_a_run_follows_the_table_and_its_record_holds_no_path(table, tmp_path):
    def run():
        return zslbench.evaluate(
            "tiny",
            f"csv/{table}",
            slots={"embedding": "random"},
            unseen=["bee"],
            out=tmp_path / "out",
            cache_dir=tmp_path / "cache",
            threads=1,
            plugins=[tiny],
        )

    record = run()
    assert record.dataset.component.name == "csv/mine.csv"
    assert str(tmp_path) not in record.model_dump_json()
    assert run() == record
    first = "pictures/train/ant/0.png"
    table.write_text(table.read_text().replace(f"{first},ant", f"{first},cat"))
    assert run().dataset.fingerprint != record.dataset.fingerprint


def test_it_keeps_the_contract_of_data_sets(table, tmp_path):
    from zslbench import Registry
    from zslbench.testing import check_component

    (tmp_path / "zslbench.toml").write_text('unseen = ["cat"]')
    check_component(Registry.discover(), "dataset", f"csv/{table}", data_dir=tmp_path)
