"""Bundled class embeddings: words to vectors."""

from zslbench.hookspecs import Register, hookimpl
from zslbench.specs import ComponentSpec, Param

ZSLBENCH_API = 1


@hookimpl
def register_embeddings(register: Register) -> None:
    """Offer the bundled class embeddings."""
    register(HUANG)
    register(FILE)
    register(WORD2VEC)
    register(RANDOM)


HUANG = ComponentSpec(
    kind="embedding",
    name="huang2012",
    target="zslbench_plugins.embeddings.huang2012:Huang2012Embedder",
    summary="The paper's own 50-d word vectors, for the names of CIFAR-10 and CIFAR-100",
    reference="Huang et al., ACL 2012; Socher et al. 2013, § 3",
)

FILE = ComponentSpec(
    kind="embedding",
    name="file/*",
    target="zslbench_plugins.embeddings.file:FileEmbedder",
    summary="Vectors from a file: word2vec text or binary, GloVe text, npz, csv of attributes",
    params=(
        Param(
            "format", "str", "auto", "how to read the file",
            choices=("auto", "word2vec", "word2vec-binary", "glove", "npz", "attributes"),
        ),
        Param("metric", "str", "euclidean", "distance", choices=("euclidean", "cosine")),
    ),
    member_is_path=True,
)  # fmt: skip

WORD2VEC = ComponentSpec(
    kind="embedding",
    name="corpus/word2vec",
    target="zslbench_plugins.embeddings.word2vec:Word2VecEmbedder",
    summary="Word vectors learnt with gensim from a text file or the data set's own captions",
    reference="Mikolov et al. 2013",
    params=(
        Param("corpus", "path", None, "text file, a sentence a line; none: the data set's captions",
              optional=True),
        Param("dim", "int", 50, "dimensions", minimum=1),
        Param("window", "int", 5, "words to either side", minimum=1),
        Param("epochs", "int", 5, "passes over the corpus", minimum=1),
        Param("min_count", "int", 1, "rarer words are left out; class words never", minimum=1),
        Param("negative", "int", 5, "noise words a sample", minimum=1),
    ),
)  # fmt: skip

RANDOM = ComponentSpec(
    kind="embedding",
    name="random",
    target="zslbench_plugins.embeddings.random:RandomEmbedder",
    summary="Random vectors of equal norm, a function of seed and word: the floor",
    params=(
        Param("dim", "int", 50, "dimensions", minimum=1),
        Param("norm", "float", 1.0, "norm of each vector", minimum=0, exclusive_minimum=True),
    ),
)
