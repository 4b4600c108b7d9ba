"""The README's own picture is what its command draws."""

import importlib.util
from pathlib import Path

import numpy as np
from PIL import Image

DOCS = Path(__file__).parents[1] / "docs"


def test_the_picture_of_shapes_is_what_the_command_draws():
    spec = importlib.util.spec_from_file_location("pictures", DOCS / "pictures.py")
    pictures = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pictures)
    kept = np.asarray(Image.open(DOCS / "images" / "shapes.png").convert("RGB"), np.int16)
    drawn = np.asarray(pictures.draw_sheet(), np.int16)
    assert kept.shape == drawn.shape
    # Another version of the drawing library may set the captions a little differently.
    assert np.abs(kept - drawn).mean() < 1
