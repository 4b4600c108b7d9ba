"""The releases of gensim-data that hold class embeddings: names, addresses, checksums.

``python -m zslbench_plugins.embeddings.gensim_table`` writes ``gensim.json``, the table that is
listed. Nothing of gensim's downloader is used: it executes the code that it fetches.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

ADDRESS = "https://github.com/RaRe-Technologies/gensim-data/releases/download/{name}/{name}.gz"
LISTED = Path(__file__).with_name("gensim.json")
GLOVE = "Pennington et al., EMNLP 2014"


@dataclass(frozen=True)
class Release:
    """One file of vectors in word2vec's format, gzipped.

    ``md5`` is what gensim-data's own list publishes; ``sha256`` is empty where none is published.
    """

    name: str
    words: int
    dim: int
    trained_on: str
    reference: str
    md5: str
    sha256: str = ""
    url: str = ""

    @property
    def address(self) -> str:
        """Where the file is."""
        return self.url or ADDRESS.format(name=self.name)

    @property
    def place(self) -> str:
        """Where it belongs under the data directory."""
        return f"gensim/{self.name}.gz"


def _glove(corpus: str, text: str, words: int, checksums: Mapping[int, str]) -> tuple[Release, ...]:
    return tuple(
        Release(f"glove-{corpus}-{dim}", words, dim, text, GLOVE, md5)
        for dim, md5 in checksums.items()
    )


# Checksums: list.json of gensim-data, key "checksum" of each model; all are of one part.
_ALL = (
    *_glove(
        "wiki-gigaword",
        "Wikipedia 2014 and Gigaword 5",
        400_000,
        {
            50: "c289bc5d7f2f02c6dc9f2f9b67641813",
            100: "40ec481866001177b8cd4cb0df92924f",
            200: "59652db361b7a87ee73834a6c391dfc1",
            300: "29e9329ac2241937d55b852e8284e89b",
        },
    ),
    *_glove(
        "twitter",
        "2 billion tweets",
        1_193_514,
        {
            25: "50db0211d7e7a2dcd362c6b774762793",
            50: "c168f18641f8c8a00fe30984c4799b2b",
            100: "b04f7bed38756d64cf55b58ce7e97b15",
            200: "e52e8392d1860b95d5308a525817d8f9",
        },
    ),
    Release(
        "word2vec-google-news-300",
        3_000_000,
        300,
        "Google News; case matters",
        "Mikolov et al., NIPS 2013",
        "a5e5354d40acb95f9ec66d5977d140ef",
    ),
    Release(
        "fasttext-wiki-news-subwords-300",
        999_999,
        300,
        "Wikipedia 2017, UMBC webbase and statmt.org news",
        "Mikolov et al., LREC 2018",
        "de2bb3a20c46ce65c9c131e1ad9a77af",
    ),
)
RELEASES: Mapping[str, Release] = MappingProxyType({release.name: release for release in _ALL})


def listed() -> str:
    """Return the JSON of the table of members: name → summary, reference."""
    table = {
        release.name: {
            "summary": f"{release.words:,} words, {release.dim}-d, of {release.trained_on}",
            "reference": release.reference,
        }
        for release in RELEASES.values()
    }
    return json.dumps(table, indent=2) + "\n"


if __name__ == "__main__":
    LISTED.write_text(listed(), encoding="utf-8")
