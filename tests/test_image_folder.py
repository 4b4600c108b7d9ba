"""imagefolder/PATH: the user's own images, as they lie, are the data set that they should be."""

from __future__ import annotations

import hashlib
import io
import os
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import zslbench
from zslbench import Registry
from zslbench.contracts import Places, no_progress
from zslbench.dataset_cache import DatasetCache
from zslbench.disk import DamagedFileWarning
from zslbench.errors import DataError, InputError
from zslbench.hashes import FileHashes
from zslbench.images import store
from zslbench.monitor import Monitor
from zslbench_plugins.datasets.folder import ImageFolder
from zslbench_plugins.datasets.image_files import Decoded, bombs_refused, read_image
from zslbench_plugins.datasets.own_images import SkippedFilesWarning

sys.path.insert(0, str(Path(__file__).parent))
import tiny

REAL = Path(__file__).parents[1] / ".." / "shared" / "data" / "cifar10" / "plain_text"
CIFAR = (
    *("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse"),
    *("ship", "truck"),
)
CLASSES = ("ant", "bee", "cat")


def picture(seed, height=10, width=12):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def write(path, pixels, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)


def places(tmp_path, **options):
    return Places(tmp_path / "data", tmp_path / "cache", **options)


def opened(member, tmp_path, *, name="stored", side=256, unseen=None, **options):
    data = ImageFolder(str(member), side)
    if unseen is not None:
        data.hold_unseen(unseen)
    raw = data.load(places(tmp_path, **options))
    return store(raw, tmp_path / name, no_progress)


@pytest.fixture
def folder(tmp_path):
    """Three classes of ten images each, undivided."""
    for c, name in enumerate(CLASSES):
        for i in range(10):
            write(tmp_path / "mine" / name / f"{i}.png", picture([c, i]))
    return tmp_path / "mine"


# ------------------------------------------------------------------------------------- the parts


def classes_of(part, names):
    return Counter(names[label] for label in part.labels)


def test_folders_of_parts_are_the_parts(tmp_path):
    for part, count in (("train", 4), ("test", 2)):
        for name in CLASSES if part == "test" else CLASSES[:2]:  # of cat there is no training image
            for i in range(count):
                write(tmp_path / "mine" / part / name / f"{i}.png", picture([count, i, len(name)]))
    data = opened(tmp_path / "mine", tmp_path)
    assert data.class_names == CLASSES
    assert classes_of(data.train, CLASSES) == {"ant": 4, "bee": 4}
    assert classes_of(data.test, CLASSES) == {"ant": 2, "bee": 2, "cat": 2}
    assert ImageFolder(str(tmp_path / "mine")).card.train_images == 8


def test_without_parts_a_fifth_of_each_seen_class_and_all_of_unseen_ones_are_tested(
    folder, tmp_path
):
    (folder / "zslbench.toml").write_text('unseen = ["bee"]')
    data = opened(folder, tmp_path)
    assert classes_of(data.train, CLASSES) == {"ant": 8, "cat": 8}
    assert classes_of(data.test, CLASSES) == {"ant": 2, "bee": 10, "cat": 2}
    card = ImageFolder(str(folder)).card
    assert (card.train_images, card.test_images) == (16, 14)
    assert card.unseen == ("bee",)
    assert card.embedding == "glove-6b-50d"


def test_the_unseen_classes_of_a_run_come_before_those_of_the_file(folder, tmp_path):
    (folder.parent / "zslbench.toml").write_text('unseen = ["bee"]')  # beside it will do
    assert ImageFolder(str(folder)).card.unseen == ("bee",)
    data = opened(folder, tmp_path, unseen=("cat",))
    assert classes_of(data.test, CLASSES) == {"ant": 2, "bee": 2, "cat": 10}


def test_the_division_goes_by_content_not_by_name_and_keeps_copies_together(folder, tmp_path):
    before = opened(folder, tmp_path, name="before")
    for path in sorted(folder.rglob("*.png")):
        path.rename(path.with_name(f"renamed-{9 - int(path.stem)}.png"))
    assert opened(folder, tmp_path, name="renamed").fingerprint == before.fingerprint
    for path in sorted(folder.rglob("*.png")):
        path.with_name("copy-" + path.name).write_bytes(path.read_bytes())
    doubled = opened(folder, tmp_path, name="doubled")
    assert doubled.duplicates["test_in_train"] == 0
    assert classes_of(doubled.test, CLASSES) == dict.fromkeys(CLASSES, 4)


def test_a_class_may_be_called_train(tmp_path):
    for name in ("bus", "train", "tram"):
        for i in range(5):
            write(tmp_path / "mine" / name / f"{i}.png", picture([len(name), i]))
    assert opened(tmp_path / "mine", tmp_path).class_names == ("bus", "train", "tram")


# --------------------------------------------------------------------- what lies there by the way


def test_other_files_are_left_out_with_a_warning_and_hidden_ones_without(folder, tmp_path):
    plain = opened(folder, tmp_path, name="plain")
    (folder / "README.md").write_text("mine")
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / "ant" / "._1.png").write_bytes(b"x")
    (folder / ".git").mkdir()
    (folder / "__MACOSX").mkdir()
    assert opened(folder, tmp_path, name="hidden").fingerprint == plain.fingerprint
    (folder / "ant" / "Thumbs.db").write_bytes(b"x")
    (folder / "bee" / "a.txt").write_text("x")
    (folder / "bee" / "b.TXT").write_text("x")
    with pytest.warns(SkippedFilesWarning, match=r"1 other files \(.db\), 2 other files \(.txt\)"):
        assert opened(folder, tmp_path, name="others").fingerprint == plain.fingerprint


def test_links_are_followed(folder, tmp_path):
    linked = tmp_path / "linked"
    linked.mkdir()
    for name in CLASSES:
        (linked / name).mkdir()
        for path in (folder / name).iterdir():
            (linked / name / path.name).symlink_to(path)
    one, two = (opened(f, tmp_path, name=f"{f.name}-data") for f in (folder, linked))
    assert one.fingerprint == two.fingerprint


def test_a_suffix_in_capitals_or_a_wrong_one_does_no_harm(tmp_path):
    one = tmp_path / "a.PNG"
    write(one, picture(0), format="PNG")
    wrong = one.rename(tmp_path / "a.jpg")
    assert np.array_equal(read_image(wrong, 256).pixels, picture(0))


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda f: [p.unlink() for p in (f / "bee").iterdir()], r"mine/bee holds no images: put"),
        (lambda f: f.rename(f.with_name("away")), "no folder .*mine: check the path"),
        (lambda f: (f / "zslbench.toml").write_text("unseen = 3"), "must be a list of names"),
        (lambda f: (f / "zslbench.toml").write_text("unsen = []"), "sets unsen; it may set"),
        (lambda f: (f / "zslbench.toml").write_text("unseen = ["), "cannot be read"),
        (lambda f: [p.rename(f / f"x{p.name}") for p in (f / "bee").iterdir()], "bee holds no"),
    ],
)
def test_a_folder_that_cannot_be_is_named(folder, break_it, message):
    break_it(folder)
    with pytest.raises(DataError, match=message):
        _ = ImageFolder(str(folder)).card


def test_a_part_without_the_other_is_named(tmp_path):
    write(tmp_path / "mine" / "train" / "ant" / "1.png", picture(0))
    write(tmp_path / "mine" / "val" / "ant" / "1.png", picture(0))
    with pytest.raises(DataError, match="no test/ with some"):
        _ = ImageFolder(str(tmp_path / "mine")).card


def test_an_empty_test_folder_is_named_an_empty_training_folder_is_optional(tmp_path):
    for part in ("train", "test"):
        for name in CLASSES:
            write(tmp_path / "mine" / part / name / "1.png", picture(len(part)))
    (tmp_path / "mine" / "train" / "cat" / "1.png").unlink()
    assert ImageFolder(str(tmp_path / "mine")).card.train_images == 2
    (tmp_path / "mine" / "test" / "cat" / "1.png").unlink()
    with pytest.raises(DataError, match="test/cat holds no images"):
        _ = ImageFolder(str(tmp_path / "mine")).card


# --------------------------------------------------------------------------------------- decoding


def encoded(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def decoded(tmp_path, data, side=256):
    path = tmp_path / "image"
    path.write_bytes(data)
    return read_image(path, side)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("WEBP", {"lossless": True, "exact": True}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("PPM", {}),
        ("TGA", {}),
        ("PCX", {}),
    ],
)
def test_lossless_formats_give_the_same_pixels_and_id(tmp_path, kind, options):
    found = decoded(tmp_path, encoded(Image.fromarray(picture(1)), kind, **options))
    assert np.array_equal(found.pixels, picture(1))
    assert found.id == hashlib.sha256(picture(1).tobytes()).digest()


@pytest.mark.parametrize(
    ("kind", "options"),
    [("JPEG", {}), ("WEBP", {}), ("TIFF", {"compression": "jpeg"}), ("JPEG2000", {})],
)
def test_the_id_of_a_lossy_image_is_that_of_its_file(tmp_path, kind, options):
    data = encoded(Image.fromarray(picture(1, 40, 50)), kind, **options)
    assert decoded(tmp_path, data).id == hashlib.sha256(data).digest()
    reduced = [decoded(tmp_path, data, side) for side in (10, 20)]
    assert [x.pixels.shape for x in reduced] == [(10, 13, 3), (20, 25, 3)]
    assert len({x.id for x in reduced} | {hashlib.sha256(data).digest()}) == 3


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_images_are_upright(tmp_path, kind, orientation):
    """The stored picture is what a camera held otherwise would have stored."""
    pixels = np.zeros((16, 32, 3), np.uint8)
    pixels[:8, :16] = 255, 0, 0
    pixels[8:, 16:] = 0, 0, 255
    stored = {  # EXIF 2.3, 4.6.4: where row 0 and column 0 of the stored image are
        1: pixels,
        2: pixels[:, ::-1],
        3: pixels[::-1, ::-1],
        4: pixels[::-1],
        5: pixels.transpose(1, 0, 2),
        6: pixels.transpose(1, 0, 2)[::-1],
        7: pixels.transpose(1, 0, 2)[::-1, ::-1],
        8: pixels.transpose(1, 0, 2)[:, ::-1],
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if kind == "WEBP" else {}
    options |= {"quality": 95, "subsampling": 0} if kind == "JPEG" else {}
    image = Image.fromarray(np.ascontiguousarray(stored))
    found = decoded(tmp_path, encoded(image, kind, exif=exif, **options)).pixels
    assert found.shape == pixels.shape
    assert np.abs(found.astype(int) - pixels).mean() < 2


def test_grey_palette_bilevel_and_deep_images_become_rgb(tmp_path):
    grey = picture(2)[..., 0]
    as_rgb = np.repeat(grey[..., None], 3, axis=2)
    assert np.array_equal(decoded(tmp_path, encoded(Image.fromarray(grey), "PNG")).pixels, as_rgb)
    deep = Image.fromarray(grey.astype(np.uint16) * 256 + 77)
    for kind in ("PNG", "TIFF"):
        assert np.array_equal(decoded(tmp_path, encoded(deep, kind)).pixels, as_rgb)
    few = Image.fromarray(grey).convert("P")
    for kind in ("PNG", "GIF"):
        assert np.array_equal(decoded(tmp_path, encoded(few, kind)).pixels, as_rgb)
    bilevel = Image.fromarray(grey > 128)
    expected = np.where(as_rgb > 128, 255, 0)
    assert np.array_equal(decoded(tmp_path, encoded(bilevel, "PNG")).pixels, expected)


def test_transparent_pixels_are_white_and_opaque_ones_as_they_are(tmp_path):
    rgba = np.dstack([picture(3), np.full((10, 12), 255, np.uint8)])
    rgba[:5, :, 3] = 0
    expected = picture(3)
    expected[:5] = 255
    for kind, options in (("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True, "exact": True})):
        found = decoded(tmp_path, encoded(Image.fromarray(rgba), kind, **options))
        assert np.array_equal(found.pixels, expected), kind
    rgba[..., 3] = 128
    half = decoded(tmp_path, encoded(Image.fromarray(rgba), "PNG")).pixels
    blend = picture(3) * (128 / 255) + 255 * (127 / 255)
    assert np.abs(half - blend).max() <= 1
    grey_alpha = Image.fromarray(rgba).convert("LA")
    assert decoded(tmp_path, encoded(grey_alpha, "PNG")).pixels.shape == (10, 12, 3)


def test_cmyk_images_become_rgb(tmp_path):
    ink = np.zeros((16, 16, 4), np.uint8)
    ink[:, 8:, 0] = 255  # cyan
    image = Image.fromarray(ink, "CMYK")
    for kind, options in (("TIFF", {}), ("JPEG", {"quality": 95})):
        found = decoded(tmp_path, encoded(image, kind, **options)).pixels
        expected = np.full((16, 16, 3), 255)
        expected[:, 8:, 0] = 0
        assert np.abs(found.astype(int) - expected).mean() < 4, kind


def test_floating_point_pixels_are_refused_not_guessed(tmp_path):
    image = Image.fromarray(picture(0)[..., 0].astype(np.float32))
    assert "save it with 8 or 16 bits" in decoded(tmp_path, encoded(image, "TIFF"))


def test_a_large_image_is_reduced_antialiased_and_keeps_its_aspect(tmp_path):
    fine = np.zeros((120, 180, 3), np.uint8)
    fine[:, ::2] = 200  # a grid finer than the reduced pixels: its mean is all that may stay
    for kind in ("PNG", "JPEG"):
        found = decoded(tmp_path, encoded(Image.fromarray(fine), kind, **{}), side=20).pixels
        assert found.shape == (20, 30, 3)
        assert np.abs(found.astype(int) - 100).max() <= 6
    assert decoded(tmp_path, encoded(Image.fromarray(fine), "PNG"), 120).pixels.shape[0] == 120


# ---------------------------------------------------------------------------------------- damage


BAD = {
    "truncated": lambda: encoded(Image.fromarray(picture(0, 64, 64)), "PNG")[:-3000],
    "truncated JPEG": lambda: encoded(Image.fromarray(picture(0, 64, 64)), "JPEG")[:-1500],
    "text": lambda: b"no image",
    "empty": lambda: b"",
    "script": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
}


@pytest.mark.parametrize("name", BAD)
def test_a_corrupt_image_among_many_is_named_or_left_out_and_counted(folder, tmp_path, name):
    good = opened(folder, tmp_path, name="good")
    bad = folder / "bee" / "bad.png"
    bad.write_bytes(BAD[name]())
    with pytest.raises(DataError, match=r"image .*bee/bad.png .*--skip-corrupt"):
        opened(folder, tmp_path, name="refused")
    data = opened(folder, tmp_path, name="skipped", skip_corrupt=True)
    assert data.skipped == 1
    assert len(data.train.labels) + len(data.test.labels) == 30
    assert {bytes(i) for p in (data.train, data.test) for i in p.ids} == {
        bytes(i) for p in (good.train, good.test) for i in p.ids
    }


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP", "TGA"]), st.data())
def test_whatever_a_damaged_file_holds_the_answer_is_an_image_or_a_word(tmp_path, kind, draw):
    data = bytearray(encoded(Image.fromarray(picture(4)), kind))
    for place in draw.draw(st.lists(st.integers(0, len(data) - 1), max_size=8)):
        data[place] = draw.draw(st.integers(0, 255))
    data = bytes(data[: draw.draw(st.integers(0, len(data)))])
    (tmp_path / "image").write_bytes(data)
    with bombs_refused():
        found = read_image(tmp_path / "image", 256)
    if isinstance(found, Decoded):
        assert found.pixels.dtype == np.uint8
        assert found.pixels.ndim == 3
    else:
        assert found.startswith(("cannot be", "holds more", "is empty"))


def test_a_dangling_link_is_an_image_that_cannot_be_read(folder, tmp_path):
    (folder / "bee" / "gone.png").symlink_to(folder / "nowhere.png")
    with pytest.raises(DataError, match=r"gone.png cannot be read \(No such file"):
        opened(folder, tmp_path)
    assert (folder / "bee" / "gone.png") not in ImageFolder(str(folder)).sources(places(tmp_path))


@pytest.mark.parametrize("limit", [60, 100])  # above twice the limit Pillow raises, below it warns
def test_a_decompression_bomb_is_a_data_error(folder, tmp_path, monkeypatch, limit):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)  # images have 120
    with pytest.raises(DataError, match=f"more than {limit} pixels, as a decompression bomb"):
        opened(folder, tmp_path)


# ----------------------------------------------------------------------------------- runs, caches


def run(member, tmp_path, **options):
    options = {"slots": {"embedding": "random"}, "unseen": ["bee"], **options}
    return zslbench.evaluate(
        "tiny",
        f"imagefolder/{member}",
        out=tmp_path / "out",
        cache_dir=tmp_path / "cache",
        threads=1,
        plugins=[tiny],
        **options,
    )


def test_a_run_on_ones_own_folder_and_again_without_reading_an_image(folder, tmp_path, monkeypatch):
    record = run(folder, tmp_path)
    assert record.status == "finished"
    assert record.dataset.component.name == "imagefolder/mine"
    assert record.dataset.component.params == {"side": 256}
    assert str(tmp_path) not in record.model_dump_json()
    assert [name for name, _ in record.dataset.component.contents] == ["imagefolder/mine"]

    def guarded(original):
        def read(self, *args, **kwargs):
            assert self.suffix != ".png", f"{self} is read again"
            return original(self, *args, **kwargs)

        return read

    for name in ("open", "read_bytes"):
        monkeypatch.setattr(Path, name, guarded(getattr(Path, name)))
    assert run(folder, tmp_path) == record


def test_an_image_that_moves_to_another_class_makes_another_data_set(folder, tmp_path):
    """The same files, by content, lie in other folders: the cache must not answer."""
    record = run(folder, tmp_path)
    (folder / "ant" / "0.png").rename(folder / "bee" / "from-ant.png")
    assert run(folder, tmp_path).dataset.fingerprint != record.dataset.fingerprint


def test_a_changed_image_is_noticed(folder, tmp_path):
    record = run(folder, tmp_path)
    write(folder / "ant" / "0.png", picture(99))
    os.utime(folder / "ant" / "0.png", ns=(1, 1))
    assert run(folder, tmp_path).dataset.fingerprint != record.dataset.fingerprint


def test_the_cache_hands_a_runs_unseen_classes_on_and_keeps_each_division(folder, tmp_path):
    registry = Registry.discover()
    ref = registry.resolve("dataset", f"imagefolder/{folder}")
    hashes = FileHashes(tmp_path / "cache" / "hashes")
    cache = DatasetCache(registry, hashes, places(tmp_path), Monitor(registry.manager.hook))
    counts = [
        classes_of(cache.open(ref, unseen=(name,)).data.test, CLASSES) for name in ("ant", "bee")
    ]
    assert counts == [{"ant": 10, "bee": 2, "cat": 2}, {"ant": 2, "bee": 10, "cat": 2}]
    assert classes_of(cache.open(ref).data.test, CLASSES) == dict.fromkeys(CLASSES, 2)


def test_a_damaged_note_of_hashes_is_made_again(folder, tmp_path):
    data = ImageFolder(str(folder))
    before = data.digest(places(tmp_path))
    (note,) = (tmp_path / "cache" / "hashes").glob("images-*.json")
    for text in ("{", "[]", '{"ant/0.png": [1, 2, 3]}', '{"ant/0.png": 5}'):
        note.write_text(text)
        with pytest.warns(DamagedFileWarning, match="hashed again"):
            assert data.digest(places(tmp_path)) == before


def test_an_unknown_or_absent_unseen_class_is_an_input_error_that_lists_them(folder, tmp_path):
    with pytest.raises(InputError, match="ant, bee, cat"):
        run(folder, tmp_path, unseen=None)
    with pytest.raises(InputError, match="did you mean 'bee'"):
        run(folder, tmp_path, unseen=["beee"])


def test_it_is_listed_and_keeps_the_contract_of_data_sets(folder, tmp_path):
    from zslbench.testing import check_component

    (folder / "zslbench.toml").write_text('unseen = ["bee"]')
    registry = Registry.discover()
    assert {"imagefolder/*", "csv/*"} <= set(registry.names("dataset"))
    check_component(registry, "dataset", f"imagefolder/{folder}", data_dir=tmp_path)


# ----------------------------------------------------------------------------------------- CIFAR


@pytest.fixture(scope="module")
def cifar(tmp_path_factory):
    """Some images of CIFAR-10 as parquet, as the data set has it, and as a folder of files."""
    if not REAL.is_dir():
        pytest.skip("shared/data/cifar10 is absent")
    root = tmp_path_factory.mktemp("cifar")
    kinds = [("png", {}), ("bmp", {}), ("webp", {"lossless": True}), ("tif", {}), ("ppm", {})]
    (root / "data" / "cifar10").mkdir(parents=True)
    for part, count in (("train", 300), ("test", 100)):
        file = next(iter(sorted(REAL.glob(f"{part}-*.parquet"))))
        table = pq.read_table(file).slice(0, count)
        pq.write_table(table, root / "data" / "cifar10" / f"{part}-00000-of-00001.parquet")
        images, labels = table.column(0).to_pylist(), table.column(1).to_pylist()
        for i, (image, label) in enumerate(zip(images, labels, strict=True)):
            suffix, options = kinds[i % len(kinds)]
            pixels = np.asarray(Image.open(io.BytesIO(image["bytes"])))
            write(root / "mine" / part / CIFAR[label] / f"{i}.{suffix}", pixels, **options)
    return root


def test_cifar_as_a_folder_gives_the_fingerprint_and_row_of_the_data_set(cifar, tmp_path):
    rows = []
    for name in ("cifar10", f"imagefolder/{cifar / 'mine'}"):
        record = zslbench.evaluate(
            "tiny",
            name,
            slots={"embedding": "random", "backbone": "pixels"},
            unseen=["cat", "truck"],
            data_dir=cifar / "data",
            out=tmp_path / "out",
            cache_dir=tmp_path / "cache",
            threads=1,
            plugins=[tiny],
        )
        rows.append((record.dataset.fingerprint, record.split, record.scores))
    assert rows[0][0] == rows[1][0]
    assert rows[0][1].fingerprint == rows[1][1].fingerprint
    assert rows[0][2] == rows[1][2]


def test_decoded_says_what_is_wrong_by_a_word(tmp_path):
    assert isinstance(decoded(tmp_path, b"GIF89a"), str)
    assert isinstance(decoded(tmp_path, encoded(Image.fromarray(picture(0)), "PNG")), Decoded)
