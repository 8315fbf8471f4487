"""A report of what a model does with images: one HTML file to look at and to send."""

from sksegment.report._write import write_report

__all__ = ["write_report"]
