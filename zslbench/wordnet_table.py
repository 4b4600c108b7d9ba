"""Writes wordnet_classes.json: ``python -m zslbench.wordnet_table --wordnet DIR``.

``DIR`` holds WordNet 3.0's ``index.noun`` and ``data.noun`` (Debian's package ``wordnet-base`` puts
them into /usr/share/wordnet). ImageNet's labels are offsets into that version and no other.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zslbench.embeddings import plain
from zslbench.errors import DataError, ZSLBenchError

CIFAR10 = "airplane automobile bird cat deer dog frog horse ship truck"
CIFAR100 = """apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus
butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab
crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard
lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle mountain mouse mushroom
oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine
possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake spider
squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor train trout
tulip turtle wardrobe whale willow_tree wolf woman worm"""
FASHION_MNIST = "t-shirt/top trouser pullover dress coat sandal shirt sneaker bag ankle_boot"
GENERIC = """animal ant antelope bat bench boat bobcat bookcase buffalo building car carrot cello
chihuahua church cow cucumber dalmatian desert dolphin duck eagle eel elk fish flower flute food
fruit garbage_truck german_shepherd giant_panda giraffe gorilla grizzly_bear guitar hammer
hippopotamus humpback_whale insect killer_whale knife lake mammal mole monkey moose motorbike ox
parrot penguin persian_cat pen person piano pig plane plant polar_bear racoon rat reptile rhinoceros
river school_bus sheep siamese_cat sofa spider_monkey spoon street teapot tomato tree van vegetable
vehicle violin walrus weasel zebra"""
CLASSES = tuple(f"{CIFAR10} {CIFAR100} {FASHION_MNIST} {GENERIC}".split())
"""Names of CIFAR-10, CIFAR-100 (fine), Fashion-MNIST, and nouns that many data sets have."""

SENSES: Mapping[str, str] = {
    # No lemma of WordNet's.
    "aquarium_fish": "fish.1", "maple_tree": "maple.2", "t-shirt/top": "t-shirt.1 top.10",
    "ankle_boot": "boot.1", "motorbike": "motorcycle.1",
    # Furs, flesh and pelts come first.
    "beaver": "beaver.7", "eel": "eel.2", "flatfish": "flatfish.2", "leopard": "leopard.2",
    "lobster": "lobster.2", "otter": "otter.2", "raccoon": "raccoon.2", "trout": "trout.2",
    # People, places and fasteners come first.
    "chihuahua": "chihuahua.3", "church": "church.2", "dalmatian": "dalmatian.2",
    "mole": "mole.6", "seal": "seal.9", "shrew": "shrew.2", "skunk": "skunk.4",
    "tiger": "tiger.2", "weasel": "weasel.2", "whale": "whale.2",
    # Other things of the same name come first.
    "buffalo": "buffalo.4", "castle": "castle.2", "dolphin": "dolphin.2", "hammer": "hammer.2",
    "plate": "plate.4 plate.8", "plant": "plant.2", "ray": "ray.7", "turtle": "turtle.2",
    "van": "van.5",
    # A thing and what is eaten, set up or worn of it, of which images are alike.
    "apple": "apple.1 apple.2", "carrot": "carrot.1 carrot.2 carrot.3",
    "bowl": "bowl.1 bowl.3", "cucumber": "cucumber.1 cucumber.2", "cup": "cup.1 cup.6",
    "flower": "flower.1 flower.2", "food": "food.1 food.2",
    "lamp": "lamp.1 lamp.2", "mushroom": "mushroom.1 mushroom.2 mushroom.3 mushroom.5",
    "orange": "orange.1 orange.3", "pear": "pear.1 pear.2",
    "sweet_pepper": "sweet_pepper.1 sweet_pepper.2", "table": "table.2 table.3",
    "television": "television.2 television.3", "tomato": "tomato.1 tomato.2",
}  # fmt: skip
"""Class → ``lemma.sense`` of its synsets, where the first sense of its name is wrong or too few."""


@dataclass(frozen=True)
class WordNet:
    """The nouns: lemma → synsets, by sense; synset → hyponyms, hypernyms."""

    senses: Mapping[str, tuple[str, ...]]
    hyponyms: Mapping[str, tuple[str, ...]]
    hypernyms: Mapping[str, tuple[str, ...]]


def read_wordnet(folder: Path) -> WordNet:
    """Read ``index.noun`` and ``data.noun`` (wndb(5WN)); DataError where absent or not 3.0."""
    try:
        index = (folder / "index.noun").read_text(encoding="latin-1").splitlines()
        data = (folder / "data.noun").read_text(encoding="latin-1").splitlines()
    except OSError as error:
        raise DataError(
            f"no WordNet in {folder} ({error.strerror}): name the folder of index.noun and "
            "data.noun of WordNet 3.0, Debian's package wordnet-base"
        ) from error
    if not any("WordNet 3.0" in line for line in data[:29]):
        raise DataError(f"{folder} is not WordNet 3.0, whose offsets ImageNet's labels are")
    senses = {}
    for line in index:
        if not line.startswith(" "):
            fields = line.split()
            senses[fields[0]] = tuple(f"n{offset}" for offset in fields[-int(fields[2]) :])
    down, up = {}, {}
    for line in data:
        if not line.startswith(" "):
            fields = line.partition("|")[0].split()
            pointers = fields[5 + 2 * int(fields[3], 16) :]
            pairs = list(zip(pointers[::4], pointers[1::4], strict=False))
            down[f"n{fields[0]}"] = tuple(f"n{to}" for sign, to in pairs if sign == "~")
            up[f"n{fields[0]}"] = tuple(f"n{to}" for sign, to in pairs if sign == "@")
    return WordNet(senses, down, up)


def table(wordnet: WordNet, labels: frozenset[str]) -> dict[str, Any]:
    """``classes``: name → synsets; ``hyponyms``: synset → direct hyponyms, space-separated.

    Below a class, a synset stays if it is one of ``labels`` or leads to one; above it, all stay.
    """
    classes = {plain(name): _synsets(wordnet, name) for name in CLASSES}
    chosen = {synset for synsets in classes.values() for synset in synsets}
    above = _closure(chosen, wordnet.hypernyms)
    below = _closure(chosen, wordnet.hyponyms)
    kept = (_closure(labels & below, wordnet.hypernyms) & below) | above
    edges = {
        parent: " ".join(sorted(child for child in children if child in kept))
        for parent, children in sorted(wordnet.hyponyms.items())
        if parent in kept
    }
    hyponyms = {parent: children for parent, children in edges.items() if children}
    return {"classes": dict(sorted(classes.items())), "hyponyms": hyponyms}


def _synsets(wordnet: WordNet, name: str) -> list[str]:
    found = []
    for sense in SENSES.get(name, f"{name}.1").split():
        lemma, _, number = sense.rpartition(".")
        found.append(wordnet.senses[lemma][int(number) - 1])
    return found


def _closure(synsets: Iterable[str], edges: Mapping[str, tuple[str, ...]]) -> set[str]:
    waiting, seen = list(synsets), set[str]()
    while waiting:
        synset = waiting.pop()
        if synset not in seen:
            seen.add(synset)
            waiting += edges[synset]
    return seen


def imagenet_labels() -> frozenset[str]:
    """The synsets of every release of ImageNet in timm's metadata."""
    from timm.data.imagenet_info import ImageNetInfo

    names = "imagenet-1k imagenet-12k imagenet-22k imagenet-22k-ms imagenet-21k-goog"
    releases: list[Any] = [ImageNetInfo(name) for name in f"{names} imagenet-21k-miil".split()]
    return frozenset(synset for release in releases for synset in release.label_names())


def written(content: Mapping[str, Any]) -> str:
    """The file's text, a line an entry, so that differences can be read."""
    parts = []
    for key, entries in content.items():
        lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in entries.items()]
        parts.append(f"{json.dumps(key)}: {{\n" + ",\n".join(lines) + "\n}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main() -> None:
    """Write the table beside this module."""
    parser = argparse.ArgumentParser(prog="python -m zslbench.wordnet_table")
    parser.add_argument("--wordnet", type=Path, default=Path("/usr/share/wordnet"), metavar="DIR")
    try:
        text = written(table(read_wordnet(parser.parse_args().wordnet), imagenet_labels()))
    except ZSLBenchError as error:
        sys.exit(str(error))
    Path(__file__).with_name("wordnet_classes.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
