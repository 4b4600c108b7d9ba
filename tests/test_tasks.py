"""Splits: what is seen, what is held out, what goes out, and how a task is named."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zslbench.errors import DataError, InputError
from zslbench.images import ImagePart, StoredDataset
from zslbench.tasks import Split, build_task


def dataset(train, test, names=("ant", "bee", "cat", "dog")):
    def part(labels):
        n = len(labels)
        ids = np.arange(n * 32, dtype=np.int64).astype(np.uint8).reshape(n, 32)
        return ImagePart(np.zeros((n, 2, 2, 3), np.uint8), ids, np.asarray(labels, np.int64))

    return StoredDataset(names, part(train), part(test), fingerprint="f" * 64, skipped=0)


DATA = dataset(np.arange(400) % 4, np.arange(80) % 4)


@settings(max_examples=40, deadline=None)
@given(
    st.sets(st.sampled_from(DATA.class_names), min_size=1, max_size=2),
    st.floats(0, 0.9),
    st.integers(0, 5),
)
def test_parts_are_disjoint_and_unseen_classes_never_train(unseen, validation, split_seed):
    task = build_task(DATA, Split(tuple(unseen), validation, split_seed))
    rows = np.concatenate([task.train_rows, task.validation_rows, task.unseen_train_rows])
    assert sorted(rows) == list(range(400))
    trained = {DATA.class_names[i] for i in DATA.train.labels[task.train_rows]}
    held_out = {DATA.class_names[i] for i in DATA.train.labels[task.validation_rows]}
    assert trained == set(DATA.class_names) - unseen
    assert not held_out & unseen
    assert sorted(task.test_order) == list(range(80))
    assert task.labels.is_unseen.sum() == 20 * len(unseen)


def test_validation_is_stratified_and_drawn_with_split_seed_alone():
    first, again, other = (
        build_task(DATA, Split(("ant",), 0.05, seed)).validation_rows for seed in (0, 0, 1)
    )
    assert np.bincount(DATA.train.labels[first]).tolist() == [0, 5, 5, 5]
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


def test_the_fingerprint_changes_with_everything_that_changes_the_task():
    splits = [
        Split(("ant",), 0.05, 0),
        Split(("bee",), 0.05, 0),
        Split(("ant",), 0.1, 0),
        Split(("ant",), 0.05, 1),
    ]
    assert len({build_task(DATA, split).fingerprint for split in splits}) == 4


@pytest.mark.parametrize(
    ("unseen", "message"),
    [
        (("bie",), "'bie' does not exist: did you mean 'bee'"),
        ((), "no unseen class"),
        (DATA.class_names, "leaves 0 seen"),
        (DATA.class_names[:3], "leaves 1 seen"),
    ],
)
def test_impossible_splits_are_errors(unseen, message):
    with pytest.raises(InputError, match=message):
        build_task(DATA, Split(unseen, 0.05, 0))


def test_a_class_without_images_is_named():
    with pytest.raises(DataError, match="no training images of class 'dog'"):
        build_task(dataset([0, 0, 1, 1, 2, 2], [0, 1, 2, 3]), Split(("ant",), 0.05, 0))
    with pytest.raises(DataError, match="no test images of class 'ant'"):
        build_task(dataset([0, 1, 1, 2, 2, 3, 3], [1, 2, 3]), Split(("ant",), 0.05, 0))


def test_an_unseen_class_needs_no_training_images():
    task = build_task(dataset([1, 1, 2, 2, 3, 3], [0, 1, 2, 3]), Split(("ant",), 0.05, 0))
    assert len(task.unseen_train_rows) == 0
