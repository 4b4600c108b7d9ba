"""Components of scikit-learn by name: families ``sklearn/*`` of mappings, detectors, classifiers.

``catalogue`` says which members there are and what the user may set of each; the harness reads that
from ``mapping.json``, ``novelty.json`` and ``classifier.json``, which ``table`` writes.
"""
