"""Word vectors learnt from a corpus: structure found, counts right, repeatable bit for bit."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
import torch
from hypothesis import given
from hypothesis import strategies as st

import zslbench
from zslbench.contracts import Context, Places, WordVectors
from zslbench.errors import DataError, InputError
from zslbench_plugins.embeddings import corpora
from zslbench_plugins.embeddings.fasttext import FastTextEmbedder
from zslbench_plugins.embeddings.rnn import (
    END,
    UNKNOWN,
    RNNEmbedder,
    draw,
    encode,
    number_words,
    streams,
)
from zslbench_plugins.embeddings.word2vec import Word2VecEmbedder

REAL = Path(__file__).parents[1] / ".." / "shared" / "data"
NOWHERE = Places(Path("no/data"), Path("no/cache"), offline=True)
SMALL: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "corpus/word2vec": (Word2VecEmbedder, {"dim": 12, "epochs": 4, "window": 2}),
    "corpus/fasttext": (FastTextEmbedder, {"dim": 12, "epochs": 4, "window": 2, "buckets": 500}),
    "corpus/rnn": (
        RNNEmbedder,
        {"dim": 12, "hidden": 16, "epochs": 4, "batch": 8, "length": 12, "rate": 0.01},
    ),
}
NEW = ["corpus/fasttext", "corpus/rnn"]
# Two groups of words; no two of a group are spelt alike.
BEASTS, CARTS = ("cat", "pony", "hound", "llama"), ("truck", "bus", "wagon", "ship")


def make(name: str, **changed: Any) -> Any:
    cls, params = SMALL[name]
    return cls(**(params | changed))


def ask(
    embedder: Any, words: list[str] | tuple[str, ...], sentences: list[str] | None, **context: Any
) -> WordVectors:
    known = embedder.vectors(
        list(words), sentences=sentences, places=NOWHERE, context=Context(**context)
    )
    assert isinstance(known, WordVectors)
    return known


def write_sentences(count: int, seed: int = 0) -> list[str]:
    """Beasts eat, carts roll; what else is said has nothing to do with it."""
    rng = np.random.default_rng(seed)

    def pick(*words: str) -> str:
        return str(rng.choice(words))

    return [
        " ".join(
            (pick("the", "one", "this"), pick(*BEASTS), pick("eats", "licks"), pick("hay", "corn"))
            if rng.random() < 0.5
            else (
                pick("the", "one", "this"),
                pick(*CARTS),
                pick("rolls", "halts"),
                pick("on", "by"),
            )
        )
        for _ in range(count)
    ]


SENTENCES = write_sentences(600)


# -------------------------------------------------------------------------------------- all three


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", SMALL)
def test_words_used_alike_are_nearer_than_all_others(name: str, seed: int) -> None:
    words = BEASTS + CARTS
    known = ask(make(name, epochs=15), words, write_sentences(1500), seed=seed)
    V = np.stack([known.vectors[word] for word in words]).astype(np.float64)
    V /= np.linalg.norm(V, axis=1, keepdims=True)
    cosine, alike = V @ V.T, np.kron(np.eye(2), np.ones((4, 4))) > 0
    np.fill_diagonal(cosine, np.nan)
    assert np.nanmin(cosine[alike]) > np.nanmax(cosine[~alike])


@pytest.mark.parametrize("name", SMALL)
def test_counts_are_those_of_the_corpus(name: str) -> None:
    known = ask(make(name), ["cat", "the", "zebra", "the cat"], SENTENCES)
    text = " ".join(SENTENCES).split()
    assert known.counts == {
        "cat": text.count("cat"), "the": text.count("the"), "zebra": 0, "the cat": 0,
    }  # fmt: skip
    assert "the cat" not in known.vectors
    assert known.vectors["cat"].shape == (12,)


@pytest.mark.parametrize("name", SMALL)
def test_words_asked_for_are_kept_however_rare(name: str) -> None:
    known = ask(make(name, min_count=5000), ["okapi"], ["An okapi.", *SENTENCES])
    assert known.counts == {"okapi": 1}
    assert known.vectors.keys() == {"okapi"}
    assert not known.untrained


@pytest.mark.parametrize("name", NEW)
def test_file_and_captions_give_the_same_vectors(name: str, tmp_path: Path) -> None:
    path = tmp_path / "corpus.txt"
    path.write_text("\n".join(SENTENCES))
    embedder = make(name, corpus=str(path))
    assert embedder.sources(NOWHERE) == (path,)
    from_file = ask(embedder, ["cat"], ["nothing of this is read"], seed=3)
    captions = ask(make(name), ["cat"], SENTENCES, seed=3)
    np.testing.assert_array_equal(from_file.vectors["cat"], captions.vectors["cat"])


@pytest.mark.parametrize("name", NEW)
def test_same_vectors_in_every_process_and_others_for_another_seed(name: str) -> None:
    script = (
        "from test_corpus_embeddings import SENTENCES, ask, make\n"
        f"known = ask(make({name!r}), ['cat', 'bus'], SENTENCES, seed=2**40 + 1)\n"
        "print(b''.join(v.tobytes() for v in known.vectors.values()).hex())\n"
    )
    outputs = set()
    for hash_seed in ("0", "4242"):
        path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
        environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": path}
        run = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, check=True
        )
        outputs.add(run.stdout.decode().strip())
    known = ask(make(name), ["cat", "bus"], SENTENCES, seed=2**40 + 1)
    assert outputs == {b"".join(v.tobytes() for v in known.vectors.values()).hex()}
    other = ask(make(name), ["cat"], SENTENCES, seed=1)
    assert not np.allclose(other.vectors["cat"], known.vectors["cat"])


@pytest.mark.parametrize("name", NEW)
def test_no_corpus_and_a_corpus_without_words_say_what_to_do(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"{name} has nothing to learn from.*corpus=brown"):
        ask(make(name), ["cat"], None)
    (tmp_path / "c.txt").write_text("\n… !\n")
    with pytest.raises(DataError, match=rf"no words in .*c\.txt: {name} needs"):
        ask(make(name, corpus=str(tmp_path / "c.txt")), ["cat"], None)
    with pytest.raises(DataError, match=rf"no file gone\.txt.*{name}"):
        make(name, corpus="gone.txt").sources(NOWHERE)


@pytest.mark.parametrize("name", NEW)
def test_progress_ends_at_its_total(name: str) -> None:
    seen: list[tuple[int, int]] = []
    progress = lambda done, total: seen.append((done, total))  # noqa: E731
    ask(make(name), ["cat"], SENTENCES, progress=progress)
    total = seen[-1][1]
    assert seen == [(done, total) for done in range(1, total + 1)]


@pytest.fixture
def small_brown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory with an archive that passes for NLTK's, of sentences about colours."""
    path = tmp_path / "data" / corpora.BROWN_PLACES[1]
    path.parent.mkdir(parents=True)
    lines = (f"a/at {c}/jj {n}/nn\n" for c in tiny.CLASSES for n in ("sky", "car") for _ in "12345")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("brown/ca01", "".join(lines))
    digest = sha256(path.read_bytes()).hexdigest()
    monkeypatch.setattr(corpora, "BROWN_ARCHIVE", replace(corpora.BROWN_ARCHIVE, sha256=digest))
    return tmp_path / "data"


@pytest.mark.parametrize("name", SMALL)
def test_a_run_records_what_it_read_by_content_and_how_often_each_word_occurs(
    name: str, small_brown: Path, tmp_path: Path
) -> None:
    def run(corpus: str) -> Any:
        return zslbench.evaluate(
            "tiny",
            "colours",
            slots={"embedding": name},
            set={"embedding.corpus": corpus, "embedding.epochs": 2},
            data_dir=small_brown,
            out=tmp_path / "out",
            cache_dir=tmp_path / "cache",
            threads=1,
            plugins=[tiny],
        )

    brown = run("brown")
    assert [base for base, _ in brown.slots["embedding"].contents] == ["brown.zip"]
    assert brown.embedding.counts == dict.fromkeys(tiny.CLASSES, 10)
    text = tmp_path / "c.txt"
    runs = []
    for extra in ("", "", "a red bus"):
        text.write_text("\n".join([*(f"a {c} car" for c in tiny.CLASSES), extra]))
        runs.append(run(str(text)))
    assert runs[0].run_id == runs[1].run_id != runs[2].run_id
    assert runs[2].embedding.counts == dict.fromkeys(tiny.CLASSES, 1) | {"red": 2}


def test_a_text_file_is_the_same_wherever_it_lies_and_its_path_stays_out_of_the_record(
    tmp_path: Path,
) -> None:
    records = []
    for folder in ("here", "there"):
        text = tmp_path / folder / "c.txt"
        text.parent.mkdir()
        text.write_text("\n".join(f"a {c} car" for c in tiny.CLASSES))
        records.append(
            zslbench.evaluate(
                "tiny",
                "colours",
                slots={"embedding": "corpus/word2vec"},
                set={"embedding.corpus": str(text)},
                out=tmp_path / "out",
                cache_dir=tmp_path / "cache",
                threads=1,
                plugins=[tiny],
            )
        )
    assert records[0].run_id == records[1].run_id
    assert str(tmp_path) not in records[0].model_dump_json()


# --------------------------------------------------------------------------------------- fasttext


def test_an_unknown_word_is_made_of_its_n_grams_and_counts_as_untrained() -> None:
    embedder = make("corpus/fasttext", epochs=15)
    known = ask(embedder, ["wagon", "wagons", "llama", "llamas"], write_sentences(1500))
    assert known.untrained == {"wagons", "llamas"}
    unit = {word: v / np.linalg.norm(v) for word, v in known.vectors.items()}
    assert unit["wagons"] @ unit["wagon"] > unit["wagons"] @ unit["llama"]
    assert unit["llamas"] @ unit["llama"] > unit["llamas"] @ unit["wagon"]


def test_an_unknown_word_too_short_for_n_grams_has_no_vector() -> None:
    known = ask(make("corpus/fasttext", min_n=6), ["ox", "cat", "zebras"], SENTENCES)
    assert known.vectors.keys() == {"cat", "zebras"}


def test_n_grams_of_impossible_lengths_are_refused() -> None:
    with pytest.raises(InputError, match="min_n 7 exceeds max_n 6"):
        ask(make("corpus/fasttext", min_n=7), ["cat"], SENTENCES)


# -------------------------------------------------------------------------------------------- rnn


@given(
    text=st.lists(st.integers(0, 9), min_size=1, max_size=80),
    batch=st.integers(1, 9),
    length=st.integers(1, 12),
)
def test_every_word_is_read_once_and_followed_by_its_successor(
    text: list[int], batch: int, length: int
) -> None:
    numbers = np.array(text, np.int64)
    inputs, targets = streams(numbers, batch, length)
    assert inputs.shape == targets.shape
    width = inputs.shape[1]
    assert width <= batch
    assert inputs.size - len(text) < width  # no more is read again than fills the last column
    n = inputs.size
    ring = [text[i % len(text)] for i in range(n + 1)]
    assert inputs.T.ravel().tolist() == ring[:n]
    assert targets.T.ravel().tolist() == ring[1:]


@given(
    lists=st.lists(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=9), max_size=9),
    least=st.integers(1, 4),
    kept=st.sets(st.sampled_from("abxy")),
)
def test_numbers_stand_for_frequent_and_kept_words_in_order_of_rank(
    lists: list[list[str]], least: int, kept: set[str]
) -> None:
    counts = {w: sum(tokens.count(w) for tokens in lists) for w in {w for x in lists for w in x}}
    index = number_words(counts, least, kept)
    assert index.keys() == {w for w, n in counts.items() if n >= least or w in kept}
    ranked = sorted(index, key=index.__getitem__)
    assert list(index.values()) == list(range(2, len(index) + 2))
    assert all(counts[a] >= counts[b] for a, b in pairwise(ranked))
    back = {number: word for word, number in index.items()} | {END: "\n", UNKNOWN: "?"}
    text = "".join(back[number] for number in encode(lists, index).tolist())
    assert text == "".join("".join(w if w in index else "?" for w in x) + "\n" for x in lists)


def test_the_network_reaches_the_entropy_of_a_source_of_known_entropy() -> None:
    """Words in a ring, the next one or the next but one: log 2 nats a word; uniform: log 20."""
    rng = np.random.default_rng(0)

    def walk(n: int) -> np.ndarray[Any, np.dtype[np.int64]]:
        return 2 + np.cumsum(rng.integers(1, 3, n), dtype=np.int64) % 20

    embedder = RNNEmbedder(dim=8, hidden=16, epochs=20, batch=16, length=10, rate=0.02)
    network = embedder.learn(walk(8000), 22, Context())
    with torch.no_grad():
        inputs, targets = map(torch.from_numpy, streams(walk(4000), 16, 10))
        loss, _ = network(inputs, targets, None)
    assert np.log(2) - 0.02 < float(loss) < np.log(2) + 0.05


def test_a_word_seen_once_is_moved_and_one_never_seen_is_not() -> None:
    embedder = RNNEmbedder(dim=6, hidden=8, epochs=1, batch=4, length=5)
    text = np.array([2, 3, 2, 3, 2] * 12 + [4], np.int64)  # 4 is last; nothing holds 5
    network = embedder.learn(text, 6, Context(seed=9))
    before, after = (
        n.table.weight.detach().numpy() for n in (draw(6, 6, 8, Context(seed=9)), network)
    )
    moved = np.abs(after - before).max(axis=1) > 0
    assert moved.tolist() == [False, False, True, True, True, False]


@pytest.mark.parametrize("size", [3, 900, 6001])
@pytest.mark.parametrize("hidden", [4, 33])
def test_the_softmax_is_a_distribution_over_the_whole_vocabulary(size: int, hidden: int) -> None:
    with torch.no_grad():
        softmax = draw(size, 4, hidden, Context()).following
        log_p = softmax.log_prob(torch.from_numpy(np.full((2, hidden), 0.5, np.float32)))
    assert log_p.shape == (2, size)
    np.testing.assert_allclose(log_p.exp().sum(dim=1).numpy(), 1, rtol=1e-4)


def test_a_rate_at_which_learning_diverges_is_named() -> None:
    with pytest.raises(InputError, match=r"diverged at rate 1e\+30.*embedding\.rate"):
        ask(make("corpus/rnn", rate=1e30), ["cat"], SENTENCES)


def test_the_process_generator_is_left_alone() -> None:
    before = torch.get_rng_state()
    ask(make("corpus/rnn", epochs=1), ["cat"], SENTENCES)
    assert torch.equal(torch.get_rng_state(), before)


def test_why_it_does_not_reconstruct_its_input_is_documented() -> None:
    assert "copy" in (RNNEmbedder.__doc__ or "")


# ----------------------------------------------------------------------------------- real corpus


@pytest.mark.skipif(
    not (REAL / corpora.BROWN_PLACES[0]).is_file(), reason="the Brown corpus is not here"
)
def test_counts_of_the_real_brown_tell_how_little_it_says_of_frogs() -> None:
    embedder = Word2VecEmbedder(corpus="brown", dim=2, epochs=1, min_count=10**6)
    known = embedder.vectors(
        ["frog", "deer", "the", "zyzzyva"],
        sentences=None,
        places=Places(REAL, REAL, offline=True),
        context=Context(),
    )
    assert known.counts == {"frog": 1, "deer": 13, "the": 69_971, "zyzzyva": 0}
