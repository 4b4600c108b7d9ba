"""The embedded data set: its images, its sentences, and that neither ever changes."""

from __future__ import annotations

import hashlib
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from zslbench.contracts import Places
from zslbench.errors import InputError
from zslbench_plugins.datasets.shapes import KINDS, Shapes
from zslbench_plugins.datasets.shapes_captions import COMPANY
from zslbench_plugins.datasets.shapes_forms import COLOURS, FORMS, TEXTURES
from zslbench_plugins.datasets.shapes_raster import Kind, draw
from zslbench_plugins.datasets.shapes_stream import RawStream

PIXELS = "4582db4996489cf4fce7e46479aeb061e9de1da0c51e5d65f9df92dbe2bf8292"
SENTENCES = "ccc5820921a4f59c0eeb25cf3828b883c62864ee6069b5ce74ac43ec59426da9"
AREAS = {
    "circle": math.pi * 0.95**2,
    "square": (2 * 0.84) ** 2,
    "triangle": 3 * math.sqrt(3) * 0.62**2,
    "star": 5 * 1.2 * 0.58 * math.sin(math.radians(36)),  # tips at 1.2, notches at 0.58
    "heart": (2 * 0.58) ** 2 + math.pi * 0.58**2,
}
SHARES = {"plain": 0.0, "striped": 0.5, "dotted": math.pi * 0.3**2, "checked": 0.5}


@pytest.fixture
def places(tmp_path):
    return Places(data_dir=tmp_path / "data", cache_dir=tmp_path / "cache")


@pytest.fixture(scope="module")
def parts():
    """(images, labels) of the training part and of the test part."""
    raw = Shapes().load(Places(data_dir=Path(), cache_dir=Path()))
    return _whole(raw.train), _whole(raw.test)


def _whole(part):
    blocks = list(part())
    return (
        np.concatenate([block.images for block in blocks]),
        np.concatenate([block.labels for block in blocks]),
    )


def _digest(parts):
    digest = hashlib.sha256()
    for images, labels in parts:
        # Class by class, as they are drawn, so that the digest does not hang on the block size.
        for label in range(len(KINDS)):
            digest.update(images[labels == label].tobytes())
            digest.update(labels[labels == label].astype("<i8").tobytes())
    return digest.hexdigest()


def _square_grid(side, steps):
    middles = ((np.arange(steps) + 0.5) / steps - 0.5) * side
    return np.broadcast_arrays(*(a.astype(np.float32) for a in (middles, middles[:, None])))


def test_no_pixel_and_no_label_ever_changes(parts):
    assert _digest(parts) == PIXELS


def test_no_sentence_ever_changes():
    text = "\n".join(Shapes().sentences())
    assert hashlib.sha256(text.encode()).hexdigest() == SENTENCES


def test_the_card_tells_what_is_loaded(parts, places):
    card = Shapes.card
    (train, train_labels), (test, test_labels) = parts
    assert Shapes().load(places).class_names == card.classes
    assert train.shape == (card.train_images, 32, 32, 3)
    assert test.shape == (card.test_images, 32, 32, 3)
    assert train.dtype == test.dtype == np.uint8
    assert np.bincount(train_labels).tolist() == [150] * len(card.classes)
    assert np.bincount(test_labels).tolist() == [50] * len(card.classes)


def test_no_image_occurs_twice_in_either_part(parts):
    images = np.concatenate([images for images, _ in parts])
    assert len({image.tobytes() for image in images}) == len(images)


def test_images_use_the_whole_range_and_are_not_washed_out(parts):
    images = parts[0][0]
    assert images.min() == 0
    assert images.max() == 255
    saturated = np.mean((images == 0) | (images == 255))
    assert saturated < 0.1
    assert images.std(axis=(1, 2, 3)).min() > 10


def test_every_part_of_an_unseen_class_occurs_in_three_seen_ones():
    unseen = [Kind(*name.split()) for name in Shapes.card.unseen]
    seen = [kind for kind in KINDS if kind not in unseen]
    assert len(seen) == len(KINDS) - 3 == 17
    for kind in unseen:
        for place, word in enumerate(kind):
            assert sum(other[place] == word for other in seen) >= 3


def test_no_two_classes_share_two_parts_and_no_two_unseen_ones_any():
    def shared(one, other):
        return sum(a == b for a, b in zip(one, other, strict=True))

    unseen = [Kind(*name.split()) for name in Shapes.card.unseen]
    assert all(shared(a, b) <= 1 for a in KINDS for b in KINDS if a is not b)
    assert all(shared(a, b) == 0 for a in unseen for b in unseen if a is not b)


def test_a_plain_form_shows_its_colour_in_the_middle(parts):
    images, labels = parts[0]
    inks = np.array([ink for ink, _ in COLOURS.values()], dtype=float)
    inks /= np.linalg.norm(inks, axis=1, keepdims=True)
    for label, kind in enumerate(KINDS):
        if kind.texture == "plain":
            middle = np.median(images[labels == label, 14:18, 14:18].reshape(-1, 3), axis=0)
            assert list(COLOURS)[int(np.argmax(inks @ middle))] == kind.colour


@pytest.mark.parametrize("form", FORMS)
def test_a_form_has_the_area_that_geometry_says(form):
    u, v = _square_grid(side=3.0, steps=600)
    assert np.mean(FORMS[form](u, v) < 0) * 9 == pytest.approx(AREAS[form], rel=0.01)


@pytest.mark.parametrize("texture", TEXTURES)
def test_a_texture_covers_the_share_that_geometry_says(texture):
    u, v = _square_grid(side=4.0, steps=997)
    assert np.mean(TEXTURES[texture](u, v) < 0) == pytest.approx(SHARES[texture], abs=0.01)


@pytest.mark.parametrize("field", [*FORMS.values(), *TEXTURES.values()])
def test_a_distance_changes_no_faster_than_one_moves(field):
    # Otherwise edges would be harder than a pixel, and flicker.
    u, v = _square_grid(side=3.0, steps=300)
    values = field(u, v).astype(float)
    assert np.abs(np.diff(values, axis=0)).max() <= 0.01 * 1.001
    assert np.abs(np.diff(values, axis=1)).max() <= 0.01 * 1.001


def test_another_seed_draws_other_images_and_sentences(places):
    one, other = Shapes(4, seed=1), Shapes(4, seed=2)
    first, again, second = (_whole(d.load(places).train)[0] for d in (one, one, other))
    np.testing.assert_array_equal(first, again)
    assert not {image.tobytes() for image in first} & {image.tobytes() for image in second}
    assert list(one.sentences()) != list(other.sentences())


def test_fewer_images_are_the_first_of_more(parts, places):
    for few, (images, labels) in zip(
        map(_whole, (Shapes(8).load(places).train, Shapes(8).load(places).test)), parts, strict=True
    ):
        for label in (0, 7, 19):
            mine = few[0][few[1] == label]
            np.testing.assert_array_equal(mine, images[labels == label][: len(mine)])


def test_blocks_do_not_change_what_is_drawn():
    kind = Kind("striped", "red", "star")
    whole = np.concatenate(list(draw(kind, 10, key=(0, 1))))
    pieces = list(draw(kind, 10, key=(0, 1), block=3))
    assert [len(piece) for piece in pieces] == [3, 3, 3, 1]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


@pytest.mark.parametrize(
    ("options", "named"),
    [({"images_per_class": 3}, "images_per_class = 3"), ({"seed": -1}, "seed = -1")],
)
def test_impossible_sizes_and_seeds_are_refused_by_name(options, named, places):
    with pytest.raises(InputError, match=named):
        Shapes(**options).load(places)


def test_nothing_is_read_or_fetched(places):
    shapes = Shapes()
    assert shapes.sources(places) == shapes.fetch(places) == ()
    assert not places.data_dir.exists()


def test_sentences_speak_of_every_class_and_every_word():
    sentences = Shapes().sentences()
    assert all(any(name in text for text in sentences) for name in Shapes.card.classes)
    words = {word for text in sentences for word in text.split()}
    assert {word for name in Shapes.card.classes for word in name.split()} <= words
    assert {word for company in COMPANY.values() for word in company} <= words
    assert all(text == text.lower() and text.replace(" ", "").isalpha() for text in sentences)


def test_company_words_keep_to_their_own_word():
    owner = {friend: word for word, company in COMPANY.items() for friend in company}
    assert len(owner) == sum(map(len, COMPANY.values()))
    for text in Shapes().sentences():
        words = set(text.split())
        assert {owner[word] for word in words & owner.keys()} <= words


def test_sentences_do_not_hang_on_pythons_hash_seed():
    code = (
        "import hashlib; from zslbench_plugins.datasets.shapes import Shapes; "
        "print(hashlib.sha256('\\n'.join(Shapes().sentences()).encode()).hexdigest())"
    )
    root = Path(__file__).parents[1]
    paths = os.pathsep.join(map(str, (root, root / "plugins")))
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": paths}
        answer = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert answer.stdout.strip() == SENTENCES


def test_uniform_numbers_are_numpys_doubles_of_the_same_stream():
    # NumPy's own doubles are made in C, from the same 53 bits.
    expected = np.random.Generator(np.random.PCG64(np.random.SeedSequence((2, 7, 9)))).random(12)
    np.testing.assert_array_equal(RawStream(7, 9).uniform(3, 4).ravel(), expected)


def test_bell_numbers_are_standardised_sums_of_four_bytes():
    raw = np.random.PCG64(np.random.SeedSequence((1, 5))).random_raw(50_000)
    octets = [int(word).to_bytes(8, "little") for word in raw]
    sums = np.array([sum(word[half : half + 4]) for word in octets for half in (0, 4)])
    deviation = math.sqrt(4 * (256**2 - 1) / 12)
    bell = RawStream(5).bell(100, 1000)
    np.testing.assert_allclose(bell.ravel(), (sums - 510) / deviation, rtol=1e-6)
    assert bell.mean() == pytest.approx(0, abs=0.02)
    assert bell.std() == pytest.approx(1, abs=0.02)


def test_streams_of_different_keys_differ_even_by_a_trailing_zero():
    streams = [RawStream(*key).uniform(1, 4).tobytes() for key in ((3,), (3, 0), (0, 3), (3, 0, 0))]
    assert len(set(streams)) == 4
