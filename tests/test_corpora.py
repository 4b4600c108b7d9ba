"""A corpus as lists of tokens: Brown as NLTK packs it, text files, captions; damage named."""

from __future__ import annotations

import gzip
import hashlib
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zslbench.contracts import Places
from zslbench.errors import DataError, InputError
from zslbench_plugins.embeddings import corpora
from zslbench_plugins.embeddings.corpora import corpus_files, token_lists

REAL = Path(__file__).parents[1] / ".." / "shared" / "data"
NOWHERE = Places(Path("no/data"), Path("no/cache"), offline=True)
SAMPLES = {
    "brown/": "",
    "brown/README": "No sample: it/is text/about them\n",
    "brown/cats.txt": "ca01 news\n",
    "brown/cr09": "\n\n\t`` We/ppss ate/vbd a/at 1/2-inch/jj Deer/nn-tl ''/'' ./.\n".replace(
        "`` ", "``/`` "
    ),
    "brown/ca01": "\n\n\tThe/at Fulton/np-tl Jury/nn said/vbd\n\n\tand/or/cc so/rb ,/,\n",
}


def pack(path: Path, samples: dict[str, str], method: int = zipfile.ZIP_DEFLATED) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, text in samples.items():
            archive.writestr(name, text)
    return path


def believe(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """Let a small archive of a test pass for NLTK's own."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setattr(corpora, "BROWN_ARCHIVE", replace(corpora.BROWN_ARCHIVE, sha256=digest))


def read(
    corpus: str | None, places: Places = NOWHERE, sentences: list[str] | None = None
) -> list[list[str]]:
    return list(token_lists(corpus, sentences, places, owner="corpus/test"))


# ------------------------------------------------------------------------------------------ brown


@pytest.mark.parametrize("name", corpora.BROWN_PLACES)
def test_brown_loses_its_tags_and_capitals_and_what_is_no_sample(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    believe(monkeypatch, pack(tmp_path / name, SAMPLES))
    here = Places(tmp_path, tmp_path, offline=True)
    assert corpus_files("brown", here, owner="x") == (tmp_path / name,)
    assert read("brown", here, ["captions are not read"]) == [
        ["the", "fulton", "jury", "said"],
        ["and/or", "so", ","],
        ["``", "we", "ate", "a", "1/2-inch", "deer", "''", "."],
    ]


def test_brown_can_be_gone_through_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    believe(monkeypatch, pack(tmp_path / corpora.BROWN_PLACES[0], SAMPLES))
    lists = token_lists("brown", None, Places(tmp_path, tmp_path), owner="x")
    assert list(lists) == list(lists)


def test_absent_brown_offline_says_where_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        corpus_files("brown", Places(tmp_path, tmp_path, offline=True), owner="x")
    for fact in (
        "https://raw.githubusercontent.com/nltk/nltk_data/gh-pages/packages/corpora/brown.zip",
        "3,314,357 bytes",
        "9b275f9b3b95d7bd66ccfb7cd259f445a13bbe5d1f4107aba09fd3e8364bafa6",
        str(tmp_path / "nltk_data/corpora/brown.zip"),
    ):
        assert fact in str(caught.value)


def test_another_archive_of_that_name_is_refused_by_its_checksum(tmp_path: Path) -> None:
    path = pack(tmp_path / corpora.BROWN_PLACES[0], SAMPLES)
    with pytest.raises(DataError, match=rf"{path} has sha256"):
        read("brown", Places(tmp_path, tmp_path, offline=True))


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "cut off": lambda data: data[: len(data) // 2],
    "empty": lambda data: b"",
    "a bit turned in a sample": lambda data: data.replace(b"Fulton/np-tl", b"Fulton/np-tk"),
    "encrypted": lambda data: data.replace(
        b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"
    ),
    "compressed in an unknown way": lambda data: data.replace(
        b"PK\x01\x02\x14\x03\x14\x00\x00\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x00\x00\x63\x00"
    ),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_brown_is_named(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pack(tmp_path / corpora.BROWN_PLACES[0], SAMPLES, zipfile.ZIP_STORED)
    whole = path.read_bytes()
    path.write_bytes(DAMAGE[kind](whole))
    assert path.read_bytes() != whole
    believe(monkeypatch, path)
    with pytest.raises(DataError, match=rf"{path}.* is damaged"):
        read("brown", Places(tmp_path, tmp_path, offline=True))


@pytest.mark.parametrize(
    ("samples", "complaint"),
    [
        ({"brown/ca01": "\nThe/at jury said/vbd\n"}, "brown/ca01, line 2 has b'jury'"),
        ({"brown/ca01": "/at\n"}, "line 1 has b'/at'"),
        ({"brown/ca01": "The/\n"}, "line 1 has b'The/'"),
        ({"brown/ca01": "Café/nn\n"}, "is damaged"),
        ({"brown/README": "none\n"}, "holds no samples"),
    ],
)
def test_brown_of_another_kind_is_refused(
    samples: dict[str, str], complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = pack(tmp_path / corpora.BROWN_PLACES[0], samples)
    believe(monkeypatch, path)
    with pytest.raises(DataError, match=rf"{path}.*{complaint}"):
        read("brown", Places(tmp_path, tmp_path, offline=True))


@pytest.mark.skipif(
    not (REAL / corpora.BROWN_PLACES[0]).is_file(), reason="the Brown corpus is not here"
)
def test_the_real_brown_has_its_published_size_and_few_frogs() -> None:
    """NLTK counts 57,340 sentences and 1,161,192 tokens; the counts are those of grep."""
    lists = read("brown", Places(REAL, REAL, offline=True))
    counts = Counter(token for tokens in lists for token in tokens)
    assert len(lists) == 57_340
    assert counts.total() == 1_161_192
    assert counts["frog"] == 1
    assert counts["deer"] == 13  # 8 deer, 5 Deer
    assert counts["airplane"] == 11
    assert not any(token.endswith(("/nn", "/at", "/.")) for token in counts)


# --------------------------------------------------------------------------- text files, captions


@pytest.mark.parametrize("packed", [False, True])
def test_a_text_file_gives_the_tokens_of_the_same_captions(packed: bool, tmp_path: Path) -> None:
    lines = ["A frog's pond, 2 feet deep.", "", "…", "Über-frogs — SIT!"]
    text = "\n".join(lines).encode()
    path = tmp_path / "c.txt"
    path.write_bytes(gzip.compress(text) if packed else text)
    expected = [["a", "frog's", "pond", "2", "feet", "deep"], ["ber", "frogs", "sit"]]
    assert corpus_files(str(path), NOWHERE, owner="x") == (path,)
    assert read(str(path)) == expected
    assert read(None, sentences=lines) == expected


@given(words=st.lists(st.sampled_from(["a", "b'c", "12"]), max_size=50), cut=st.integers(1, 9))
def test_a_long_sentence_is_cut_and_nothing_is_lost(words: list[str], cut: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpora, "LONGEST", cut)
        lists = read(None, sentences=[" ".join(words)])
    assert [token for tokens in lists for token in tokens] == words
    assert all(0 < len(tokens) <= cut for tokens in lists)


def test_a_file_called_brown_is_reached_by_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "brown").write_text("my own words\n")
    monkeypatch.chdir(tmp_path)
    assert read("./brown") == [["my", "own", "words"]]


def test_captions_that_can_be_read_once_are_kept() -> None:
    lists = token_lists(None, iter(["a cat", "a dog"]), NOWHERE, owner="x")
    assert list(lists) == list(lists) == [["a", "cat"], ["a", "dog"]]


def test_no_corpus_at_all_says_what_to_do() -> None:
    with pytest.raises(InputError, match=r"corpus/test has.*corpus=PATH.*corpus=brown"):
        read(None)


def test_absent_and_binary_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.txt.*'corpus' parameter of corpus/test.*'brown'"):
        read(str(tmp_path / "gone.txt"))
    (tmp_path / "c.zip").write_bytes(b"PK\x03\x04\0\0")
    with pytest.raises(DataError, match=r"c\.zip is no text file"):
        read(str(tmp_path / "c.zip"))
