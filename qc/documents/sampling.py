"""The beginning of a large document, for telling what it is: all of it but most members of its long lists."""

from __future__ import annotations

from qc.documents.blocks import Blocks
from qc.documents.document import Document
from qc.documents.options import Options
from qc.documents.pointers import replaced
from qc.documents.readers import Kind
from qc.documents.records import BLOCK
from qc.documents.streaming import TooLargeError


def read_beginning(blocks: Blocks, kind: Kind, options: Options) -> Document | None:
    """A document with the first members of its lists only; None if it cannot be read in pieces.

    Of texts of records no more than those is read; other documents are gone through once. Raises what
    ``blocks`` raises.
    """
    if not kind.in_pieces(None):
        return None
    if kind.border is not None:
        data = b""
        for block in blocks(0):
            data += block
            if len(data) >= BLOCK:
                break
        return kind.parse(data[: kind.border(data) or len(data)], options)
    try:
        large = kind.read_large(blocks, None, options)
        if isinstance(large, Document):
            return large
        value = large.value
        for where in large.counts:
            piece = next(large.pieces(where, None), None)
            value = value if piece is None else replaced(value, where, piece.members)
    except TooLargeError:
        return None
    return Document(value, True, large.encoding, "slow" if large.slow else "fast", large.problems)
