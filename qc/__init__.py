"""qc: quality inspection of AI training data before it is handed in."""

__version__ = "0.1.0"
