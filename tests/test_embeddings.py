"""Words: how a class name finds its vector, and what happens where it cannot."""

import warnings
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from zslbench.contracts import Context, Places, WordVectors
from zslbench.embeddings import EmbeddingWarning, plain, resolve
from zslbench.errors import DataError, PluginError

PLACES = Places(Path("data"), Path("cache"))


class Dictionary:
    metric = "euclidean"
    space = None
    aliases = MappingProxyType({"aquarium fish": "fish"})

    def __init__(self, vectors, untrained=()):
        self._vectors = {w: np.asarray(v, np.float64) for w, v in vectors.items()}
        self._untrained = frozenset(untrained)

    def vectors(self, words, *, sentences, places, context):
        return WordVectors(
            {w: self._vectors[w] for w in words if w in self._vectors}, self._untrained
        )


def look_up(vectors, names, **options):
    return resolve(
        Dictionary(vectors, **options),
        names,
        label="test",
        sentences=None,
        places=PLACES,
        context=Context(),
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("001.Black_footed_Albatross", "black footed albatross"),
        ("grizzly+bear", "grizzly bear"),
        ("T-shirt/top", "t shirt top"),
        ("aquarium_fish", "aquarium fish"),
        ("7up", "7up"),
    ],
)
def test_names_become_words(name, words):
    assert plain(name) == words


def test_alias_then_phrase_then_mean_of_all_words():
    found = look_up(
        {"fish": [1, 0], "polar bear": [0, 1], "sea": [2, 0], "lion": [0, 4], "polar": [9, 9]},
        ["aquarium_fish", "Polar-Bear", "sea_lion"],
    )
    assert found.values.tolist() == [[1, 0], [0, 1], [1, 2]]
    assert found.resolved == {
        "aquarium_fish": "fish",
        "Polar-Bear": "polar bear",
        "sea_lion": "sea + lion",
    }


def test_names_without_a_vector_are_all_listed_and_never_zero():
    with pytest.raises(DataError, match="'sea_cow', 'unicorn'"):
        look_up({"sea": [1, 0], "cat": [0, 1]}, ["cat", "sea_cow", "unicorn"])


def test_equal_vectors_are_an_error():
    with pytest.raises(DataError, match="cat and dog"):
        look_up({"cat": [1, 0], "dog": [1, 0], "ship": [0, 1]}, ["cat", "dog", "ship"])


def test_nearly_equal_vectors_are_a_warning_against_the_typical_distance():
    vectors = {"cat": [1, 0], "dog": [1.01, 0], "ship": [0, 3], "car": [4, 4]}
    with pytest.warns(EmbeddingWarning, match="nearly equal vectors to cat and dog"):
        look_up(vectors, list(vectors))


def test_of_many_nearly_equal_vectors_some_are_named_and_all_are_counted():
    near = {f"near{letter}": [1 + 1e-3 * i, 0] for i, letter in enumerate("abcdef")}
    far = {f"far{letter}": [0, 9 * i] for i, letter in enumerate("abcdefgh", 1)}
    with pytest.warns(EmbeddingWarning, match=r"neara and nearb; .*; and 10 more pairs") as told:
        look_up(near | far, [*near, *far])
    assert str(told[0].message).count(" and near") == 5


def test_untrained_vectors_are_warned_of_by_name_and_recorded():
    vectors = {"cat": [1, 0], "otter": [0, 0.1], "ship": [0, 3]}
    with pytest.warns(EmbeddingWarning, match="otter were never trained"):
        found = look_up(vectors, list(vectors), untrained=["otter"])
    assert found.untrained == ("otter",)


def test_vectors_of_several_widths_break_the_contract():
    with pytest.raises(PluginError, match="widths"):
        look_up({"cat": [1, 0], "dog": [1, 0, 0]}, ["cat", "dog"])


def test_a_vector_with_nan_is_named():
    with pytest.raises(PluginError, match="'dog'"), warnings.catch_warnings():
        look_up({"cat": [1, 0], "dog": [np.nan, 0]}, ["cat", "dog"])
