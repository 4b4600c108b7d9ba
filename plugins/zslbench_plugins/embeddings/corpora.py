"""A corpus as lists of tokens: a data set's own captions, the Brown corpus, any text file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING
from zipfile import ZipFile

from zslbench.contracts import RemoteFile
from zslbench.download import fetch
from zslbench.errors import DataError, InputError
from zslbench_plugins.embeddings.vector_file import reading

if TYPE_CHECKING:
    from zslbench.contracts import Places

BROWN = "brown"
BROWN_PLACES = ("nltk_data/corpora/brown.zip", "corpora/brown.zip")
BROWN_ARCHIVE = RemoteFile(
    url="https://raw.githubusercontent.com/nltk/nltk_data/gh-pages/packages/corpora/brown.zip",
    name=BROWN_PLACES[0],
    sha256="9b275f9b3b95d7bd66ccfb7cd259f445a13bbe5d1f4107aba09fd3e8364bafa6",
    size=3_314_357,
)
BROWN_TEXT = re.compile(r"brown/c[a-r]\d\d")  # the 500 samples; the rest of the archive is notes

TOKEN = re.compile(r"[a-z0-9']+")
LONGEST = 10_000  # tokens of a list; gensim drops what a sentence has beyond


def corpus_files(corpus: str | None, places: Places, *, owner: str) -> tuple[Path, ...]:
    """Return the files that ``corpus`` is read from; none where it is None, for captions.

    "brown" is NLTK's archive of the Brown corpus (Francis and Kučera 1964), at
    ``nltk_data/corpora/brown.zip`` or ``corpora/brown.zip`` under the data directory, else fetched
    from NLTK to the first of these; its checksum is compared each time. Anything else is the path
    of a text file (``./brown`` for one of that name). ``owner`` names the component in messages.

    Raises DataError where a file is absent and cannot be fetched, or is not NLTK's.
    """
    if corpus is None:
        return ()
    if corpus == BROWN:
        there = (name for name in BROWN_PLACES if (places.data_dir / name).is_file())
        archive = replace(BROWN_ARCHIVE, name=next(there, BROWN_ARCHIVE.name))
        return (fetch(archive, places.data_dir, offline=places.offline, progress=places.progress),)
    path = Path(corpus).expanduser()
    if not path.is_file():
        raise DataError(
            f"no file {path}: check the 'corpus' parameter of {owner}; it is the path of a text "
            f"file, '{BROWN}', or 'none' for the data set's captions"
        )
    return (path,)


def token_lists(
    corpus: str | None, sentences: Iterable[str] | None, places: Places, *, owner: str
) -> Iterable[list[str]]:
    """Return the corpus as lists of lower-case tokens, to be gone through any number of times.

    A text file holds a sentence a line, plain or gzipped; its tokens, and those of captions
    (``sentences``, read where ``corpus`` is None), are runs of a–z, 0–9 and apostrophes. Brown's
    are its own, punctuation included: 57,340 sentences, 1,161,192 tokens. No list is longer than
    :data:`LONGEST`; a longer sentence is cut.

    Raises InputError where there is no corpus at all, DataError for an absent file; a damaged one
    is a DataError when it is gone through.
    """
    files = corpus_files(corpus, places, owner=owner)
    if files:
        return _Brown(files[0]) if corpus == BROWN else _TextFile(files[0])
    if sentences is None:
        raise InputError(
            f"{owner} has nothing to learn from: this data set has no sentences; name a text file "
            f"with --set embedding.corpus=PATH, or the Brown corpus with --set "
            f"embedding.corpus={BROWN}, or choose another --embedding"
        )
    return [tokens for sentence in sentences for tokens in _tokens(sentence)]


def no_words(corpus: str | None, *, owner: str) -> DataError:
    """Say that the corpus is empty."""
    where = "the data set's sentences" if corpus is None else corpus
    return DataError(f"no words in {where}: {owner} needs sentences to learn from")


class _TextFile:
    """The token lists of a text file, read anew each time it is gone through."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __iter__(self) -> Iterator[list[str]]:
        with reading(self._path) as file:
            for line in file:
                if b"\0" in line:
                    raise DataError(f"{self._path} is no text file: name one, a sentence a line")
                # No token holds a byte beyond ASCII, so the encoding makes no difference.
                yield from _tokens(line.decode("ascii", "replace"))


class _Brown:
    """The token lists of NLTK's archive, in the order of its samples, read anew each time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __iter__(self) -> Iterator[list[str]]:
        with reading(self._path) as file:
            try:
                yield from self._sentences(file)
            except RuntimeError as error:  # encrypted, or compressed in a way that zipfile lacks
                raise DataError(f"{self._path} is damaged ({error}): get the file again") from error

    def _sentences(self, file: IO[bytes]) -> Iterator[list[str]]:
        with ZipFile(file) as archive:
            names = sorted(name for name in archive.namelist() if BROWN_TEXT.fullmatch(name))
            if not names:
                raise DataError(
                    f"{self._path} holds no samples brown/ca01 … brown/cr09: it is another "
                    "archive; get NLTK's"
                )
            for name in names:
                for number, line in enumerate(archive.read(name).splitlines(), start=1):
                    if tokens := [self._word(t, name, number) for t in line.split()]:
                        yield tokens

    def _word(self, token: bytes, name: str, number: int) -> str:
        """``The/at`` → ``the``; the tag is what follows the last slash."""
        word, _, tag = token.rpartition(b"/")
        if not word or not tag:
            raise DataError(
                f"{self._path}: {name}, line {number} has {token!r}, expected word/tag: get the "
                "file again"
            )
        return word.decode("ascii").lower()


def _tokens(sentence: str) -> Iterator[list[str]]:
    tokens = TOKEN.findall(sentence.lower())
    for first in range(0, len(tokens), LONGEST):
        yield tokens[first : first + LONGEST]
