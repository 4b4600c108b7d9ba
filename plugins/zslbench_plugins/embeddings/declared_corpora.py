"""The class embeddings that are learnt from a corpus, as they are registered."""

from zslbench.specs import ComponentSpec, Param

CORPUS = Param(
    "corpus", "path", None,
    "brown (the Brown corpus), or a text file, a sentence a line; none: the data set's captions",
    choices=("brown",), optional=True,
)  # fmt: skip
DIM = Param("dim", "int", 50, "dimensions", minimum=1)
EPOCHS = Param("epochs", "int", 5, "passes over the corpus", minimum=1)
SKIP_GRAM = (
    CORPUS,
    DIM,
    Param("window", "int", 5, "words to either side", minimum=1),
    EPOCHS,
    Param("min_count", "int", 1, "rarer words are left out; class words never", minimum=1),
    Param("negative", "int", 5, "noise words a sample", minimum=1),
)

WORD2VEC = ComponentSpec(
    kind="embedding",
    name="corpus/word2vec",
    target="zslbench_plugins.embeddings.word2vec:Word2VecEmbedder",
    summary="Word vectors learnt with gensim from Brown, a text file or the data set's captions",
    reference="Mikolov et al. 2013",
    params=SKIP_GRAM,
)

FASTTEXT = ComponentSpec(
    kind="embedding",
    name="corpus/fasttext",
    target="zslbench_plugins.embeddings.fasttext:FastTextEmbedder",
    summary="Vectors of words and their character n-grams, learnt with gensim from a corpus",
    reference="Bojanowski et al., TACL 2017",
    params=(
        *SKIP_GRAM,
        Param("min_n", "int", 3, "characters of the shortest n-grams", minimum=1),
        Param("max_n", "int", 6, "characters of the longest n-grams", minimum=1),
        Param("buckets", "int", 100_000, "rows that n-grams are hashed into", minimum=1),
    ),
)

RNN = ComponentSpec(
    kind="embedding",
    name="corpus/rnn",
    target="zslbench_plugins.embeddings.rnn:RNNEmbedder",
    summary="The input table of an LSTM language model, learnt with torch from a corpus",
    reference="Mikolov et al., Interspeech 2010; Grave et al., ICML 2017",
    params=(
        CORPUS,
        DIM,
        Param("hidden", "int", 128, "units of the LSTM", minimum=4),
        EPOCHS,
        Param("min_count", "int", 5, "rarer words are taken as one; class words never", minimum=1),
        Param("batch", "int", 32, "streams that the corpus is read in side by side", minimum=1),
        Param("length", "int", 35, "words that a gradient reaches back", minimum=1),
        Param("rate", "float", 0.003, "Adam's step", minimum=0, exclusive_minimum=True),
    ),
)

SPECS = (WORD2VEC, FASTTEXT, RNN)
