"""zslbench: a plugin-based evaluation harness for zero-shot recognition."""

__version__ = "0.1.0"
