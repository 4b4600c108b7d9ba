"""Identity: one set of images, however it is stored, is one data set."""

import numpy as np
import pytest

from zslbench.contracts import ImageBlock, RawDataset, no_progress
from zslbench.errors import DataError, PluginError
from zslbench.images import open_stored, store


def raw(images, labels, names, *, block=7, skipped=0):
    def stream():
        for start in range(0, len(images), block):
            rows = slice(start, start + block)
            yield ImageBlock(images[rows], labels[rows], skipped if start == 0 else 0)

    return RawDataset(names, stream, stream)


@pytest.fixture
def pixels():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (30, 4, 4, 3), dtype=np.uint8), np.arange(30) % 3


def test_order_and_numbering_of_classes_do_not_change_a_data_set(tmp_path, pixels):
    images, labels = pixels
    names = ("bee", "ant", "cat")
    one = store(raw(images, labels, names), tmp_path / "one", no_progress)
    order = np.random.default_rng(1).permutation(30)
    renumbered = np.array([2, 0, 1])[labels]  # bee → 2, ant → 0, cat → 1
    two = store(
        raw(images[order], renumbered[order], ("ant", "cat", "bee"), block=4),
        tmp_path / "two",
        no_progress,
    )
    assert one.fingerprint == two.fingerprint
    assert one.class_names == two.class_names == ("ant", "bee", "cat")
    np.testing.assert_array_equal(one.train.pixels, two.train.pixels)
    np.testing.assert_array_equal(one.train.labels, two.train.labels)


def test_labels_stay_with_their_images(tmp_path, pixels):
    images, labels = pixels
    names = ("bee", "ant", "cat")
    stored = store(raw(images, labels, names), tmp_path / "d", no_progress)
    of_image = {image.tobytes(): names[label] for image, label in zip(images, labels, strict=True)}
    for image, label in zip(stored.test.pixels, stored.test.labels, strict=True):
        assert of_image[image.tobytes()] == stored.class_names[label]


def test_one_changed_pixel_or_label_changes_the_fingerprint(tmp_path, pixels):
    images, labels = pixels
    names = ("a", "b", "c")
    prints = {store(raw(images, labels, names), tmp_path / "0", no_progress).fingerprint}
    changed = images.copy()
    changed[3, 0, 0, 0] ^= 1
    prints.add(store(raw(changed, labels, names), tmp_path / "1", no_progress).fingerprint)
    relabelled = labels.copy()
    relabelled[3] = (relabelled[3] + 1) % 3
    prints.add(store(raw(images, relabelled, names), tmp_path / "2", no_progress).fingerprint)
    renamed = ("a", "b", "d")
    prints.add(store(raw(images, labels, renamed), tmp_path / "3", no_progress).fingerprint)
    assert len(prints) == 4


def test_exact_duplicates_are_counted_not_refused(tmp_path, pixels):
    images, labels = pixels
    images = np.concatenate([images, images[:2]])
    labels = np.concatenate([labels, labels[:2]])
    stored = store(raw(images, labels, ("a", "b", "c")), tmp_path / "d", no_progress)
    assert stored.duplicates == {"train": 2, "test": 2, "test_in_train": 32}


def test_nothing_is_left_of_a_data_set_that_fails_half_way(tmp_path, pixels):
    images, labels = pixels

    def broken():
        yield ImageBlock(images[:5], labels[:5])
        raise DataError("row 5 is corrupt")

    with pytest.raises(DataError, match="row 5"):
        store(RawDataset(("a", "b", "c"), broken, broken), tmp_path / "d", no_progress)
    assert open_stored(tmp_path / "d") is None
    assert [p.name for p in tmp_path.iterdir() if p.suffix != ".lock"] == []


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (ImageBlock(np.zeros((2, 4, 4, 3), np.float32), np.zeros(2, np.int64)), "expected uint8"),
        (ImageBlock(np.zeros((2, 4, 4), np.uint8), np.zeros(2, np.int64)), "expected uint8"),
        (
            ImageBlock(np.zeros((2, 4, 4, 3), np.uint8), np.zeros(3, np.int64)),
            "train block broke its contract: its labels",
        ),
        (
            ImageBlock(np.zeros((1, 4, 4, 3), np.uint8), np.array([7])),
            "train block broke its contract: its labels",
        ),
    ],
)
def test_a_data_set_that_breaks_its_contract_is_named(tmp_path, block, message):
    with pytest.raises(PluginError, match=message):
        store(
            RawDataset(("a", "b"), lambda: iter([block]), lambda: iter([block])),
            tmp_path / "d",
            no_progress,
        )


def test_skipped_images_are_counted(tmp_path, pixels):
    images, labels = pixels
    stored = store(raw(images, labels, ("a", "b", "c"), skipped=2), tmp_path / "d", no_progress)
    assert stored.skipped == 4
