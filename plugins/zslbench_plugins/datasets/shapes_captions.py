"""Writes short sentences about colours, textures and forms, without looking at any image.

Every word of a class's name has company of its own ("crimson" goes with "red", "disc" with
"circle"), so that word vectors learnt from the sentences set the words apart. Sentences about
classes, and others about any three words, bring the words of a kind together; without the latter,
the vectors would hold against a colour the one form that it never comes in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TypeVar

from zslbench_plugins.datasets.shapes_stream import RawStream

_T = TypeVar("_T")

COMPANY: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "red": ("crimson", "scarlet", "ruby", "cherry", "tomato", "brick"),
        "yellow": ("golden", "lemon", "amber", "honey", "mustard", "sunny"),
        "green": ("emerald", "olive", "mint", "grass", "leafy", "jade"),
        "blue": ("navy", "azure", "cobalt", "sky", "sapphire", "indigo"),
        "purple": ("violet", "lilac", "plum", "lavender", "mauve", "grape"),
        "plain": ("smooth", "bare", "even", "solid", "uniform", "unmarked"),
        "striped": ("stripes", "bands", "bars", "lines", "zebra", "ribbons"),
        "dotted": ("dots", "spots", "freckles", "speckles", "ladybird", "sprinkles"),
        "checked": ("checks", "chequers", "chessboard", "tiles", "mosaic", "tartan"),
        "circle": ("round", "disc", "ball", "wheel", "coin", "curve"),
        "square": ("box", "block", "quadrangle", "window", "crate", "sides"),
        "triangle": ("wedge", "pyramid", "roof", "arrowhead", "three", "sail"),
        "star": ("pointed", "points", "five", "spikes", "twinkle", "starfish"),
        "heart": ("lobes", "love", "valentine", "cleft", "beloved", "sweetheart"),
    }
)
"""Word of a class's name → words that keep company with it, and with no other."""

_CLASS = (
    "the {texture} {colour} {form} has {colour} colour",
    "a {form} of {texture} {colour} is a {texture} {colour} {form}",
    "this {colour} {form} looks {texture} and this {form} looks {colour}",
    "here is one {texture} {colour} {form}",
)
_ANY = (
    "no rule tells whether a {form} is {colour}",
    "not every {form} is {texture} and not every {texture} thing is {colour}",
    "{texture} or not and {colour} or not it stays a {form}",
    "any {colour} paint will do for any {form} that is {texture}",
)
_ABOUT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "colour": (
            "{0} is a shade of {word} like {1}",
            "{word} paint may be {0} or {1}",
            "the {0} and {1} colours are {word}",
        ),
        "texture": (
            "{0} and {1} cover a {word} thing",
            "a {word} cloth shows {0} or {1}",
            "{word} means {0} and {1} all over",
        ),
        "form": (
            "a {word} has the outline of {0} and {1}",
            "the {word} shape recalls {0} or {1}",
            "{0} and {1} make a {word}",
        ),
    }
)
# What a sentence may be about, each entry equally often.
_TOPICS = ("class",) + ("any",) * 3 + ("texture", "colour", "form") * 2


def write(
    classes: Sequence[tuple[str, str, str]], count: int, *, key: tuple[int, ...]
) -> list[str]:
    """Write ``count`` lower-case sentences about classes, given as (texture, colour, form).

    A tenth names a class, three tenths speak of words whatever class they make, and the rest tells
    of one word and its company. The text depends on the arguments alone.
    """
    parts = [sorted(set(words)) for words in zip(*classes, strict=True)]
    draws = RawStream(*key).uniform(count, 6).tolist()
    return [_sentence(classes, parts, row) for row in draws]


def _sentence(
    classes: Sequence[tuple[str, str, str]], parts: Sequence[Sequence[str]], draws: list[float]
) -> str:
    """Turn six numbers of [0, 1) into a sentence."""
    topic, style = _pick(_TOPICS, draws[0]), draws[1]
    if topic == "class":
        texture, colour, form = _pick(classes, draws[2])
        return _pick(_CLASS, style).format(texture=texture, colour=colour, form=form)
    texture, colour, form = (_pick(p, d) for p, d in zip(parts, draws[2:5], strict=True))
    if topic == "any":
        return _pick(_ANY, style).format(texture=texture, colour=colour, form=form)
    word = {"texture": texture, "colour": colour, "form": form}[topic]
    first, second = _two(COMPANY[word], draws[5])
    return _pick(_ABOUT[topic], style).format(first, second, word=word)


def _pick(choices: Sequence[_T], draw: float) -> _T:
    return choices[int(draw * len(choices))]


def _two(words: Sequence[str], draw: float) -> tuple[str, str]:
    """Pick an ordered pair of different words."""
    first, step = divmod(int(draw * len(words) * (len(words) - 1)), len(words) - 1)
    return words[first], words[(first + 1 + step) % len(words)]
