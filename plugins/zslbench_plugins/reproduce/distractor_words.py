"""Writes the plans of § 6.7: python -m zslbench_plugins.reproduce.distractor_words DATA_DIR.

The nouns are ours, listed below; neighbours of *cat* and of *truck* are the words of least
Euclidean distance to them, in the embedding that the plan runs with: those of GloVe's 400,000 words
that are letters alone, three or more, and those of Huang et al.'s 106 that were ever trained. The
classes of CIFAR-10 and their plurals are no distractors.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zslbench.contracts import Context, Places
from zslbench.disk import write_text
from zslbench_plugins.datasets.cifar10 import CLASSES
from zslbench_plugins.datasets.cifar106 import HUNDRED
from zslbench_plugins.datasets.cifar106_trained import UNTRAINED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zslbench.contracts import Floats

NOUNS = (
    "window", "bottle", "garden", "river", "letter", "mountain", "kitchen", "hammer", "music",
    "island", "paper", "castle", "spoon", "forest", "bridge", "school", "candle", "violin",
    "cloud", "desert", "ladder", "market", "needle", "ocean", "pencil", "queen", "ring",
    "shadow", "table", "uncle", "valley", "winter", "yard", "bread", "coat", "door", "engine",
    "flag", "glass", "harbor",
)  # fmt: skip
NO_DISTRACTORS = {*CLASSES, *(f"{name}s" for name in CLASSES)}
COUNTS = (0, 5, 10, 20, 30, 40)
PLANS = Path(__file__).parent / "plans"
HEAD = """# Section 6.7, figure 6: distractors among the unseen candidates, {words}, by {embedding}.
# Written by python -m zslbench_plugins.reproduce.distractor_words; sets of one kind grow.
method = "socher2013"
dataset = "cifar10"
distractors = [
{sets}
]

[slots]
embedding = "{embedding}"
gate = "all-unseen"

[set]
"backbone.fit_on" = "train-unlabelled"
"unseen_classifier.candidates" = "unseen+distractors"
"""


def neighbours(
    words: Sequence[str], vectors: Floats, name: str, most: int = max(COUNTS)
) -> list[str]:
    """The ``most`` words nearest to ``name``, nearest first, and no class; vectors (n, k)."""
    centre = vectors[list(words).index(name)]
    order = np.argsort(np.linalg.norm(vectors - centre, axis=1), kind="stable")
    return [words[i] for i in order if words[i] not in NO_DISTRACTORS][:most]


def write_plan(name: str, words: str, embedding: str, chosen: Sequence[str]) -> None:
    """Write a plan with growing sets of ``chosen``."""
    sets = [list(chosen[:count]) for count in COUNTS if count <= len(chosen)]
    lines = [f"  {json.dumps(group)}," for group in sets]  # TOML writes lists of strings alike
    content = HEAD.format(words=words, embedding=embedding, sets="\n".join(lines))
    write_text(PLANS / f"distractors-{name}.toml", content)


def main(data_dir: Path) -> None:
    """Write the six plans."""
    words, vectors = _glove()
    write_plan("nouns", "nouns of ours", "glove-6b-50d", NOUNS)
    for name in ("cat", "truck"):
        near = neighbours(words, vectors, name)
        write_plan(name, f"neighbours of {name}", "glove-6b-50d", near)
    words, vectors = _huang(data_dir)
    rng = np.random.Generator(np.random.PCG64(0))
    shuffled = [words[i] for i in rng.permutation(len(words)) if words[i] not in CLASSES]
    write_plan("huang-nouns", "drawn from its 70 other words", "huang2012", shuffled[: max(COUNTS)])
    for name in ("cat", "truck"):
        near = neighbours(words, vectors, name)
        write_plan(f"huang-{name}", f"neighbours of {name}", "huang2012", near)


def _glove() -> tuple[list[str], Floats]:
    import pyarrow.parquet as pq

    from zslbench_plugins.embeddings.glove import GloveEmbedder

    nowhere = Places(Path(), Path(), offline=True)
    array, vocabulary = GloveEmbedder().sources(nowhere)
    words = pq.read_table(vocabulary).column("index").to_pylist()
    vectors = np.load(array, mmap_mode="r")
    kept = [i for i, word in enumerate(words) if word.isalpha() and len(word) > 2]
    return [words[i] for i in kept], np.asarray(vectors[kept], dtype=np.float64)


def _huang(data_dir: Path) -> tuple[list[str], Floats]:
    from zslbench_plugins.embeddings.huang2012 import Huang2012Embedder

    names = [*CLASSES, *(name for name in HUNDRED if name not in UNTRAINED)]
    embedder = Huang2012Embedder()
    asked = [name.replace("_", " ") for name in names]
    places = Places(data_dir, data_dir, offline=True)
    words = [embedder.aliases.get(word, word) for word in asked]
    known = embedder.vectors(words, sentences=None, places=places, context=Context()).vectors
    return words, np.stack([known[word] for word in words]).astype(np.float64)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
