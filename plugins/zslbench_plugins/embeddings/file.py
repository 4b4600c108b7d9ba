"""Class vectors from a file of the user's: word vectors of any usual format, or attributes."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from zslbench.contracts import WordVectors
from zslbench.errors import DataError, InputError
from zslbench_plugins.embeddings.class_tables import read_attributes, read_npz
from zslbench_plugins.embeddings.vector_binary import read_binary
from zslbench_plugins.embeddings.vector_file import parse_header, reading
from zslbench_plugins.embeddings.vector_text import read_text

if TYPE_CHECKING:
    from zslbench.contracts import Context, Floats, Metric, Places

# Each gets the file and the keys asked for; a table is small and read whole.
READERS: Mapping[str, Callable[[Path, set[str]], dict[str, Floats]]] = MappingProxyType(
    {
        "word2vec": lambda path, keys: read_text(path, keys, header=True),
        "word2vec-binary": read_binary,
        "glove": lambda path, keys: read_text(path, keys, header=False),
        "npz": lambda path, _: read_npz(path),
        "attributes": lambda path, _: read_attributes(path),
    }
)
CONTROL = frozenset(range(32)) - set(b"\t\n\v\f\r")
PICKLES = tuple(bytes((0x80, protocol)) for protocol in range(2, 6))


class FileEmbedder:
    """Vectors from the file ``member``, in one of the formats of :data:`READERS`.

    ``format`` "auto" goes by the file's first bytes: ``.npz``; a ``.csv`` of attributes; word2vec
    text or binary, which start with two numbers; else GloVe. Word vectors may be gzipped. A phrase
    is looked up as it is and with underscores. Pickles (gensim's own, ``.npy`` of objects) are
    refused: loading one may run code.
    """

    space: str | None = None
    aliases: Mapping[str, str] = MappingProxyType({})

    def __init__(self, member: str, format: str = "auto", metric: Metric = "euclidean") -> None:
        self.member = member
        self.format = format
        self.metric: Metric = metric

    def sources(self, places: Places) -> tuple[Path, ...]:
        """Return the file; DataError where it is absent."""
        path = Path(self.member).expanduser()
        if not path.is_file():
            raise DataError(f"no file {path}: check the path of the vectors")
        return (path,)

    def vectors(
        self,
        words: Sequence[str],
        *,
        sentences: Iterable[str] | None,
        places: Places,
        context: Context,
    ) -> WordVectors:
        """Return the vectors (k,) of those of ``words`` that the file has.

        Raises DataError, naming the file and the line or word, where it is damaged, InputError
        for an unknown ``format``.
        """
        (path,) = self.sources(places)
        if self.format != "auto" and self.format not in READERS:
            raise InputError(
                f"the 'format' parameter of file/* must be auto, {', '.join(READERS)}; "
                f"got {self.format!r}"
            )
        detected = detect_format(path)
        read = READERS[detected if self.format == "auto" else self.format]
        found = read(path, {form for word in words for form in word_forms(word)})
        chosen = {w: next((f for f in word_forms(w) if f in found), None) for w in words}
        return WordVectors({w: found[form] for w, form in chosen.items() if form is not None})


def detect_format(path: Path) -> str:
    """Return the key of :data:`READERS` that fits the file's first bytes.

    Raises DataError for a pickle, a bare array, another archive, an empty file.
    """
    with reading(path) as file:
        head = file.read(4096)
    if head.startswith(PICKLES) or path.suffix.lower() in (".pkl", ".pickle"):
        raise DataError(
            f"{path} is a pickle, which may run code when it is loaded: it is never loaded; save "
            "the vectors as text (gensim: KeyedVectors.save_word2vec_format) or as .npz"
        )
    if head.startswith(b"\x93NUMPY"):
        raise DataError(
            f"{path} is a single array, which cannot tell whose its rows are: save an .npz with "
            "'words' (n,) and 'vectors' (n, k)"
        )
    if head.startswith(b"PK"):
        if path.suffix.lower() != ".npz":
            raise DataError(f"{path} is a zip archive: unpack it, and name the file inside")
        return "npz"
    if not head:
        raise DataError(f"{path} is empty: get it again")
    if path.suffix.lower() == ".csv":
        return "attributes"
    first, _, rest = head.partition(b"\n")
    if parse_header(first) is None:
        return "glove"
    return "word2vec-binary" if _is_binary(rest) else "word2vec"


def _is_binary(data: bytes) -> bool:
    """Whether this is no text: float32 numbers hardly ever are."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data, final=False)
    except UnicodeDecodeError:
        return True
    return not CONTROL.isdisjoint(data)


def word_forms(word: str) -> tuple[str, ...]:
    """The ways in which a vocabulary may write ``word``, the likeliest first."""
    return (word,) if " " not in word else (word, word.replace(" ", "_"))
