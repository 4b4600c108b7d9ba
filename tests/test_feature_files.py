"""features/PATH: features computed elsewhere give the row that they would have given here."""

from __future__ import annotations

import csv
import hashlib
import io
import shutil
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import savemat

import zslbench
from zslbench import ComponentSpec, Registry, hookimpl
from zslbench.cli import main
from zslbench.contracts import Context, ImageBlock, Places, RawDataset
from zslbench.errors import DataError, InputError, PluginError
from zslbench.images import store
from zslbench.pretraining import overlap
from zslbench.testing.declaration import check_constructor, check_declaration
from zslbench.testing.subject import Subject
from zslbench_plugins.backbones.feature_file import FeatureFileBackbone
from zslbench_plugins.backbones.feature_readers import read_features

sys.path.insert(0, str(Path(__file__).parent))
import tiny

CONTEXT = Context()
WANTED = np.array([4, 0, 2])
RNG = np.random.default_rng(7)
IDS = {
    "train": RNG.integers(0, 256, (6, 32), dtype=np.uint8),
    "test": RNG.integers(0, 256, (5, 32), dtype=np.uint8),
}
ALL_IDS = np.concatenate([IDS["train"], IDS["test"]])
X = RNG.normal(size=(11, 4)).astype(np.float32)  # in canonical order: training, then test


def hexed(ids):
    return [bytes(row).hex() for row in ids]


def write_npz(path, features, ids=None):
    np.savez(path, features=features, **({} if ids is None else {"ids": ids}))
    return path


def write_npz_hex(path, features, ids=None):
    return write_npz(path, features, None if ids is None else np.array(hexed(ids)))


def write_npz_bytes(path, features, ids=None):
    return write_npz(path, features, None if ids is None else np.array(hexed(ids), dtype="S64"))


def write_npy(path, features, ids=None):
    np.save(path, features)
    if ids is not None:
        path.with_suffix(".ids.txt").write_text("\n".join(hexed(ids)) + "\n")
    return path


def write_npy_csv(path, features, ids=None):
    """With the index as 'zslbench data ids' prints it."""
    np.save(path, np.asfortranarray(features))
    if ids is not None:
        lines = [f"{i},{text}" for i, text in enumerate(hexed(ids))]
        path.with_suffix(".ids.csv").write_text("\n".join(["position,id", *lines]) + "\n")
    return path


def write_lists(path, features, ids=None):
    columns = {} if ids is None else {"id": hexed(ids)}
    pq.write_table(pa.table({**columns, "features": list(features)}), path, row_group_size=3)
    return path


def write_fixed_lists(path, features, ids=None):
    lists = pa.FixedSizeListArray.from_arrays(pa.array(features.ravel()), features.shape[1])
    raw = {} if ids is None else {"id": pa.array([bytes(i) for i in ids], pa.binary(32))}
    pq.write_table(pa.table({"features": lists, **raw}), path)
    return path


def write_columns(path, features, ids=None):
    named = {f"f{i}": column for i, column in enumerate(features.T)}
    key = {} if ids is None else {"id": pa.array(hexed(ids)).dictionary_encode()}
    pq.write_table(pa.table({**key, **named}), path)
    return path


def write_mat(path, features, ids=None):
    content = {"features": features.astype(np.float64), "about": "a variable that is not read"}
    savemat(path, content if ids is None else {**content, "ids": ids})
    return path


def write_mat_chars(path, features, ids=None):
    return write_mat(path, features, None if ids is None else np.array(hexed(ids)))


def write_mat_cells(path, features, ids=None):
    return write_mat(path, features, None if ids is None else np.array(hexed(ids), dtype=object))


WRITERS = [
    (".npz", write_npz), (".npz", write_npz_hex), (".npz", write_npz_bytes), (".npy", write_npy),
    (".npy", write_npy_csv), (".parquet", write_lists), (".parquet", write_fixed_lists),
    (".parquet", write_columns), (".mat", write_mat), (".mat", write_mat_chars),
    (".mat", write_mat_cells),
]  # fmt: skip
all_formats = pytest.mark.parametrize(
    ("ending", "write"), WRITERS, ids=[write.__name__ for _, write in WRITERS]
)


def rows(path, part="test", wanted=WANTED, ids=IDS, **params):
    return FeatureFileBackbone(str(path), **params).rows(part, wanted, ids=ids, context=CONTEXT)


# ------------------------------------------------------------------------------------ by id


@all_formats
def test_rows_in_any_order_reach_the_images_whose_ids_they_have(tmp_path, ending, write):
    shuffled = np.random.default_rng(0).permutation(11)
    path = write(tmp_path / f"x{ending}", X[shuffled], ALL_IDS[shuffled])
    found = rows(path, "train")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, X[WANTED])
    np.testing.assert_array_equal(rows(path, "test"), X[6 + WANTED])
    assert FeatureFileBackbone(str(path)).dim((32, 32, 3)) == 4


@given(st.data())
@settings(max_examples=40)
def test_the_join_is_by_id_alone_whatever_the_order_and_the_repeats(tmp_path_factory, data):
    """Ids of few values, so that some repeat and some end in zeros; images repeat too."""
    pool = data.draw(st.lists(st.binary(min_size=2, max_size=2), min_size=1, unique=True))
    known = {key + bytes(30): float(i) for i, key in enumerate(pool)}
    order = data.draw(st.permutations([*known, *known]))  # each id twice, with the same features
    asked = data.draw(st.lists(st.sampled_from(list(known)), min_size=1, max_size=9))
    path = tmp_path_factory.getbasetemp() / "drawn.npz"
    table = np.frombuffer(b"".join(order), np.uint8).reshape(-1, 32)
    write_npz(path, np.array([[known[key]] for key in order]), table)
    ids = {"test": np.frombuffer(b"".join(asked), np.uint8).reshape(-1, 32)}
    found = rows(path, "test", np.arange(len(asked)), ids)
    assert found[:, 0].tolist() == [known[key] for key in asked]


def test_images_that_nobody_asks_for_need_no_features(tmp_path):
    path = write_npz(tmp_path / "x.npz", X[:3], ALL_IDS[:3])
    np.testing.assert_array_equal(rows(path, "train", np.array([2, 1])), X[[2, 1]])


def test_missing_ids_are_counted_and_the_first_named(tmp_path):
    path = write_npz(tmp_path / "x.npz", X[:7], ALL_IDS[:7])
    with pytest.raises(InputError) as caught:
        rows(path, "test", np.arange(5))
    message = str(caught.value)
    first, *_, last = hexed(IDS["test"][1:])
    assert "lack 4 (" in message
    assert "of the 5 test images" in message
    assert first[:16] in message
    assert last[:16] not in message
    assert "data ids" in message


def test_two_rows_of_one_image_must_agree_up_to_rounding(tmp_path):
    again = X[[0]] * (1 + 1e-5)
    path = write_npz(tmp_path / "x.npz", np.r_[X, again], np.r_[ALL_IDS, ALL_IDS[:1]])
    np.testing.assert_array_equal(rows(path, "train", np.array([0])), X[:1])  # the first row
    write_npz(path, np.r_[X, X[[1]]], np.r_[ALL_IDS, ALL_IDS[:1]])
    with pytest.raises(InputError, match=r"different features for 1 \(") as caught:
        rows(path, "train", np.array([3]))
    assert hexed(ALL_IDS)[0][:16] in str(caught.value)


@all_formats
def test_rows_of_nobody_need_an_order(tmp_path, ending, write):
    path = write(tmp_path / f"x{ending}", X)
    with pytest.raises(InputError, match=r"which images.*order=canonical"):
        rows(path)


# --------------------------------------------------------------------------- by canonical order


@all_formats
def test_canonical_order_is_training_then_test(tmp_path, ending, write):
    for ids in (None, ALL_IDS):
        path = write(tmp_path / f"x{ending}", X, ids)
        found = rows(path, "train", order="canonical")
        np.testing.assert_array_equal(found, X[WANTED])
        found = rows(path, "test", np.arange(1, 4), order="canonical")
        np.testing.assert_array_equal(found, X[7:10])


@pytest.mark.parametrize(("ending", "save"), [(".npz", np.savez), (".mat", None)])
def test_parts_may_stand_apart(tmp_path, ending, save):
    path = tmp_path / f"x{ending}"
    arrays = {"train": X[:6], "test": X[6:]}
    _ = savemat(path, arrays) if save is None else save(path, **arrays)
    np.testing.assert_array_equal(rows(path, "test", order="canonical"), X[6 + WANTED])
    arrays["test"] = X[6:-1]
    _ = savemat(path, arrays) if save is None else save(path, **arrays)
    with pytest.raises(InputError, match=r"'test' has 4 rows.*there are 5"):
        rows(path, "train", order="canonical")
    with pytest.raises(InputError, match="order=canonical"):
        rows(path, "train")


@all_formats
def test_another_length_is_no_canonical_order(tmp_path, ending, write):
    path = write(tmp_path / f"x{ending}", X[:-1])
    with pytest.raises(InputError, match=r"has 10 rows.*there are 11.*6 training and 5 test"):
        rows(path, "train", order="canonical")


def test_ids_beside_rows_in_canonical_order_are_checked(tmp_path):
    swapped = np.array([0, 2, 1, *range(3, 11)])
    path = write_npz(tmp_path / "x.npz", X[swapped], ALL_IDS[swapped])
    with pytest.raises(InputError, match=r"2 ids differ, in row 1.*order=id"):
        rows(path, order="canonical")


def test_a_npy_in_order_is_read_where_it_lies(tmp_path):
    path = write_npy(tmp_path / "x.npy", X)
    found = rows(path, "test", np.arange(5), order="canonical")
    assert isinstance(found.base, np.memmap)
    assert not found.flags.writeable


# ------------------------------------------------------------------------------- what is refused


def refused(path, error, match, **params):
    with pytest.raises(error, match=match) as caught:
        rows(path, "train", **params)
    assert type(caught.value) is error
    return str(caught.value)


@pytest.mark.parametrize("name", ["ids", "features"])
def test_nothing_is_unpickled(tmp_path, name):
    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    arrays = {"features": X, "ids": ALL_IDS, name: np.array([Trap()] * 11, dtype=object)}
    np.savez(tmp_path / "x.npz", **arrays)
    refused(tmp_path / "x.npz", InputError, "Python objects")
    np.save(tmp_path / "x.npy", np.array([Trap()] * 11, dtype=object))
    refused(tmp_path / "x.npy", InputError, "Python objects", order="canonical")
    assert not (tmp_path / "ran").exists()


def test_matlabs_hdf5_is_refused_with_advice(tmp_path):
    path = tmp_path / "x.mat"
    path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(400))
    refused(path, InputError, r"7\.3.*'-v7'")


@pytest.mark.parametrize("ending", [".npz", ".npy", ".parquet", ".mat"])
@pytest.mark.parametrize("damage", ["cut", "other", "empty"])
def test_a_damaged_file_is_named(tmp_path, ending, damage):
    write = dict(WRITERS)[ending]
    content = write(tmp_path / f"x{ending}", X, ALL_IDS).read_bytes()
    spoilt = {"cut": content[: len(content) // 2], "other": b"\x80\x04." * 99, "empty": b""}
    (tmp_path / f"x{ending}").write_bytes(spoilt[damage])
    message = refused(tmp_path / f"x{ending}", DataError, "cannot be read|no rows")
    assert f"'x{ending}'" in message
    assert str(tmp_path) not in message  # it may stand in a record


@pytest.mark.parametrize(
    ("arrays", "match"),
    [
        ({"vectors": X, "ids": ALL_IDS}, r"hold vectors, ids; expected 'features'"),
        ({"features": X, "train": X}, "hold features, train; expected"),
        ({"train": X}, "hold train; expected"),
        ({"features": X[:, 0], "ids": ALL_IDS}, r"float32 \(11,\); expected numbers \(n, d\)"),
        ({"features": X.astype(str), "ids": ALL_IDS}, r"<U32 \(11, 4\); expected numbers"),
        ({"features": X, "ids": ALL_IDS[:5]}, "5 ids and 11 rows"),
        ({"features": X, "ids": np.arange(11)}, r"int64 \(11,\); expected uint8"),
        ({"features": X, "ids": ALL_IDS[:, :20]}, r"uint8 \(11, 20\); expected uint8"),
        ({"features": X, "ids": np.array(["7.png"] * 11)}, r"row 0 is '7.png' \(11 such rows\)"),
        ({"train": X[:6], "test": X[6:, :3]}, "'train' has 4 columns and 'test' 3"),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path, arrays, match):
    np.savez(tmp_path / "x.npz", **arrays)
    refused(tmp_path / "x.npz", InputError, match)


LISTS = [list(map(float, row)) for row in X]


@pytest.mark.parametrize(
    ("columns", "match"),
    [
        ({"f0": X[:, 0], "label": np.arange(11)}, r"column 'label' \(int64\)"),
        ({"f0": X[:, 0], "file": ["a"] * 11}, r"column 'file' \(string\)"),
        ({}, "no features"),
        (
            {"features": [[1.0]] * 10 + [[1.0, 2.0]]},
            "have rows of 1 and of 2 numbers, as rows 0 and 10",
        ),
        ({"features": [["a"]] * 11}, "expected lists of numbers"),
        ({"features": [[1.0, None]] * 11}, "11 empty numbers"),
        ({"features": [*LISTS[:-1], None]}, "1 empty cells"),
        ({"f0": [*range(10), None]}, "'f0' has 1 empty cells"),
        ({"features": LISTS, "id": [*hexed(ALL_IDS)[:-1], None]}, "'id' has empty cells"),
    ],
)
def test_a_table_of_something_else_is_refused(tmp_path, columns, match):
    table = pa.table({"id": hexed(ALL_IDS), **columns})
    pq.write_table(table, tmp_path / "x.parquet")
    refused(tmp_path / "x.parquet", InputError, match)


def test_numbers_that_float32_cannot_hold_are_named_by_row(tmp_path):
    for value in (np.nan, 1e300):
        wide = X.astype(np.float64)
        wide[4, 1] = value
        path = write_npz(tmp_path / "x.npz", wide, ALL_IDS)
        refused(path, DataError, "row 4 holds NaN or infinity")
        assert rows(path, "test").shape == (3, 4)


def test_a_path_that_leads_nowhere_a_strange_ending_and_two_indexes_are_refused(tmp_path):
    def sources(name):
        backbone = FeatureFileBackbone(str(tmp_path / name))
        return backbone.sources(Places(tmp_path, tmp_path))

    with pytest.raises(DataError, match="no file"):
        sources("none.npz")
    (tmp_path / "x.pkl").write_bytes(b"")
    with pytest.raises(InputError, match=r"'\.pkl'; allowed are \.npz, \.npy"):
        sources("x.pkl")
    path = write_npy(tmp_path / "x.npy", X, ALL_IDS)
    index = path.with_suffix(".ids.txt")
    assert sources("x.npy") == (path, index)
    shutil.copy(index, path.with_suffix(".ids.csv"))
    with pytest.raises(InputError, match=r"'x\.ids\.txt' and 'x\.ids\.csv'"):
        sources("x.npy")


def test_features_of_new_images_cannot_be_had(tmp_path):
    path = write_npz(tmp_path / "x.npz", X, ALL_IDS)
    with pytest.raises(InputError, match="cannot be computed from pixels"):
        FeatureFileBackbone(str(path)).transform(np.zeros((1, 4, 4, 3), np.uint8), context=CONTEXT)


# ---------------------------------------------------------------------------------- whole runs


class Mixed(tiny.Colours):
    """The same colours as images of many sizes."""

    def load(self, places):
        raw = super().load(places)

        def mixed(part):
            for block in part():
                sizes = np.arange(len(block.labels)) % 3 + 4
                images = [
                    np.pad(image, ((0, size - 4), (0, 0), (0, 0)), mode="edge")
                    for image, size in zip(block.images, sizes, strict=True)
                ]
                yield ImageBlock(images, block.labels)

        return RawDataset(raw.class_names, lambda: mixed(raw.train), lambda: mixed(raw.test))


class Given(tiny.MeanColour):
    """Given features, wrong as ``fault`` says."""

    given = True

    def rows(self, part, wanted, *, ids, context):
        n = len(wanted)
        made = {
            "none": np.ones((n, 3), np.float32) * ids[part][wanted, :3],
            "double": np.ones((n, 3)),
            "short": np.ones((n - 1, 3), np.float32),
            "nan": np.full((n, 3), np.nan, np.float32),
            "peeks": np.full((n, 3), n, np.float32),
        }
        if self.fault == "crash":
            raise ZeroDivisionError("no")
        return made[self.fault].astype(np.float64 if self.fault == "double" else np.float32)


class Tabled(tiny.Flat):
    """A mapping named by the path of a file that it reads."""

    def __init__(self, member):
        super().__init__()
        self.member = member

    def sources(self, places):
        return (Path(self.member),)


class Plugin:
    """Offers what stands above."""

    ZSLBENCH_API = 1

    @hookimpl
    def register_datasets(self, register):
        register(ComponentSpec("dataset", "mixed", f"{__name__}:Mixed"))

    @hookimpl
    def register_mappings(self, register):
        target = f"{__name__}:Tabled"
        register(ComponentSpec("mapping", "tabled/*", target, member_is_path=True))

    @hookimpl
    def register_backbones(self, register):
        params = (zslbench.Param("fault", "str", "none", "what is wrong"),)
        register(ComponentSpec("backbone", "given", f"{__name__}:Given", params=params))


@pytest.fixture
def run(tmp_path):
    def run(dataset="colours", backbone=None, **options):
        folders = {"out": tmp_path / "out", "cache_dir": tmp_path / "cache"}
        options.setdefault("slots", {"backbone": backbone} if backbone else {})
        plugins = [tiny, Plugin()]
        return zslbench.evaluate("tiny", dataset, **folders, threads=1, plugins=plugins, **options)

    return run


@pytest.fixture(scope="module")
def colours(tmp_path_factory):
    """The data set in canonical order, and the mean colours of both its parts one by one."""
    places = Places(tmp_path_factory.getbasetemp(), tmp_path_factory.getbasetemp())
    folder = tmp_path_factory.mktemp("colours") / "stored"
    data = store(tiny.Colours().load(places), folder, lambda done, total: None)
    parts = (data.train, data.test)
    features = [tiny.MeanColour().transform(part.pixels, context=CONTEXT) for part in parts]
    return np.concatenate(features), np.concatenate([part.ids for part in parts])


def test_the_row_is_that_of_the_backbone_that_made_the_features(run, colours, tmp_path):
    features, ids = colours
    expected = run(backbone="mean-colour").scores
    shuffled = np.random.default_rng(3).permutation(len(ids))
    for ending, write in (".npz", write_npz), (".npy", write_npy), (".parquet", write_lists):
        path = write(tmp_path / f"x{ending}", features[shuffled], ids[shuffled])
        assert run(backbone=f"features/{path}").scores == expected
    path = write_npy(tmp_path / "canonical.npy", features)
    canonical = {"backbone.order": "canonical"}
    assert run(backbone=f"features/{path}", set=canonical).scores == expected


def test_a_run_is_its_files_content_and_never_its_path(run, colours, tmp_path):
    features, ids = colours
    path = write_npy(tmp_path / "net.npy", features, ids)
    index = path.with_suffix(".ids.txt")
    first = run(backbone=f"features/{path}")
    assert first.slots["backbone"].name == "features/net.npy"
    hashes = [hashlib.sha256(file.read_bytes()).hexdigest() for file in (path, index)]
    assert first.slots["backbone"].contents == [
        ["net.npy", hashes[0]],
        ["net.ids.txt", hashes[1]],
    ]
    assert str(tmp_path) not in first.model_dump_json()

    (tmp_path / "elsewhere").mkdir()
    for file in (path, index):
        shutil.copy(file, tmp_path / "elsewhere")
    assert run(backbone=f"features/{tmp_path}/elsewhere/net.npy").run_id == first.run_id
    write_npy(path, features[::-1], ids)
    assert run(backbone=f"features/{path}").run_id != first.run_id
    write_npy(path, features[::-1], ids[::-1])  # the same features of the same images again
    assert run(backbone=f"features/{path}").scores == first.scores


def test_whatever_is_named_by_a_path_is_known_by_the_files_content(run, tmp_path):
    found = []
    for name, words in ("a.txt", "one"), ("b.txt", "one"), ("b.txt", "two"):
        (tmp_path / name).write_text(words)
        record = run(slots={"mapping": f"tabled/{tmp_path / name}"})
        sha256 = hashlib.sha256(words.encode()).hexdigest()
        assert [sha for _, sha in record.slots["mapping"].contents] == [sha256]
        found.append(record.run_id)
    assert found[0] == found[1] != found[2]


def test_features_that_do_not_fit_the_task_end_the_run_with_their_own_words(run, colours, tmp_path):
    features, ids = colours
    path = write_npz(tmp_path / "x.npz", features[:-1], ids[:-1])
    with pytest.raises(InputError, match=r"lack 1 \("):
        run(backbone=f"features/{path}")
    with pytest.raises(InputError, match=r"has 299 rows.*there are 300"):
        run(backbone=f"features/{path}", set={"backbone.order": "canonical"})
    with pytest.raises(DataError, match="no file"):
        run(backbone=f"features/{tmp_path}/none.npz")


def test_images_of_any_size_do_since_none_is_read(run):
    assert run("mixed", "given").status == "finished"
    with pytest.raises(InputError, match="differ in size"):
        run("mixed", "mean-colour")


@pytest.mark.parametrize(
    ("fault", "match"),
    [
        ("double", "rows broke its contract: got float64, expected float32"),
        ("short", r"rows broke its contract: got shape \(189, 3\)|expected \("),
        ("nan", "are NaN or infinite"),
        ("peeks", "must not depend on the other"),
        ("crash", "failed in rows: ZeroDivisionError"),
    ],
)
def test_a_given_backbone_that_breaks_its_contract_is_named(run, fault, match):
    with pytest.raises(PluginError, match=match) as caught:
        run(backbone="given", set={"backbone.fault": fault})
    assert "'given'" in str(caught.value)


def test_a_given_backbone_learns_nothing(run, monkeypatch):
    monkeypatch.setattr(Given, "fit_on", "seen")
    with pytest.raises(PluginError, match="fit_on is 'seen'; expected 'nothing'"):
        run(backbone="given")


# ------------------------------------------------------------------- what the network had seen


@pytest.mark.parametrize(
    ("trained_on", "cat"),
    [("unknown", "unknown"), ("open", "unknown"), ("none", "none"), ("imagenet-1k", "overlap")],
)
def test_overlap_with_what_the_network_had_seen_is_what_its_user_says(trained_on, cat):
    backbone = FeatureFileBackbone("some/net.npz", trained_on=trained_on)
    assert overlap(backbone.pretraining, ["cat"]) == {"cat": cat}
    assert backbone.pretraining.name == "net.npz"
    named = FeatureFileBackbone("some/net.npz", trained_on=trained_on, name="VGG-16")
    assert named.pretraining.name == "VGG-16"


def test_it_is_declared_as_it_is_constructed():
    registry = Registry.discover()
    ref = registry.resolve("backbone", "features/net.npz")
    subject = Subject(registry, ref, registry.item(ref).spec)
    check_declaration(subject)
    check_constructor(subject)


# ------------------------------------------------------------------------- zslbench data ids


def call_ids(tmp_path, *words):
    command = ["data", "ids", *words, "--plugin", str(Path(tiny.__file__))]
    return CliRunner().invoke(main, [*command, "--cache-dir", str(tmp_path / "cache")])


def ids_of(tmp_path, *words):
    done = call_ids(tmp_path, *words)
    assert done.exit_code == 0, done.output
    return list(csv.DictReader(io.StringIO(done.stdout)))


def test_the_ids_that_are_printed_lead_to_a_run(run, tmp_path, colours):
    lines = {part: ids_of(tmp_path, "colours", "--part", part) for part in ("train", "test")}
    assert [line["position"] for line in lines["test"]] == [str(i) for i in range(100)]
    assert all(list(line) == ["position", "id"] for line in lines["test"])  # no labels
    printed = [line["id"] for part in ("train", "test") for line in lines[part]]
    assert printed == hexed(colours[1])
    path = tmp_path / "x.npy"
    np.save(path, colours[0])
    path.with_suffix(".ids.txt").write_text("\n".join(printed))
    assert run(backbone=f"features/{path}").scores == run(backbone="mean-colour").scores


def test_an_id_is_the_hash_of_the_pixels(tmp_path):
    places = Places(tmp_path, tmp_path)
    (block,) = tiny.Colours(images=50).load(places).train()
    own = {hashlib.sha256(image.tobytes()).hexdigest() for image in block.images}
    lines = ids_of(tmp_path, "colours", "--part", "train", "--set", "dataset.images=50")
    assert {line["id"] for line in lines} == own


def test_ids_of_what_there_is_not_are_refused(tmp_path):
    for words, match in (
        (["colour", "--part", "test"], "did you mean 'colours'"),
        (["colours", "--part", "test", "--set", "images=5"], "write SLOT.PARAM=VALUE"),
    ):
        done = call_ids(tmp_path, *words)
        assert done.exit_code == 2
        assert match in done.stderr


def test_an_archive_by_the_wrong_name_is_said_to_be_one(tmp_path):
    write_npz(tmp_path / "x.npz", X, ALL_IDS).rename(tmp_path / "x.npy")
    with pytest.raises(DataError, match=r"called \.npz"):
        read_features(tmp_path / "x.npy")
