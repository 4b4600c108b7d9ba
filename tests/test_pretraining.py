"""Overlap of pre-training labels with classes, against WordNet itself where it is installed."""

from __future__ import annotations

import json
import os
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from timm.data import ImageNetInfo

from zslbench import wordnet_table
from zslbench.contracts import Pretraining
from zslbench.embeddings import plain
from zslbench.errors import DataError
from zslbench.pretraining import overlap, relatives

TABLE = files("zslbench").joinpath("wordnet_classes.json").read_text(encoding="utf-8")
INFO = ImageNetInfo("imagenet-1k")
LABELS = INFO.label_names()
FIRST_LEMMA = {name: INFO.label_name_to_description(name).split(",")[0] for name in LABELS}
IMAGENET = Pretraining("imagenet", frozenset(LABELS))
WORDNET = Path(os.environ.get("ZSLBENCH_WORDNET", "/usr/share/wordnet"))

needs_wordnet = pytest.mark.skipif(
    not (WORDNET / "data.noun").is_file(),
    reason=f"no WordNet 3.0 in {WORDNET}: install Debian's wordnet-base, or set ZSLBENCH_WORDNET",
)


def described(words):
    """The labels of ImageNet-1k whose first lemma is one of ``words``."""
    return {name for name, lemma in FIRST_LEMMA.items() if lemma in words}


def test_imagenet_saw_the_cats_and_trucks_of_cifar10():
    assert overlap(IMAGENET, ["cat", "truck"]) == {"cat": "overlap", "truck": "overlap"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cat", {"tabby", "tiger cat", "Persian cat", "Siamese cat", "Egyptian cat", "cougar"}),
        ("truck", {"tow truck", "garbage truck", "fire engine", "pickup", "moving van", "minivan"}),
    ],
)
def test_overlap_is_by_descent_not_by_name(name, words):
    expected = described(words) - described({"cougar", "minivan"})
    assert len(expected) == len(words) - 1
    assert expected <= relatives(name)
    for label in expected:
        assert overlap(Pretraining("one", frozenset({label})), [name]) == {name: "overlap"}


def test_a_part_of_a_word_is_no_overlap():
    catamaran = described({"catamaran", "catfish", "bobcat"})
    assert catamaran
    assert overlap(Pretraining("boats", frozenset(catamaran)), ["cat"]) == {"cat": "none"}


def test_a_label_above_the_class_counts_too():
    (brown_bear,) = described({"brown bear"})
    found = overlap(Pretraining("one", frozenset({brown_bear})), ["grizzly bear", "polar bear"])
    assert found == {"grizzly bear": "overlap", "polar bear": "none"}


@pytest.mark.parametrize("name", ["forest", "raccoon", "cloud", "deer", "rat", "sunflower"])
def test_what_imagenet_1k_has_not_is_none(name):
    assert overlap(IMAGENET, [name]) == {name: "none"}


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("mouse", "mouse"),  # ImageNet's is a computer's
        ("ray", "crane"),
        ("seal", "mask"),
        ("bat", "baseball"),
    ],
)
def test_the_other_sense_of_a_word_is_no_overlap(name, word):
    assert overlap(Pretraining("one", frozenset(described({word}))), [name]) == {name: "none"}


@pytest.mark.parametrize("name", ["orange", "ray", "seal", "beaver", "plate", "whale", "tiger"])
def test_the_sense_that_data_sets_mean_is_found(name):
    assert overlap(IMAGENET, [name]) == {name: "overlap"}


@given(st.lists(st.sampled_from(["cat", "truck", "forest", "no such thing"]), unique=True))
def test_nothing_seen_is_nothing_in_common(names):
    for nothing in (None, Pretraining("none (random weights)", frozenset())):
        assert overlap(nothing, names) == dict.fromkeys(names, "none")
    assert overlap(Pretraining("clip", None), names) == dict.fromkeys(names, "unknown")


def test_a_class_without_synset_is_unknown():
    assert overlap(IMAGENET, ["striped blue circle"]) == {"striped blue circle": "unknown"}


@given(st.sets(st.sampled_from(LABELS), max_size=20), st.sets(st.sampled_from(LABELS), max_size=20))
def test_more_labels_never_undo_an_overlap(some, more):
    def seen(labels):
        found = overlap(Pretraining("some", frozenset(labels)), wordnet_table.CLASSES)
        return {name for name, value in found.items() if value == "overlap"}

    assert seen(some) | seen(more) == seen(some | more)


def test_names_are_compared_as_data_sets_write_them():
    assert {
        plain(n) for n in ("Aquarium_fish", "aquarium fish", "aquarium+fish", "007.aquarium-fish")
    } == {"aquarium fish"}
    assert overlap(IMAGENET, ["T-shirt/top", "Ankle boot"]) == {
        "T-shirt/top": "overlap",
        "Ankle boot": "overlap",
    }


def test_every_listed_class_has_synsets_and_the_file_is_small():
    known = json.loads(TABLE)["classes"]
    assert {plain(name) for name in wordnet_table.CLASSES} == known.keys()
    assert all(known.values())
    assert len(TABLE.encode()) < 300_000


@needs_wordnet
def test_the_table_is_what_wordnet_gives():
    wordnet = wordnet_table.read_wordnet(WORDNET)
    content = wordnet_table.table(wordnet, wordnet_table.imagenet_labels())
    assert wordnet_table.written(content) == TABLE


@needs_wordnet
def test_the_table_answers_as_the_whole_of_wordnet_does():
    """An independent walk: from every label up, through all of its hypernyms."""
    up = wordnet_table.read_wordnet(WORDNET).hypernyms

    def ancestors(synset):
        return {synset}.union(*(ancestors(parent) for parent in up[synset]))

    above = {label: ancestors(label) for label in LABELS}
    known = json.loads(TABLE)["classes"]
    for name in wordnet_table.CLASSES:
        synsets = set(known[plain(name)])
        direct = any(synsets & lineage for lineage in above.values())
        general = any(ancestors(synset) & IMAGENET.labels for synset in synsets)
        assert overlap(IMAGENET, [name])[name] == ("overlap" if direct or general else "none"), name


def test_another_wordnet_is_refused(tmp_path):
    with pytest.raises(DataError, match="wordnet-base"):
        wordnet_table.read_wordnet(tmp_path)
    for name in ("index.noun", "data.noun"):
        (tmp_path / name).write_text("  1 This software is WordNet 3.1\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"not WordNet 3\.0"):
        wordnet_table.read_wordnet(tmp_path)
