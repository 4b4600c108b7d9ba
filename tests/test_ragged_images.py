"""Images that differ in size: kept as they are, and brought to one size by a stated rule."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pluggy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import zslbench
from zslbench import ComponentSpec, hookspecs
from zslbench.contracts import Context, ImageBlock, Prediction, RawDataset, no_progress
from zslbench.errors import InputError, PluginError
from zslbench.features import extract, fit_backbone
from zslbench.images import images_at, open_stored, store
from zslbench.monitor import Monitor
from zslbench.ragged import RaggedPixels
from zslbench.resize import PreparedImages, size_for_shorter, to_square
from zslbench.stages import Stages
from zslbench_plugins.backbones.coates2011 import CoatesBackbone
from zslbench_plugins.backbones.pixels import PixelsBackbone

sys.path.insert(0, str(Path(__file__).parent))
import tiny
from stranger import offering


def mixed(seed=0, n=30):
    """Images of sizes from 5 × 5 to 40 × 40."""
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 256, (*rng.integers(5, 41, 2), 3), np.uint8) for _ in range(n)]


def raw(images, *, order=None, block=7, ids=None):
    order = range(len(images)) if order is None else order

    def stream():
        for start in range(0, len(images), block):
            rows = list(order)[start : start + block]
            yield ImageBlock(
                [images[i] for i in rows],
                np.array([i % 3 for i in rows]),
                ids=None if ids is None else ids[rows],
            )

    return RawDataset(("ant", "bee", "cat"), stream, stream)


# ---------------------------------------------------------------------------------------- stored


def test_images_come_back_as_they_went_in_with_their_labels(tmp_path):
    images = mixed()
    stored = store(raw(images), tmp_path / "d", no_progress)
    assert isinstance(stored.train.pixels, RaggedPixels)
    found = images_at(stored.train.pixels, np.arange(30)).take(np.arange(30))
    label = {image.tobytes(): i % 3 for i, image in enumerate(images)}
    shape = {image.tobytes(): image.shape for image in images}
    assert {image.tobytes() for image in found} == set(label)
    for image, y in zip(found, stored.train.labels, strict=True):
        assert (image.shape, y) == (shape[image.tobytes()], label[image.tobytes()])


def test_order_and_blocks_do_not_change_a_ragged_data_set(tmp_path):
    images = mixed()
    one = store(raw(images), tmp_path / "1", no_progress)
    order = np.random.default_rng(1).permutation(30)
    two = store(raw(images, order=order, block=4), tmp_path / "2", no_progress)
    assert one.fingerprint == two.fingerprint
    assert (tmp_path / "1" / "train.u8").read_bytes() == (tmp_path / "2" / "train.u8").read_bytes()


def test_images_of_one_size_are_stored_alike_whether_in_arrays_or_lists(tmp_path):
    array = np.stack([np.full((4, 6, 3), i, np.uint8) for i in range(12)])

    def arrays():
        yield ImageBlock(array, np.arange(12) % 3)

    names = ("ant", "bee", "cat")
    one = store(RawDataset(names, arrays, arrays), tmp_path / "1", no_progress)
    two = store(raw(list(array)), tmp_path / "2", no_progress)
    assert one.fingerprint == two.fingerprint
    assert isinstance(two.train.pixels, np.ndarray)
    for name in ("index.json", "index.safetensors", "train.u8"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_a_part_may_be_ragged_and_the_other_not(tmp_path):
    def uniform():
        yield ImageBlock(np.zeros((3, 4, 4, 3), np.uint8), np.arange(3))

    data = RawDataset(("ant", "bee", "cat"), raw(mixed()).train, uniform)
    stored = store(data, tmp_path / "d", no_progress)
    assert isinstance(stored.train.pixels, RaggedPixels)
    assert stored.test.pixels.shape == (3, 4, 4, 3)


def test_stated_ids_are_kept_and_give_the_order(tmp_path):
    ids = np.random.default_rng(3).integers(0, 256, (30, 32), np.uint8)
    stored = store(raw(mixed(), ids=ids), tmp_path / "d", no_progress)
    assert [bytes(i) for i in stored.train.ids] == sorted(bytes(i) for i in ids)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (ImageBlock([np.zeros((4, 4), np.uint8)], np.zeros(1, np.int64)), r"\(h, w, 3\) each"),
        (ImageBlock([np.zeros((4, 4, 3))], np.zeros(1, np.int64)), "got float64"),
        (
            ImageBlock(
                np.zeros((2, 4, 4, 3), np.uint8),
                np.zeros(2, np.int64),
                ids=np.zeros((1, 32), np.uint8),
            ),
            r"its ids are uint8 \(1, 32\); expected uint8 \(2, 32\)",
        ),
    ],
)
def test_a_ragged_block_that_breaks_its_contract_is_named(tmp_path, block, message):
    data = RawDataset(("ant",), lambda: iter([block]), lambda: iter([block]))
    with pytest.raises(PluginError, match=message):
        store(data, tmp_path / "d", no_progress)
    assert open_stored(tmp_path / "d") is None


def test_blocks_of_a_ragged_source_are_its_images_in_order(tmp_path):
    stored = store(raw(mixed()), tmp_path / "d", no_progress)
    source = images_at(stored.train.pixels, np.array([5, 3, 20, 7, 1]))
    blocks = list(source.blocks(start=1, size=3))
    assert [len(block) for block in blocks] == [3, 1]
    for image, again in zip(
        [x for b in blocks for x in b], source.take(np.arange(1, 5)), strict=True
    ):
        np.testing.assert_array_equal(image, again)


# ------------------------------------------------------------------------------------- the rule


sides = st.integers(1, 300)


@given(sides, sides, sides)
def test_the_shorter_side_is_as_asked_and_the_aspect_is_kept(height, width, side):
    new = size_for_shorter((height, width), side)
    assert min(new) == side
    assert abs(max(new) - max(height, width) * side / min(height, width)) <= 0.5
    assert size_for_shorter((width, height), side) == new[::-1]


def test_an_image_of_the_size_stays_as_it_is_and_a_larger_square_is_cut_from_the_middle():
    image = np.random.default_rng(0).integers(0, 256, (8, 13, 3), np.uint8)
    np.testing.assert_array_equal(to_square(image, 8), image[:, 2:10])
    np.testing.assert_array_equal(to_square(image[:, :8], 8), image[:, :8])


def test_reduction_is_antialiased_and_of_a_flat_image_exact():
    stripes = np.zeros((90, 120, 3), np.uint8)
    stripes[:, ::2] = 200  # sampling single pixels would give 0 or 200
    assert np.abs(to_square(stripes, 9).astype(int) - 100).max() <= 6
    for side in (1, 7, 200):
        flat = np.full((50, 31, 3), (9, 120, 250), np.uint8)
        expected = np.broadcast_to(np.array([9, 120, 250], np.uint8), (side, side, 3))
        np.testing.assert_array_equal(to_square(flat, side), expected)


def test_the_rule_agrees_with_torchvision():
    from torchvision.transforms.v2 import functional

    image = np.random.default_rng(1).integers(0, 256, (60, 75, 3), np.uint8)
    smooth = np.asarray(Image.fromarray(image).resize((150, 120)))
    picture = functional.resize(
        Image.fromarray(smooth), [32], interpolation=functional.InterpolationMode.BICUBIC
    )
    expected = np.asarray(functional.center_crop(picture, [32, 32]))
    np.testing.assert_array_equal(to_square(smooth, 32), expected)


# ---------------------------------------------------------------------- components and the harness


class Halves:
    """Prepares by itself: the first two pixels of the first row."""

    fit_on = "seen"
    pretraining = None
    variance_floor = None

    def prepare(self, image):
        return image[:1, :2]

    def fit(self, images, *, context):
        self.seen_ = np.stack([block for b in images.blocks() for block in b]).astype(np.float32)
        return self

    def dim(self, image_shape):
        return image_shape[0] * image_shape[1] * 3

    def transform(self, images, *, context):
        return images.reshape(len(images), -1).astype(np.float32)


@pytest.fixture
def stages(tmp_path):
    manager = pluggy.PluginManager("zslbench")
    manager.add_hookspecs(hookspecs)
    return Stages(tmp_path / "cache", Monitor(manager.hook))


def features(backbone, images, stages, tmp_path):
    stored = store(raw(images), tmp_path / "d", no_progress)
    source = images_at(stored.train.pixels, np.arange(len(images)))
    fitted = fit_backbone(
        backbone, source, key={"b": 1}, label="it", context=Context(), stages=stages
    )
    X = extract(fitted, source, stored.train.ids, part="x", context=Context(), stages=stages)
    return X, source.take(np.arange(len(images)))


def test_a_backbone_that_prepares_gets_what_it_prepared_in_fit_and_transform(stages, tmp_path):
    backbone = Halves()
    X, images = features(backbone, mixed(), stages, tmp_path)
    expected = np.stack([image[:1, :2] for image in images]).astype(np.float32)
    np.testing.assert_array_equal(X, expected.reshape(30, -1))
    np.testing.assert_array_equal(backbone.seen_, expected)


def test_a_backbone_with_an_input_size_gets_squares_of_it(stages, tmp_path):
    X, images = features(PixelsBackbone(size=4), mixed(), stages, tmp_path)
    squares = np.stack([to_square(image, 32) for image in images])
    # Cells of 8 × 8 pixels tile a square of 32 evenly: their plain means.
    cells = squares.reshape(30, 4, 8, 4, 8, 3).mean(axis=(2, 4)) / 255
    np.testing.assert_allclose(X, cells.reshape(30, -1), rtol=1e-5)


@pytest.mark.parametrize("shape", [(32, 32), (40, 32), (64, 64), (5, 5)])
def test_an_images_features_do_not_depend_on_whether_the_others_have_its_size(
    shape, stages, tmp_path
):
    """A part of one size goes out as an array, any other as lists: the same rule for both."""
    rng = np.random.default_rng(5)
    same = [rng.integers(0, 256, (*shape, 3), np.uint8) for _ in range(30)]
    source = images_at(np.stack(same), np.arange(30))
    backbone = CoatesBackbone(bases=5, patch=3, patches=200, rounds=2)
    backbone.fit(PreparedImages(source, backbone, "it"), context=Context())
    alone = backbone.transform(
        PreparedImages(source, backbone, "it").take(np.arange(30)), context=Context()
    )
    lists = RaggedPixels(
        np.concatenate([image.ravel() for image in same]),
        np.arange(31) * same[0].size,
        np.array([image.shape[:2] for image in same]),
    )
    among = PreparedImages(images_at(lists, np.arange(30)), backbone, "it").take(np.arange(30))
    np.testing.assert_array_equal(backbone.transform(among, context=Context()), alone)


def test_images_of_32_x_32_reach_a_backbone_untouched():
    pixels = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)
    source = PreparedImages(images_at(pixels, np.arange(4)), PixelsBackbone(), "it")
    np.testing.assert_array_equal(source.take(np.arange(4)), pixels)
    np.testing.assert_array_equal(np.concatenate(list(source.blocks(size=3))), pixels)


def test_a_backbone_without_a_rule_is_named_with_advice(stages, tmp_path):
    class NoRule(Halves):
        prepare = None

    with pytest.raises(InputError, match=r"differ in size .* and it states no size .*input_size"):
        features(NoRule(), mixed(), stages, tmp_path)


@pytest.mark.parametrize(
    ("give", "got"),
    [
        (lambda image: image, r"expected uint8 \("),
        (lambda image: image[:1, :1, :1], r"got uint8 \(1, 1, 1\)|gave uint8 \(1, 1, 1\)"),
        (lambda image: image[:1, :1].astype(float), "gave float64"),
        (lambda image: None, "gave NoneType"),
    ],
)
def test_a_prepare_that_breaks_its_contract_is_named(give, got, tmp_path, stages):
    backbone = Halves()
    backbone.prepare = give
    with pytest.raises(PluginError, match=f"it broke its contract: prepare .*{got}"):
        features(backbone, mixed(), stages, tmp_path)


# -------------------------------------------------------------------------------------- whole runs


def write_folder(root, images):
    for i, image in enumerate(images):
        path = root / ("train", "test")[i % 2] / ("ant", "bee", "cat")[i // 2 % 3] / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)


class Looks:
    """A whole method that reads images: brighter than typical is the unseen class."""

    slots = {}  # noqa: RUF012
    input = "images"
    setting = "inductive"
    curve = "gate"
    input_size = 6

    def fit(self, task, *, context):
        images = task.seen.train.take(np.arange(len(task.seen.train)))
        assert images.shape[1:] == (6, 6, 3)
        self.typical_ = float(images.mean())
        self.seen, self.unseen = task.classes.seen[0], task.classes.unseen[0]
        return self

    def predict(self, source):
        light = np.concatenate([block.mean(axis=(1, 2, 3)) for block in source.blocks()])
        n = len(light)
        seen, unseen = np.full(n, self.seen), np.full(n, self.unseen)
        return Prediction(seen, unseen, unseen, (self.typical_ - light).astype(np.float32))


class LooksAtAnySize(Looks):
    """The same, without a rule for images that differ in size."""

    input_size = None


def run(method, root, tmp_path, *plugins, **options):
    return zslbench.evaluate(
        method,
        f"imagefolder/{root}",
        unseen=["bee"],
        out=tmp_path / "out",
        cache_dir=tmp_path / "cache",
        threads=1,
        plugins=[tiny, *plugins],
        **options,
    )


@pytest.mark.parametrize("backbone", ["pixels", "coates2011"])
def test_a_run_on_images_of_many_sizes(tmp_path, backbone):
    write_folder(tmp_path / "mine", mixed(n=60))
    small = {"bases": 8, "patch": 3, "patches": 500, "rounds": 2}
    record = run(
        "tiny",
        tmp_path / "mine",
        tmp_path,
        slots={"embedding": "random", "backbone": backbone},
        set={f"backbone.{k}": v for k, v in small.items()} if backbone == "coates2011" else {},
    )
    assert record.status == "finished"
    assert record.slots["backbone"].params["input_size"] == 32


def test_a_whole_method_gets_images_of_its_own_size(tmp_path):
    write_folder(tmp_path / "mine", mixed(n=60))
    specs = [
        ComponentSpec("method", name, f"{__name__}:{cls.__name__}", summary="looks")
        for name, cls in (("looks", Looks), ("looks-at-any", LooksAtAnySize))
    ]
    plugin = offering(*specs)
    assert run("looks", tmp_path / "mine", tmp_path, plugin).status == "finished"
    with pytest.raises(InputError, match=r"'looks-at-any' .* states no size"):
        run("looks-at-any", tmp_path / "mine", tmp_path, plugin)


def test_another_side_is_another_run_with_other_features(tmp_path):
    """An id of a lossy file would be the same: features must not come from the other side's."""
    rng = np.random.default_rng(0)
    for i in range(24):
        path = tmp_path / "mine" / ("ant", "bee", "cat")[i % 3] / f"{i}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (50, 60, 3), np.uint8)).save(path)
    slots = {"embedding": "random", "backbone": "pixels"}
    records = [
        run("tiny", tmp_path / "mine", tmp_path, slots=slots, set={"dataset.side": side})
        for side in (16, 40)
    ]
    assert len({r.run_id for r in records}) == len({r.dataset.fingerprint for r in records}) == 2
    stages = {stage.stage: stage.cached for stage in records[1].stages}
    assert not stages["features of test images"]
