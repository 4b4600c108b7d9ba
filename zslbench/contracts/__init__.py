"""The contracts between the harness and its components, and the types that they exchange.

Letters, here and everywhere: ``n`` images, ``d`` feature dimensions, ``k`` semantic dimensions,
``m`` dimensions of the common space (of a mapping's output), ``c`` classes, ``c_s`` seen classes,
``c_v`` candidate classes. ``X`` (n, d) features, ``S`` (c, k) class vectors, ``Z`` (n, m) mapped
features, ``y`` (n,) labels: indices into :class:`ClassTable`.

Components follow scikit-learn's conventions: ``__init__`` only stores its parameters under their
own names; ``fit`` validates, learns and returns ``self``; what is learnt ends in ``_``; nothing is
learnt in ``transform``, and no input is changed. A learnt attribute that is an array or a number is
kept in the cache (a backbone's dictionary, say); nothing is ever pickled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zslbench.contracts.basics import (
    Candidates,
    Context,
    Curve,
    Metric,
    Places,
    Progress,
    Role,
    Setting,
    no_progress,
)
from zslbench.contracts.classes import ClassTable, Embedder, Embedding, WordVectors
from zslbench.contracts.components import (
    Backbone,
    Branch,
    Classifier,
    Fold,
    Gate,
    HeldOutSeen,
    Method,
    NoveltyDetector,
    Prediction,
    Pretraining,
    SemanticMapping,
    View,
    ViewInput,
)
from zslbench.contracts.data import (
    Dataset,
    DatasetCard,
    ImageBlock,
    ImageSource,
    RawDataset,
    RemoteFile,
)
from zslbench.contracts.task import OpenTask, SeenData, TestLabels

if TYPE_CHECKING:
    from zslbench.contracts.basics import Bool as Bool
    from zslbench.contracts.basics import Float32 as Float32
    from zslbench.contracts.basics import Floats as Floats
    from zslbench.contracts.basics import Int as Int
    from zslbench.contracts.basics import UInt8 as UInt8

__all__ = [
    "Backbone",
    "Branch",
    "Candidates",
    "ClassTable",
    "Classifier",
    "Context",
    "Curve",
    "Dataset",
    "DatasetCard",
    "Embedder",
    "Embedding",
    "Fold",
    "Gate",
    "HeldOutSeen",
    "ImageBlock",
    "ImageSource",
    "Method",
    "Metric",
    "NoveltyDetector",
    "OpenTask",
    "Places",
    "Prediction",
    "Pretraining",
    "Progress",
    "RawDataset",
    "RemoteFile",
    "Role",
    "SeenData",
    "SemanticMapping",
    "Setting",
    "TestLabels",
    "View",
    "ViewInput",
    "WordVectors",
    "no_progress",
]
