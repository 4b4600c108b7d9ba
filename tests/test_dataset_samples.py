"""Parts of published data sets: a seeded sample of one, and the classes with a trained vector."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import test_cifar10 as ten
from test_cifar106 import REAL, places

from zslbench import Registry
from zslbench.errors import InputError
from zslbench.images import StoredDataset, store
from zslbench_plugins.datasets.cifar10 import Cifar10
from zslbench_plugins.datasets.cifar106 import Cifar106
from zslbench_plugins.datasets.cifar106_trained import CLASSES, UNTRAINED, Cifar106Trained
from zslbench_plugins.datasets.sample import SampledDataset


def no_progress(done: int, total: int) -> None: ...


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """CIFAR-10 files with 4 training and 20 test images of each class, by a card that says so."""
    from dataclasses import replace

    rng = np.random.default_rng(3)
    labels = {"train": list(range(10)) * 4, "test": list(range(10)) * 20}
    images = {
        part: rng.integers(0, 256, (len(y), 32, 32, 3), np.uint8) for part, y in labels.items()
    }
    sample = ten.Sample(images, labels)
    for name in ("binary", "hub webp"):
        ten.LAYOUTS[name](tmp_path / name, sample)
    card = replace(Cifar10.card, train_images=40, test_images=200)
    monkeypatch.setattr(Cifar10, "card", card)
    return tmp_path


def read(root: Path, dataset: Any, name: str) -> StoredDataset:
    return store(dataset.load(places(root)), root / f"stored-{name}", no_progress)


def test_a_sample_is_so_many_images_of_every_class_whatever_the_layout(small: Path) -> None:
    whole = read(small / "binary", Cifar10(), "whole")
    few = read(small / "binary", SampledDataset("cifar10", share=0.5), "few")
    assert np.bincount(few.train.labels).tolist() == [2] * 10
    assert np.bincount(few.test.labels).tolist() == [10] * 10
    assert few.class_names == whole.class_names
    assert {bytes(i) for i in few.test.ids} < {bytes(i) for i in whole.test.ids}
    other = read(small / "hub webp", SampledDataset("cifar10", share=0.5), "other")
    assert other.fingerprint == few.fingerprint
    again = read(small / "binary", SampledDataset("cifar10", share=0.5, seed=1), "again")
    assert again.fingerprint != few.fingerprint


def test_the_card_counts_what_is_drawn(small: Path) -> None:
    card = SampledDataset("cifar10", share=0.5).card
    assert (card.train_images, card.test_images) == (20, 100)
    assert card.unseen == Cifar10.card.unseen
    assert "not those of the whole set" in card.notes[0]


def test_nothing_else_can_be_sampled() -> None:
    with pytest.raises(InputError, match=r"cifar10, cifar100, cifar106, cifar106-trained"):
        _ = SampledDataset("mnist").card
    with pytest.raises(InputError, match="cifar10"):
        Registry.discover().resolve("dataset", "sample/cifar11")


def test_eighty_classes_are_left_and_the_six_unseen_ones_among_them() -> None:
    assert len(CLASSES) == 80
    assert set(CLASSES) | set(UNTRAINED) == set(Cifar106.card.classes)
    assert set(Cifar106.card.unseen) < set(CLASSES)


WORDS = REAL / "huang2012" / "cifar96.word2vec.txt"


@pytest.mark.skipif(not WORDS.is_file(), reason="the word table of Huang et al. is not here")
def test_those_left_out_are_the_short_vectors_of_the_paper_s_own_table() -> None:
    from zslbench_plugins.embeddings.huang2012 import ALIASES

    norms = {}
    for line in WORDS.read_text().splitlines()[1:]:
        word, *numbers = line.split()
        norms[word] = np.linalg.norm(np.array(numbers, dtype=float))
    phrase = {name: name.replace("_", " ") for name in Cifar106.card.classes}
    short = {
        name
        for name, words in phrase.items()
        if norms.get(ALIASES.get(words, words).replace(" ", "_"), 4.0) < 1
    }
    assert short == set(UNTRAINED)


@pytest.mark.skipif(
    not ((REAL / "cifar10").is_dir() and (REAL / "cifar100").is_dir()),
    reason="the real CIFAR-10 and CIFAR-100 are not both here",
)
def test_real_images_are_as_many_as_the_card_says(tmp_path: Path) -> None:
    where = places(REAL)
    data = store(Cifar106Trained().load(where), tmp_path / "stored", no_progress)
    assert np.bincount(data.train.labels).tolist() == [500] * 80
    assert np.bincount(data.test.labels).tolist() == [100] * 80
    assert data.class_names == tuple(sorted(CLASSES))
