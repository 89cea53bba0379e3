"""Which kinds of label documents can be read: parsers by file extension."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from qc.documents.document import Document
from qc.documents.jsons import read_json

#: A file of another extension is not examined, and the run says so.
READERS: Mapping[str, Callable[[bytes], Document]] = {"json": read_json}
