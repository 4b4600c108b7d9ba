"""The colours of page and figures, by what they mean; each has a light and a dark value.

Seen is blue and unseen orange: told apart under every common colour blindness, and never by colour
alone (shape, dash or a word goes with it).
"""

from __future__ import annotations

import re
from types import MappingProxyType

LIGHT = MappingProxyType(
    {
        "paper": "#ffffff",
        "panel": "#f5f7f8",
        "ink": "#1c2126",
        "muted": "#56606a",
        "line": "#d3d9de",
        "seen": "#0a5fa5",
        "unseen": "#b04500",
        "distractor": "#7b3f8c",
        "accent": "#0b6b5d",
        "heat": "#064e44",
        "on-heat": "#fefefe",
    }
)
DARK = MappingProxyType(
    {
        "paper": "#14181c",
        "panel": "#1c2227",
        "ink": "#e6eaed",
        "muted": "#a0abb5",
        "line": "#39424a",
        "seen": "#6db8f2",
        "unseen": "#f2a257",
        "distractor": "#cf9be0",
        "accent": "#55c9b5",
        "heat": "#35a695",
        "on-heat": "#0d1114",
    }
)

_ROLES = {value: name for name, value in LIGHT.items()}
_COLOUR = re.compile(r"#[0-9a-f]{6}\b")


def declare(colours: MappingProxyType[str, str]) -> str:
    """The CSS declarations of ``colours``: ``--ink: #1c2126; …``."""
    return " ".join(f"--{name}: {value};" for name, value in colours.items())


def follow_theme(svg: str) -> str:
    """Replace the light colours of an SVG by the page's variables, so that dark mode reaches it."""
    return _COLOUR.sub(
        lambda found: f"var(--{_ROLES[found[0]]})" if found[0] in _ROLES else found[0], svg
    )
