"""Bundled class embeddings: words to vectors."""

from zslbench.hookspecs import Register, hookimpl
from zslbench.specs import ComponentSpec, Param
from zslbench_plugins.embeddings.declared_corpora import SPECS as CORPORA
from zslbench_plugins.embeddings.declared_pretrained import SPECS as PRETRAINED

ZSLBENCH_API = 1


@hookimpl
def register_embeddings(register: Register) -> None:
    """Offer the bundled class embeddings."""
    register(HUANG)
    register(FILE)
    for spec in CORPORA + PRETRAINED:
        register(spec)
    register(CONCAT)
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

CONCAT = ComponentSpec(
    kind="embedding",
    name="concat",
    target="zslbench_plugins.embeddings.concat:ConcatEmbedder",
    summary="The class vectors of several embeddings, one after the other",
    params=(
        Param("parts", "components", (), "embeddings, as in glove-6b-50d,attributes/FILE.csv"),
        Param(
            "scale", "str", "rms", "bring every part to a root mean square norm of 1, or not",
            choices=("rms", "none"),
        ),
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
        Param("draw", "int", 0, "other vectors under the same seed", minimum=0),
    ),
)
