"""Numbers as every reader has them."""

from __future__ import annotations


def integer(digits: str) -> int | float:
    """An integer written in decimal digits; beyond 64 bits a float, as orjson reads it.

    That also keeps Python's limit on digits from raising.
    """
    number = int(digits) if len(digits) < 22 else 2**64
    return number if -(2**63) <= number < 2**64 else float(digits)
