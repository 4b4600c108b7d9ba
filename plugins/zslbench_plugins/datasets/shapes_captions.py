"""Writes short sentences about colours, textures and forms, without looking at any image.

Every word of a class's name has company of its own ("crimson" goes with "red", "disc" with
"circle"), so that word vectors learnt from the sentences set the words apart; sentences that name
whole classes bind the words of a kind together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from zslbench_plugins.datasets.shapes_stream import RawStream

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
_COLOUR = (
    "{0} is a shade of {word} like {1}",
    "{word} paint may be {0} or {1}",
    "the {0} and {1} colours are {word}",
)
_TEXTURE = (
    "{0} and {1} cover a {word} thing",
    "a {word} cloth shows {0} or {1}",
    "{word} means {0} and {1} all over",
)
_FORM = (
    "a {word} has the outline of {0} and {1}",
    "the {word} shape recalls {0} or {1}",
    "{0} and {1} make a {word}",
)


def write(names: Sequence[tuple[str, str, str]], count: int, *, key: tuple[int, ...]) -> list[str]:
    """Write ``count`` lower-case sentences about classes, given as (texture, colour, form).

    A quarter names a class; the rest tells of one word and its company. The text depends on the
    arguments alone.
    """
    stream = RawStream(*key)
    topics = [stream.below(len(names), count), stream.below(4, count)]
    choices = stream.uniform(count, 3)
    sentences = []
    for row, which, (style, one, other) in zip(*topics, choices.tolist(), strict=True):
        texture, colour, form = names[row]
        if which == 0:
            template = _CLASS[int(style * len(_CLASS))]
            sentences.append(template.format(texture=texture, colour=colour, form=form))
            continue
        word, templates = ((colour, _COLOUR), (texture, _TEXTURE), (form, _FORM))[which - 1]
        company = COMPANY[word]
        first = int(one * len(company))
        second = (first + 1 + int(other * (len(company) - 1))) % len(company)
        template = templates[int(style * len(templates))]
        sentences.append(template.format(company[first], company[second], word=word))
    return sentences
