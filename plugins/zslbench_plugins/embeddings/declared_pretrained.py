"""What the embeddings that others trained, or wrote down, declare."""

from zslbench.specs import ComponentSpec, Param

METRIC = Param("metric", "str", "euclidean", "distance", choices=("euclidean", "cosine"))

GLOVE = ComponentSpec(
    kind="embedding",
    name="glove-6b-50d",
    target="zslbench_plugins.embeddings.glove:GloveEmbedder",
    summary="GloVe's 50-d vectors of 400,000 words, from a package of the extra 'glove'",
    reference="Pennington et al., EMNLP 2014",
    params=(METRIC,),
    extra="glove",
)

GENSIM = ComponentSpec(
    kind="embedding",
    name="gensim/*",
    target="zslbench_plugins.embeddings.gensim_name:GensimEmbedder",
    summary="Word vectors of gensim-data by name: GloVe, word2vec, fastText",
    params=(METRIC,),
    members="zslbench_plugins.embeddings:gensim.json",
)

SENTENCE = ComponentSpec(
    kind="embedding",
    name="sentence-transformers/*",
    target="zslbench_plugins.embeddings.sentence_transformer:SentenceEmbedder",
    summary="A sentence encoder's vectors of prompts: a name on the hub, or a folder",
    reference="Reimers & Gurevych, EMNLP 2019",
    params=(
        Param("prompts", "strs", ("a photo of a {}.",),
              "templates, averaged; {} is where the class's name goes"),
    ),
    star="a name on the hub, or a folder's path,",
    member_is_path=True,
)  # fmt: skip

ATTRIBUTES = ComponentSpec(
    kind="embedding",
    name="attributes/*",
    target="zslbench_plugins.embeddings.attributes:AttributesEmbedder",
    summary="Attributes of classes from a csv, a row or a column each class",
    reference="Lampert et al., CVPR 2009",
    params=(METRIC,),
    member_is_path=True,
)

SPECS = (GLOVE, GENSIM, SENTENCE, ATTRIBUTES)
