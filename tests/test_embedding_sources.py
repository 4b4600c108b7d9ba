"""Class vectors from files, a corpus, nothing: right numbers, streamed, damage named."""

from __future__ import annotations

import csv
import gzip
import hashlib
import logging
import os
import pickle
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gensim.models import KeyedVectors
from hypothesis import given
from hypothesis import strategies as st
from scipy.io import savemat

from zslbench.contracts import Context, Places, WordVectors
from zslbench.embeddings import resolve
from zslbench.errors import DataError, EnvironmentFailure, InputError
from zslbench_plugins.embeddings import huang2012
from zslbench_plugins.embeddings.file import FileEmbedder
from zslbench_plugins.embeddings.huang2012 import Huang2012Embedder
from zslbench_plugins.embeddings.random import RandomEmbedder
from zslbench_plugins.embeddings.word2vec import Word2VecEmbedder

REAL = Path(__file__).parents[1] / ".." / "shared" / "data"
NOWHERE = Places(Path("no/data"), Path("no/cache"), offline=True)
WORDS = ["the", "cat", "polar_bear", "über", "truck", "U+0085\u0085x"]


def ask(
    embedder: Any,
    words: list[str],
    *,
    places: Places = NOWHERE,
    sentences: list[str] | None = None,
    **context: Any,
) -> WordVectors:
    known = embedder.vectors(words, sentences=sentences, places=places, context=Context(**context))
    assert isinstance(known, WordVectors)
    return known


# ---------------------------------------------------------------------------------------- file/*


@pytest.fixture(scope="module")
def table() -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.random.default_rng(1).normal(size=(len(WORDS), 7)).astype(np.float32)


def write_gensim(path: Path, table: np.ndarray[Any, Any], *, binary: bool) -> None:
    vectors = KeyedVectors(table.shape[1])
    vectors.add_vectors(WORDS, table)
    vectors.save_word2vec_format(str(path), binary=binary)


def write_text(path: Path, table: np.ndarray[Any, Any], end: str = "\n") -> None:
    rows = (
        " ".join([word, *map(repr, row)]) + end
        for word, row in zip(WORDS, table.tolist(), strict=True)
    )
    path.write_bytes("".join(rows).encode())


def write_gzip(path: Path, table: np.ndarray[Any, Any]) -> None:
    write_text(path.with_suffix(".plain"), table)
    path.write_bytes(gzip.compress(path.with_suffix(".plain").read_bytes()))


def write_packed_binary(path: Path, table: np.ndarray[Any, Any]) -> None:
    """As the C program writes it: a new line after each vector."""
    rows = zip(WORDS, table, strict=True)
    body = b"".join(word.encode() + b" " + row.tobytes() + b"\n" for word, row in rows)
    path.write_bytes(f"{len(WORDS)} {table.shape[1]}\n".encode() + body)


def write_columns(path: Path, table: np.ndarray[Any, Any]) -> None:
    rows = [["attribute", *WORDS], *([f"a{i}", *column] for i, column in enumerate(table.T))]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)


def write_rows(path: Path, table: np.ndarray[Any, Any]) -> None:
    head = ["class", *(f"a{i}" for i in range(table.shape[1]))]
    rows = [head, *([word, *row] for word, row in zip(WORDS, table, strict=True))]
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file).writerows(rows)


FORMATS: dict[str, tuple[str, str, Callable[[Path, np.ndarray[Any, Any]], None]]] = {
    "word2vec text": ("v.txt", "word2vec", lambda p, t: write_gensim(p, t, binary=False)),
    "word2vec binary": ("v.bin", "word2vec-binary", lambda p, t: write_gensim(p, t, binary=True)),
    "word2vec binary of the C program": ("v", "word2vec-binary", write_packed_binary),
    "glove": ("v.txt", "glove", write_text),
    "glove with trailing blanks": ("v.txt", "glove", lambda p, t: write_text(p, t, " \r\n")),
    "glove, gzipped": ("v.txt.gz", "glove", write_gzip),
    "npz of words": ("v.npz", "npz", lambda p, t: np.savez(p, words=WORDS, vectors=t)),
    "npz of names": ("v.npz", "npz", lambda p, t: np.savez_compressed(p, names=WORDS, vectors=t)),
    "attributes, a column a class": ("v.csv", "attributes", write_columns),
    "attributes, a row a class": ("v.csv", "attributes", write_rows),
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("detected", [True, False])
def test_every_format_gives_the_numbers_that_were_written(
    name: str, detected: bool, table: np.ndarray[Any, Any], tmp_path: Path
) -> None:
    base, format_name, write = FORMATS[name]
    path = tmp_path / base
    write(path, table)
    embedder = FileEmbedder(str(path), format="auto" if detected else format_name)
    assert embedder.sources(NOWHERE) == (path,)
    known = ask(embedder, ["truck", "polar bear", "polar", "bear", "über", "unheard of"])
    assert set(known.vectors) == {"truck", "polar bear", "über"}
    np.testing.assert_allclose(known.vectors["truck"], table[4], rtol=1e-6)
    np.testing.assert_allclose(known.vectors["polar bear"], table[2], rtol=1e-6)
    np.testing.assert_allclose(known.vectors["über"], table[3], rtol=1e-6)


@given(
    numbers=st.lists(
        st.lists(st.floats(-1e30, 1e30), min_size=3, max_size=3), min_size=2, max_size=6
    )
)
def test_text_keeps_every_bit(
    numbers: list[list[float]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("exact") / "v.txt"
    rows = [" ".join([f"w{i}", *map(repr, row)]) for i, row in enumerate(numbers)]
    path.write_text("\n".join(rows))
    known = ask(FileEmbedder(str(path)), [f"w{i}" for i in range(len(numbers))])
    assert [known.vectors[f"w{i}"].tolist() for i in range(len(numbers))] == numbers


def test_words_with_spaces_are_read_as_glove_writes_them(tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    path.write_text("cat 1 2\nat name@domain.com 3 4\n. . . 5 6\n")
    known = ask(FileEmbedder(str(path)), ["cat", "at name@domain.com", "at"])
    assert {word: v.tolist() for word, v in known.vectors.items()} == {
        "cat": [1, 2],
        "at name@domain.com": [3, 4],
    }


@pytest.mark.parametrize("binary", [False, True])
def test_large_file_is_streamed(binary: bool, tmp_path: Path) -> None:
    path = tmp_path / "v"
    row = np.ones(100, np.float32).tobytes() if binary else b"1.25 " * 99 + b"1.25\n"
    count = 40_000
    with path.open("wb") as file:
        if binary:
            file.write(f"{count} 100\n".encode())
        file.writelines(f"w{i} ".encode() + row for i in range(count))
    embedder = FileEmbedder(str(path))
    tracemalloc.start()
    try:
        known = ask(embedder, ["w7", f"w{count - 1}"])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(known.vectors) == 2
    assert path.stat().st_size > 15e6
    assert peak < 6e6


MALFORMED = {
    "too few numbers": ("cat 1 2 3\ndog 1 2\n", "line 2 has 2 numbers, expected 3"),
    "too many numbers": ("cat 1 2 3\ndog 1 2 3 4\n", "line 2 has 4 numbers, expected 3"),
    "no number": ("cat 1 2 3\ndog 1 x 3\n", "line 2 holds what is no number"),
    "NaN": ("cat 1 2 3\ndog 1 nan 3\n", "line 2 holds NaN or infinity"),
    "infinity": ("cat 1 2 3\ndog 1 2 -inf\n", "line 2 holds NaN or infinity"),
    "no word": ("cat 1 2 3\n 1 2 3\n", "line 2 has no word"),
    "text of another kind": ("once upon a time\nthere was\n", "line 1 holds what is no number"),
    "two vectors": ("dog 1 2\ncat 1 2\ndog 1 3\n", "line 3 gives 'dog' a second"),
    "word2vec, a short row": ("2 3\ncat 1 2 3\ndog 1 2\n", "line 3 has 2 numbers, expected 3"),
    "word2vec, cut off": ("3 3\ncat 1 2 3\ndog 1 2 3\n", "has 2 words, but .* says 3"),
    "word2vec, none": ("0 3\n", "line 1 is b'0 3"),
    "word2vec, too wide": ("2 999999999\ncat 1\n", "line 1 is b'2 999999999"),
    "empty": ("", "is empty"),
    "a word alone": ("cat\ndog\n", "line 1 has 0 numbers"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_text_is_named_by_line(name: str, tmp_path: Path) -> None:
    content, complaint = MALFORMED[name]
    path = tmp_path / "v.txt"
    path.write_text(content)
    with pytest.raises(DataError, match=rf"{path}.*{complaint}"):
        ask(FileEmbedder(str(path)), ["cat", "dog"])


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda b: b[:-1], "at word 6"),
        (lambda b: b[:40], "at word 2"),
        (lambda b: b + b"more", "goes on after the 6 words"),
        (lambda b: b.replace(b"truck ", b"truck_"), "at word|has NaN|goes on"),
        (lambda b: b.replace(b"6 7\n", b"9000 7\n"), "at word 7"),
    ],
)
def test_damaged_binary_is_named_by_word(
    change: Callable[[bytes], bytes],
    complaint: str,
    table: np.ndarray[Any, Any],
    tmp_path: Path,
) -> None:
    path = tmp_path / "v.bin"
    write_gensim(path, table, binary=True)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(DataError, match=rf"{path}.*({complaint})"):
        ask(FileEmbedder(str(path), format="word2vec-binary"), ["cat", "truck"])


def test_nan_in_binary_is_an_error_for_a_word_asked_for(
    table: np.ndarray[Any, Any], tmp_path: Path
) -> None:
    spoilt = table.copy()
    spoilt[1, 3] = np.nan
    write_gensim(tmp_path / "v.bin", spoilt, binary=True)
    with pytest.raises(DataError, match="word 2 has NaN"):
        ask(FileEmbedder(str(tmp_path / "v.bin")), ["cat"])


@pytest.mark.parametrize(
    ("arrays", "complaint"),
    [
        ({"words": ["a"], "numbers": [[1.0]]}, "holds the arrays words, numbers; expected"),
        ({"words": ["a", "b"], "vectors": [[1.0]]}, r"expected numbers \(2, k\)"),
        ({"words": ["a"], "vectors": [1.0]}, "expected numbers"),
        ({"words": [1], "vectors": [[1.0]]}, r"expected texts \(n,\)"),
        ({"words": ["a", "A"], "vectors": [[1.0], [2.0]]}, "two vectors for 'a'"),
        ({"words": ["a"], "vectors": [[np.nan]]}, "NaN"),
    ],
)
def test_npz_of_another_kind_is_refused(
    arrays: dict[str, Any], complaint: str, tmp_path: Path
) -> None:
    np.savez(tmp_path / "v.npz", **arrays)
    with pytest.raises(DataError, match=complaint):
        ask(FileEmbedder(str(tmp_path / "v.npz")), ["a"])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("attribute,cat,dog\nfurry,1\n", "line 2 has 2 cells, expected 3"),
        ("attribute,cat,dog\n\nfurry,1,yes\n", "line 3: could not convert"),
        ("class,a\ncat,nan\n", "line 2 has NaN"),
        ("name,a\ncat,1\n", "starts with 'name'; expected 'attribute'"),
        ("attribute,cat,Cat\nfurry,1,0\n", "two vectors for 'cat'"),
        ("attribute,cat,dog\n", "a row each below it"),
        ('class,a\n"cat,1\n', "line 2: unexpected end"),
    ],
)
def test_malformed_attributes_are_named_by_line(text: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "v.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=rf"{path}.*{complaint}"):
        ask(FileEmbedder(str(path)), ["cat"])


class Attack:
    """Pickles into a call that leaves a trace."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.trace),)


@pytest.mark.parametrize("format_name", ["auto", "glove", "npz", "word2vec-binary"])
@pytest.mark.parametrize("name", ["v.pkl", "v.kv", "v.txt", "v.npz", "v.npy", "old.pickle"])
def test_pickle_is_refused_and_never_loaded(name: str, format_name: str, tmp_path: Path) -> None:
    path, trace = tmp_path / name, tmp_path / "trace"
    attack = np.array([Attack(trace)], object)
    if name == "v.npz":
        np.savez(path, words=attack, vectors=np.ones((1, 2)))
    elif name == "v.npy":
        np.save(path, attack, allow_pickle=True)
    else:
        path.write_bytes(pickle.dumps(attack, 0 if name == "old.pickle" else 4))
    with pytest.raises(DataError, match=str(path)):
        ask(FileEmbedder(str(path), format=format_name), ["cat"])
    assert not trace.exists()


def test_gensims_own_format_is_refused_with_the_way_out(
    table: np.ndarray[Any, Any], tmp_path: Path
) -> None:
    vectors = KeyedVectors(7)
    vectors.add_vectors(WORDS, table)
    vectors.save(str(tmp_path / "v.model"))
    with pytest.raises(DataError, match="save_word2vec_format"):
        ask(FileEmbedder(str(tmp_path / "v.model")), ["cat"])


def test_zip_and_cut_gzip_and_absent_file_are_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "v.zip", "w") as archive:
        archive.writestr("glove.txt", "cat 1 2\n")
    (tmp_path / "v.gz").write_bytes(gzip.compress(b"cat 1 2\n" * 1000)[:-12])
    (tmp_path / "cut.npz").write_bytes(b"PK\x03\x04 and no more")
    for name, complaint in (
        ("v.zip", "unpack it"),
        ("v.gz", "is damaged"),
        ("cut.npz", "is damaged"),
        ("v.txt", "no file"),
    ):
        with pytest.raises(DataError, match=complaint):
            ask(FileEmbedder(str(tmp_path / name)), ["cat"])


def test_unreadable_file_is_the_machines_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deny(*_: Any, **__: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "v.txt").write_text("cat 1 2\n")
    monkeypatch.setattr(Path, "open", deny)
    with pytest.raises(EnvironmentFailure, match="permission denied"):
        ask(FileEmbedder(str(tmp_path / "v.txt")), ["cat"])


def test_unknown_format_names_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "v.txt").write_text("cat 1 2\n")
    with pytest.raises(InputError, match="word2vec-binary, glove, npz, attributes; got 'fast'"):
        ask(FileEmbedder(str(tmp_path / "v.txt"), format="fast"), ["cat"])


@pytest.mark.skipif(not (REAL / "attributes").is_dir(), reason="the attribute table is not here")
def test_real_attributes_are_25_binary_values_a_class() -> None:
    embedder = FileEmbedder(str(REAL / "attributes/cifar10.csv"))
    known = ask(embedder, ["airplane", "cat", "truck", "zebra"])
    assert set(known.vectors) == {"airplane", "cat", "truck"}
    assert all(v.shape == (25,) for v in known.vectors.values())
    assert known.vectors["airplane"].tolist()[:6] == [0, 0, 1, 0, 1, 1]


# ------------------------------------------------------------------------------------- huang2012


def write_word_tables(folder: Path, *, nested: bool, labels: str = "cells") -> dict[str, Any]:
    """Write the two MATLAB files with ten and twelve words; return the vectors."""
    random, vectors = np.random.default_rng(5), {}
    names = {
        "cifar10": ["airplane", "cat"],
        "cifar96": ["aquarium_fish", "pickup", "willow", "oak", "bear"],
    }
    for table, words in names.items():
        values = random.normal(size=(50, len(words)))
        for column, word in enumerate(words):
            if word in ("pickup", "willow"):
                values[:, column] *= 0.01
            vectors[word] = values[:, column]
        cells = np.array(words, object).reshape(-1, 1) if labels == "cells" else words
        path = folder / (f"huang2012/{table}/wordTable.mat" if nested else f"huang2012/{table}.mat")
        path.parent.mkdir(parents=True, exist_ok=True)
        savemat(path, {"wordTable": values, "label_names": cells})
    return vectors


@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize("labels", ["cells", "characters"])
def test_word_tables_of_the_authors_are_read(
    nested: bool, labels: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = write_word_tables(tmp_path, nested=nested, labels=labels)
    here = Places(tmp_path, tmp_path, offline=True)
    if nested:
        believe_checksums(monkeypatch, tmp_path)
    known = ask(Huang2012Embedder(), ["cat", "fish", "pickup", "oak", "zebra"], places=here)
    assert set(known.vectors) == {"cat", "fish", "pickup", "oak"}
    np.testing.assert_array_equal(known.vectors["cat"], written["cat"])
    np.testing.assert_array_equal(known.vectors["fish"], written["aquarium_fish"])
    assert known.untrained == {"pickup"}


def believe_checksums(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    """Let the small files of a test pass for the authors' own."""
    mine = {
        table: replace(file, sha256=hashlib.sha256((root / file.name).read_bytes()).hexdigest())
        for table, file in huang2012.TABLES.items()
    }
    monkeypatch.setattr(huang2012, "TABLES", mine)


def test_tampered_word_table_is_refused(tmp_path: Path) -> None:
    write_word_tables(tmp_path, nested=True)
    with pytest.raises(DataError, match=r"cifar10/wordTable\.mat has sha256"):
        Huang2012Embedder().sources(Places(tmp_path, tmp_path, offline=True))


def test_absent_word_tables_offline_say_where_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        Huang2012Embedder().sources(Places(tmp_path, tmp_path, offline=True))
    for fact in (
        "https://raw.githubusercontent.com/mganjoo/zslearning/",
        "/word_data/acl/cifar10/wordTable.mat",
        "fedba47e4462bfe98ac99b4e1be093e83104575bbd27f31d7e08abb947b23163",
        str(tmp_path / "huang2012"),
    ):
        assert fact in str(caught.value)


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9])
def test_truncated_word_table_is_named(keep: float, tmp_path: Path) -> None:
    write_word_tables(tmp_path, nested=False)
    path = tmp_path / "huang2012/cifar96.mat"
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    with pytest.raises(DataError, match=str(path)):
        ask(Huang2012Embedder(), ["cat"], places=Places(tmp_path, tmp_path, offline=True))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ({"wordTable": np.ones((50, 2))}, "lacks"),
        ({"wordTable": np.ones((50, 3)), "label_names": ["ab", "cd"]}, r"expected numbers"),
        ({"wordTable": np.ones((50, 1)), "label_names": np.ones((1, 1))}, "no name"),
        ({"wordTable": np.full((50, 1), np.nan), "label_names": ["ab"]}, "NaN"),
    ],
)
def test_word_table_of_another_kind_is_refused(
    content: dict[str, Any], complaint: str, tmp_path: Path
) -> None:
    write_word_tables(tmp_path, nested=False)
    savemat(tmp_path / "huang2012/cifar10.mat", content)
    with pytest.raises(DataError, match=complaint):
        ask(Huang2012Embedder(), ["cat"], places=Places(tmp_path, tmp_path, offline=True))


@pytest.mark.skipif(not (REAL / "huang2012").is_dir(), reason="the real vectors are not here")
def test_real_vectors_know_106_words_of_which_26_were_never_trained() -> None:
    here = Places(REAL, REAL, offline=True)
    embedder = Huang2012Embedder()
    files = embedder.sources(here)
    words = [line.split(" ")[0] for f in files for line in f.read_text().splitlines()[1:]]
    known = ask(embedder, words, places=here)
    assert len(known.vectors) == 106
    norms = {word: float(np.linalg.norm(v)) for word, v in known.vectors.items()}
    assert len(known.untrained) == 26
    assert max(norms[word] for word in known.untrained) < 0.06
    assert min(norms[word] for word in norms.keys() - known.untrained) > 3.2
    assert {"pickup", "willow", "beaver"} < known.untrained


@pytest.mark.skipif(not (REAL / "huang2012").is_dir(), reason="the real vectors are not here")
def test_names_of_cifar100_resolve_to_the_authors_stand_ins() -> None:
    stand_ins = {"aquarium_fish": "fish", "maple_tree": "maple", "sweet_pepper": "pepper"}
    embedding = resolve(
        Huang2012Embedder(),
        list(stand_ins),
        label="huang2012",
        sentences=None,
        places=Places(REAL, REAL, offline=True),
        context=Context(),
    )
    assert embedding.resolved == stand_ins
    assert embedding.values.shape == (3, 50)


# --------------------------------------------------------------------------------- corpus/word2vec

SENTENCES = [
    f"The {animal} {verb} its food, and the {car} {noise} on the road."
    for animal in ("cat", "dog", "horse")
    for car in ("truck", "bus", "taxi")
    for verb in ("eats", "licks", "hunts")
    for noise in ("honks", "brakes", "turns")
] * 6


def test_words_used_alike_come_close_together() -> None:
    embedder = Word2VecEmbedder(dim=16, epochs=20, window=2)
    known = ask(embedder, ["cat", "dog", "truck", "bus"], sentences=SENTENCES, seed=1)
    unit = {w: v / np.linalg.norm(v) for w, v in known.vectors.items()}
    alike = min(unit["cat"] @ unit["dog"], unit["truck"] @ unit["bus"])
    apart = max(unit[a] @ unit[c] for a in ("cat", "dog") for c in ("truck", "bus"))
    assert alike > apart


def test_counts_are_those_of_the_corpus_and_absent_words_have_none() -> None:
    known = ask(Word2VecEmbedder(dim=4, epochs=1), ["cat", "the", "zebra"], sentences=SENTENCES)
    text = " ".join(SENTENCES).lower().split()
    assert known.counts == {"cat": text.count("cat"), "the": text.count("the"), "zebra": 0}
    assert set(known.vectors) == {"cat", "the"}
    assert all(v.shape == (4,) for v in known.vectors.values())


def test_words_asked_for_are_kept_however_rare() -> None:
    embedder = Word2VecEmbedder(dim=4, epochs=1, min_count=50)
    known = ask(embedder, ["okapi"], sentences=["An okapi is rare.", *SENTENCES])
    assert known.counts == {"okapi": 1}
    known = ask(embedder, ["cat"], sentences=["An okapi is rare.", *SENTENCES])
    assert set(known.vectors) == {"cat"}


@pytest.mark.parametrize("packed", [False, True])
def test_file_and_sentences_give_the_same_vectors(packed: bool, tmp_path: Path) -> None:
    path = tmp_path / "corpus.txt"
    text = "\n".join(SENTENCES).encode()
    path.write_bytes(gzip.compress(text) if packed else text)
    embedder = Word2VecEmbedder(corpus=str(path), dim=4, epochs=2)
    assert embedder.sources(NOWHERE) == (path,)
    from_file = ask(embedder, ["cat"], sentences=["nothing of this is read"], seed=3)
    given_lines = ask(Word2VecEmbedder(dim=4, epochs=2), ["cat"], sentences=SENTENCES, seed=3)
    np.testing.assert_array_equal(from_file.vectors["cat"], given_lines.vectors["cat"])


def test_a_long_line_is_learnt_to_its_end() -> None:
    words = [f"w{i % 7}" for i in range(25_000)] + ["cat"] * 5
    lines = [" ".join(words[i : i + 10_000]) for i in range(0, len(words), 10_000)]
    whole, split = (
        ask(Word2VecEmbedder(dim=4, epochs=1), ["cat", "w3"], sentences=text)
        for text in ([" ".join(words)], lines)
    )
    assert whole.counts == split.counts == {"cat": 5, "w3": words.count("w3")}
    np.testing.assert_array_equal(whole.vectors["cat"], split.vectors["cat"])


def test_same_vectors_in_every_process() -> None:
    script = (
        "import hashlib\n"
        "from test_embedding_sources import SENTENCES, Word2VecEmbedder, ask\n"
        "known = ask(Word2VecEmbedder(dim=8, epochs=3), ['cat', 'bus'], sentences=SENTENCES,"
        " seed=2**40 + 1)\n"
        "print(b''.join(v.tobytes() for v in known.vectors.values()).hex())\n"
    )
    outputs = set()
    for hash_seed in ("0", "4242"):
        path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
        environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": path}
        run = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, check=True
        )
        outputs.add(run.stdout)
    assert len(outputs) == 1
    assert len(outputs.pop()) > 100


def test_another_seed_gives_other_vectors() -> None:
    embedder = Word2VecEmbedder(dim=8, epochs=1)
    one, two = (ask(embedder, ["cat"], sentences=SENTENCES, seed=s).vectors["cat"] for s in (1, 2))
    assert not np.allclose(one, two)


def test_progress_counts_epochs_and_the_log_stays_quiet(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    level = logging.getLogger("gensim").level
    seen: list[tuple[int, int]] = []
    progress = lambda done, total: seen.append((done, total))  # noqa: E731
    ask(Word2VecEmbedder(dim=4, epochs=3), ["cat"], sentences=SENTENCES, progress=progress)
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert [r for r in caplog.records if r.name.startswith("gensim")] == []
    assert logging.getLogger("gensim").level == level


def test_no_corpus_at_all_says_what_to_do() -> None:
    with pytest.raises(InputError, match=r"--set embedding\.corpus=PATH"):
        ask(Word2VecEmbedder(), ["cat"])


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(b"", "no words in"), (b"\n... !\n", "no words in"), (b"PK\x03\x04\0\0", "no text file")],
)
def test_corpus_without_words_is_named(content: bytes, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_bytes(content)
    with pytest.raises(DataError, match=complaint):
        ask(Word2VecEmbedder(corpus=str(tmp_path / "c.txt")), ["cat"])


def test_absent_corpus_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.txt.*'corpus'"):
        Word2VecEmbedder(corpus=str(tmp_path / "gone.txt")).sources(NOWHERE)


# ----------------------------------------------------------------------------------------- random


@given(
    words=st.lists(st.text(min_size=1), min_size=2, max_size=5, unique=True),
    seed=st.integers(0, 2**63),
    dim=st.integers(1, 60),
    norm=st.floats(1e-3, 1e3),
)
def test_random_vector_is_a_function_of_seed_and_word(
    words: list[str], seed: int, dim: int, norm: float
) -> None:
    embedder = RandomEmbedder(dim=dim, norm=norm)
    known = ask(embedder, words, seed=seed)
    assert list(known.vectors) == words
    for word in words:
        alone = ask(embedder, [word], seed=seed).vectors[word]
        np.testing.assert_array_equal(alone, known.vectors[word])
        assert alone.shape == (dim,)
        assert np.linalg.norm(alone) == pytest.approx(norm)


def test_random_directions_are_spread_evenly() -> None:
    known = ask(RandomEmbedder(dim=10), [f"w{i}" for i in range(4000)], seed=7)
    V = np.stack(list(known.vectors.values()))
    # Uniform on the sphere: mean 0, covariance I / dim; bounds are five standard errors.
    assert np.abs(V.mean(axis=0)).max() < 5 * np.sqrt(0.1 / 4000)
    assert np.abs(V.T @ V / 4000 - np.eye(10) / 10).max() < 5 * np.sqrt(0.02 / 4000)
    for embedder, seed in ((RandomEmbedder(dim=10), 8), (RandomEmbedder(dim=10, draw=1), 7)):
        other = ask(embedder, ["w0"], seed=seed).vectors["w0"]
        assert abs(other @ known.vectors["w0"]) < 0.99
