"""Draws the README's picture of the `shapes` data set: python docs/pictures.py [FOLDER].

The other pictures are the figures of a report: zslbench run … --report FOLDER.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from zslbench.contracts import Places
from zslbench.registry import Registry

COLUMNS, ZOOM, GAP, CAPTION = 6, 3, 4, 16


def draw_sheet() -> Image.Image:
    """A row of four images for each class, unseen classes marked."""
    registry = Registry.discover()
    dataset = registry.create(registry.resolve("dataset", "shapes"))
    nowhere = Path(tempfile.gettempdir())
    raw = dataset.load(Places(nowhere, nowhere))
    blocks = list(raw.test())
    images = np.concatenate([block.images for block in blocks])
    labels = np.concatenate([block.labels for block in blocks])
    side = images.shape[1] * ZOOM
    width, height = 4 * side + 3 * GAP, side + CAPTION
    rows = -(-len(raw.class_names) // 3)
    sheet = Image.new("RGB", (3 * (width + 4 * GAP), rows * (height + 2 * GAP)), "white")
    pen = ImageDraw.Draw(sheet)
    for place, name in enumerate(raw.class_names):
        x = (place % 3) * (width + 4 * GAP) + 2 * GAP
        y = (place // 3) * (height + 2 * GAP)
        unseen = name in dataset.card.unseen
        pen.text((x, y), name + (" (unseen)" if unseen else ""), fill="#b00" if unseen else "#333")
        for k, image in enumerate(images[labels == place][:4]):
            tile = Image.fromarray(image).resize((side, side), Image.Resampling.NEAREST)
            sheet.paste(tile, (x + k * (side + GAP), y + CAPTION))
    return sheet


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent / "images")
    draw_sheet().save(folder / "shapes.png")
