"""The report of a run: one page that needs nothing but itself, and its figures as files."""

from __future__ import annotations

from zslbench.report.page import write_report

__all__ = ["write_report"]
