"""The tables of facts: one definition each, with unit and meaning for every column.

Everything after reading stands on these. A table is written down as text, one line a column
(``name  type  meaning``), because that is how it is read; the Arrow schema and the DuckDB
table are made from it.

Conventions
-----------
* ``id`` columns are 64-bit hashes of *identity* (:mod:`qc.facts.ids`), so they do not depend on
  chunks, on the number of jobs or on the order of reading.
* NULL means *not known*. Facts repair nothing and judge nothing: no thresholds, values as given.
* A string that the schema does not bound (free text) never enters a table; its keyed digest does. Classes, ids
  and keys that look like names are kept (:mod:`qc.schemas.naming`), and names of files, which must be found.
* ``pointer`` is an RFC 6901 JSON pointer (or its like for other documents): a place, no identity.
* ``layer`` tells whose observation a row is: ``delivered``, ``annotator:NAME``, ``truth``,
  ``model:NAME``. ``part`` is a page, slice, turn or channel; ``frame`` a 0-based frame number;
  ``time_s`` seconds from the start of the item.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

#: The short type names used below, as Arrow and as DuckDB types.
TYPES: dict[str, tuple[pa.DataType, str]] = {
    "id": (pa.uint64(), "UBIGINT"),
    "text": (pa.string(), "VARCHAR"),
    # One of few words: the same type, but kept as a dictionary in the chunks.
    "word": (pa.string(), "VARCHAR"),
    "int": (pa.int64(), "BIGINT"),
    "real": (pa.float64(), "DOUBLE"),
    "flag": (pa.bool_(), "BOOLEAN"),
    "map": (pa.map_(pa.string(), pa.string()), "MAP(VARCHAR, VARCHAR)"),
    "reals": (pa.list_(pa.float64()), "DOUBLE[]"),
    "texts": (pa.list_(pa.string()), "VARCHAR[]"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its short type (a key of :data:`TYPES`) and its meaning."""

    name: str
    type: str
    meaning: str

    @property
    def arrow(self) -> pa.DataType:
        """The column's type in Arrow."""
        return TYPES[self.type][0]

    @property
    def sql(self) -> str:
        """The column's type in DuckDB."""
        return TYPES[self.type][1]


@dataclass(frozen=True)
class Table:
    """A table of facts. ``row`` says what one row is; ``key`` names the columns that identify it.

    ``loaded`` tables stand in the database that checks ask; others are bulk that stays in the chunks, for
    producers that need a part of it.
    """

    name: str
    row: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    loaded: bool = True

    @cached_property
    def schema(self) -> pa.Schema:
        """The Arrow schema, columns in the order of definition."""
        return pa.schema([pa.field(c.name, c.arrow) for c in self.columns])

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the columns in the order of definition."""
        return tuple(c.name for c in self.columns)

    def ddl(self) -> str:
        """``CREATE TABLE`` for DuckDB."""
        columns = ", ".join(f'"{c.name}" {c.sql}' for c in self.columns)
        return f'CREATE TABLE "{self.name}" ({columns})'

    def arrow(self, data: Mapping[str, Sequence[Any] | pa.Array[Any] | pa.ChunkedArray[Any]]) -> pa.Table:
        """Arrow table from columns; a column that is absent is all NULL.

        Raises ``KeyError`` for a column that the table does not have.
        """
        if unknown := set(data) - set(self.names):
            raise KeyError(f"{self.name} has no column {sorted(unknown)}")
        rows = len(next(iter(data.values()))) if data else 0
        arrays = [
            _array(data[c.name], c.arrow) if c.name in data else pa.nulls(rows, c.arrow) for c in self.columns
        ]
        return pa.Table.from_arrays(arrays, schema=self.schema)


def _array(values: Any, type_: pa.DataType) -> pa.Array[Any] | pa.ChunkedArray[Any]:
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return values if values.type == type_ else values.cast(type_)
    return pa.array(values, type=type_)


def _table(name: str, row: str, key: str, columns: str, *, loaded: bool = True) -> Table:
    parsed = []
    for line in filter(None, map(str.strip, columns.splitlines())):
        column, type_, meaning = line.split(maxsplit=2)
        if type_ not in TYPES:
            raise ValueError(f"{name}.{column}: unknown type {type_}")
        parsed.append(Column(column, type_, meaning))
    return Table(name, row, tuple(key.split()), tuple(parsed), loaded)


FILES = _table(
    "files",
    "a file, or a member of an archive",
    "file",
    """
    file          id    hash of (root, container path, stored path in NFC, ordinal among equals)
    root          word  which root of the run: 'deliverable'; later 'input' (a voucher's before)
    container     id    the archive that holds it (the first piece of one in pieces); NULL for a file on disk
    container_path text path of that archive from the root, through the archives that hold it: 'a.tar/b.zip'
    path          text  path from the root or inside the archive, '/' between parts, NFC
    member        int   position in the archive's directory; finds the real name again when path is masked
    name          text  last part of the path, NFC
    stem          text  name without its last extension
    extension     text  lower case, without dot; '' if none
    folder        text  path without name
    depth         int   number of folders above it
    size          int   bytes when read
    packed        int   bytes in the archive; NULL on disk
    crc           int   CRC-32 as the archive states it; NULL on disk and in a tar, which states none
    mtime_ns      int   modification time, ns since 1970; where an archive states no CRC-32 that of its file, else NULL
    digest        text  content digest where a check needed it or --digest full: 'blake2b:HEX'
    name_encoding word  how the stored name was read: 'utf-8', 'cp949', 'cp437'; 'os' on disk
    name_form     word  Unicode form as stored: 'NFC', 'NFD', 'mixed'; 'ascii' when all forms agree
    unsafe        word  why the stored path must not be written: 'absolute', 'parent', 'drive', 'control'; NULL if safe
    media         word  what the extension says: image video audio pointcloud text document table label archive other
    kind          word  role in the deliverable: source label archive document junk other
    split         word  training validation test other; NULL if the layout does not tell
    group_key     text  group by the layout (TS_강아지 -> 강아지); pairs never cross it when both have one
    alone         flag  no medium belongs to it: a list of classes, or a text that is the data itself (P10)
    status        word  'ok', or why it could not be read: unreadable encrypted damaged unsupported unsafe
    reason        word  code of the reason when status is not ok (words are made at the end)
""",
)

PAIRS = _table(
    "pairs",
    "a label file and a source file that belong together",
    "label source",
    """
    label   id    label file
    source  id    source file
    rule    word  P1 same stem, P2 sibling folders, P5 video and its XML, P6 sharded sources, P7 folder of a take; by names inside the label: P3 one, P4 several, P8 a list with ids, P9 a table
""",
)

DOCUMENTS = _table(
    "documents",
    "a label document that was opened",
    "file",
    """
    file      id    the file
    format    word  how it was read: json jsonl yaml xml csv xlsx lines tokens text
    schema    word  id of the schema that it is bound to; NULL if none fits
    encoding  word  utf-8 utf-8-sig cp949 ...; NULL if it could not be told
    lane      word  'fast' or 'slow': which parser read it
    status    word  'ok', 'unparsed' (nothing could be read), 'too-big' (larger than we read), 'crashed' (our reader died on it)
    valid     flag  holds against its schema; NULL without schema, unparsed, or nested too deep to tell
    records   int   rows of items that it declares
    bytes     int   size
""",
)

ITEMS = _table(
    "items",
    "one unit of data that a label declares",
    "item",
    """
    item         id    hash of (file, pointer)
    file         id    the label file that declares it
    pointer      text  where
    layer        word  whose
    declared_id  text  its own id, as declared
    key          text  normalised name that is compared over rounds: declared file name, else stem
    file_name    text  name of its media as declared, NFC
    width        real  declared, px
    height       real  declared, px
    frames       int   declared number of frames
    fps          real  declared, 1/s
    duration_s   real  declared, s
    split        word  declared
    worker       text  declared maker
    batch        text  declared batch
    groups       map   declared groups: person, place, take, session ...
    attrs        map   attributes that the schema bounds; free text as keyed digest
""",
)

ITEM_MEDIA = _table(
    "item_media",
    "media of an item (many to many)",
    "item file channel part",
    """
    item      id    the item
    file      id    the media file
    channel   word  camera, microphone, modality
    part      int   page, slice
    offset_s  real  where the item starts in the media, s
    rule      word  how it was found, as in pairs
""",
)

NAMED_MEDIA = _table(
    "named_media",
    "a media file that an item names beside its file_name",
    "named",
    """
    named      id    hash of (file, pointer)
    item       id    the item that names it
    file       id    the label file
    pointer    text  where
    layer      word  whose
    file_name  text  as declared, NFC
    channel    word  camera, microphone, modality; NULL: the property that holds the name
    part       int   page, slice; NULL: its number in a list of names
    offset_s   real  where the item starts in the media, s
""",
)

ANNOTATIONS = _table(
    "annotations",
    "one observation of one thing (at a frame)",
    "annotation",
    """
    annotation   id    hash of (file, pointer)
    item         id    its item; NULL until linked, or if its reference does not resolve
    item_ref     text  the item's id as the annotation names it
    file         id    the label file
    pointer      text  where
    layer        word  whose
    annotator    word  declared maker
    declared_id  text  its own id, as declared
    class        text  class path, '/' between levels, as named; NULL until linked when only an id is given
    class_ref    text  the class's id as the annotation names it
    track        text  identity over frames, as declared
    parent       text  id of the annotation that it belongs to (plate in vehicle)
    part         int   page, slice, turn, channel
    frame        int   0-based
    time_s       real  s
    absent       flag  declared not there (CVAT outside)
    keyframe     flag  set by hand, not interpolated
    occluded     flag  declared
    truncated    flag  declared
    crowd        flag  stands for several (COCO iscrowd)
    difficult    flag  declared
    score        real  0..1
    attrs        map   attributes that the schema bounds; free text as keyed digest
    content      id    digest of class, attributes and geometry: identity when no id is declared
""",
)

TRACKS = _table(
    "tracks",
    "an identity over frames",
    "track",
    """
    track        id    hash of (file, pointer)
    item         id    its item
    file         id    the label file
    pointer      text  where
    layer        word  whose
    declared_id  text  as declared
    class        text  class path
    attrs        map   attributes fixed over the track
""",
)

SHAPES = _table(
    "shapes",
    "a 2D geometry of an annotation, values as given",
    "shape",
    """
    shape       id    hash of (annotation, where in it the geometry stands)
    annotation  id    its annotation
    item        id    its item; NULL until linked
    file        id    the label file
    pointer     text  where the geometry stands
    layer       word  whose
    part        int   as its annotation
    frame       int   as its annotation
    kind        word  box polygon polyline point keypoints mask ellipse
    "order"     word  how the values are ordered, as the schema promises: xywh xyxy cxcywh points
    space       word  pixel normalized lonlat metre
    origin      int   0 or 1: number of the first pixel
    sensor      word  camera that sees it
    v0          real  boxes: first value as given; masks of run lengths: height
    v1          real  boxes: second; masks of run lengths: width
    v2          real  boxes: third
    v3          real  boxes: fourth
    x0          real  least x, by the promised order (boxes: not swapped when inverted)
    y0          real  least y
    x1          real  greatest x
    y1          real  greatest y
    area        real  enclosed, unit of space squared; boxes signed (negative when inverted)
    length      real  perimeter, unit of space
    vertices    int   points, the closing one not counted; of keypoints those that are labelled
    rings       int   outlines
    valid       flag  a simple, closed, non-empty geometry of finite numbers
    reason      word  if not: not-numbers wrong-length too-few-points odd-length not-finite inverted zero-area self-intersection self-touching broken-code wrong-sum ...
    bad_x       real  where it is invalid, if that is a point
    bad_y       real  where
    digest      id    digest of kind and values
""".replace('"order"', "ordering"),
)

OUTLINES = _table(
    "outlines",
    "the points of a shape that is not a box",
    "shape",
    """
    shape       id    the shape
    coordinates reals x0 y0 x1 y1 ..., all rings; NULL where a keypoint is not labelled
    ring_sizes  reals points in each ring; NULL for one ring
""",
    loaded=False,
)

NEIGHBOURS = _table(
    "neighbours",
    "two annotations of one item, part, frame and layer whose shapes share area",
    "a b",
    """
    a             id    the smaller annotation id
    b             id    the greater
    item          id    their item
    kind          word  geometry compared: box polygon
    box_iou       real  intersection over union of the bounding boxes
    iou           real  of the geometries; NULL where the boxes overlap too little for it to matter
    a_in_b        real  part of a's bounding box inside b's
    b_in_a        real  part of b's inside a's
    same_class    flag  class equal
    capped        int   further neighbours that a lost to the cap
""",
)

ITEMS_IN_PARTS = _table(
    "items_in_parts",
    "an item whose annotations stand in several parts of a large document: which of them meet is told after linking",
    "item",
    """
    item  id  the item
""",
    loaded=False,
)

SPANS = _table(
    "spans",
    "a place in a text",
    "span",
    """
    span        id    hash of (file, pointer)
    annotation  id    its annotation
    item        id    its item
    file        id    the label file
    pointer     text  where
    layer       word  whose
    field       text  which text of the item
    start       int   first character, code points
    stop        int   one past the last
    class       text  tag
    surface_ok  flag  the text at that place is the declared surface; NULL if no surface is declared
    sequence    word  how its tags follow their scheme: 'ok', 'no-begin', 'no-end', 'unequal-lengths' (of tags and tokens); NULL if no tags mark it
""",
)

INTERVALS = _table(
    "intervals",
    "a stretch of time",
    "interval",
    """
    interval    id    hash of (file, pointer)
    annotation  id    its annotation
    item        id    its item
    file        id    the label file
    pointer     text  where
    layer       word  whose
    channel     word  which channel
    start_s     real  s
    stop_s      real  s
    start_frame int   as declared
    stop_frame  int   as declared
    class       text  event, speaker ...
    masked      flag  declared silenced or beeped
""",
)

TURNS = _table(
    "turns",
    "a turn of a dialogue",
    "turn",
    """
    turn        id    hash of (file, pointer)
    item        id    its item
    file        id    the label file
    pointer     text  where
    layer       word  whose
    number      int   order in the dialogue
    speaker     text  declared id, if bounded
    declared_id text  as declared
""",
)

RELATIONS = _table(
    "relations",
    "a named relation of two annotations",
    "relation",
    """
    relation   id    hash of (file, pointer)
    item       id    its item
    file       id    the label file
    pointer    text  where
    layer      word  whose
    class      text  name of the relation
    subject    text  declared id
    object     text  declared id
""",
)

TEXTS = _table(
    "texts",
    "a text field, measured; never its words",
    "text",
    """
    text        id    hash of (file, pointer)
    item        id    its item
    annotation  id    its annotation
    file        id    the label file
    pointer     text  where
    layer       word  whose
    field       text  which field
    length      int   characters
    words       int   separated by blanks
    language    word  by script: ko en zh ja mixed none
    digest      text  keyed digest of the normalised text
    first       text  keyed digest of its first words, for leakage by beginning
""",
)

IDS = _table(
    "ids",
    "a declared id",
    "file pointer space",
    """
    file     id    where it stands
    pointer  text  of the id
    subject  id    row that it names
    kind     word  of that row: item annotation track class record ...
    space    word  name of the id space: image annotation category ...
    scope    word  'file', 'group' or 'dataset': where it must be unique
    value    text  as declared, if it looks like a name; else its keyed digest
""",
)

REFS = _table(
    "refs",
    "an id that is used and that its own file does not resolve (what it does stands in the row itself)",
    "file pointer space",
    """
    file      id    where it stands
    pointer   text  of the reference
    subject   id    row that uses it
    kind      word  of that row
    space     word  id space that it refers to
    scope     word  where it must be found
    value     text  as used, kept as in ids
    target    id    row that it names; NULL if it does not resolve
    resolves  flag  found in its scope; NULL when nothing of that space is declared there
""",
)

CLASSES = _table(
    "classes",
    "a class as a file defines it",
    "file pointer",
    """
    class_row   id    hash of (file, pointer)
    file        id    the label file
    pointer     text  where
    declared_id text  as declared
    class       text  name (path when it has a parent)
    name        text  name as written
    normal      text  NFKC, case folded, blanks removed: for names that differ only in spelling
    parent      text  name or id of the parent class
""",
)

SCHEMA_PATHS = _table(
    "schema_paths",
    "an attribute path of a schema, counted over some files",
    "schema path",
    """
    schema     word  id
    path       text  '/annotations/*/bbox': '*' is any array item, '{*}' any property name
    required   flag  the schema requires it where its parent is present
    files      int   files in which its parent was seen
    examined   int   values examined (present, or missing though required)
    structure  int   of these, with a STRUCTURE error
    format     int   of these, with a FORMAT error
""",
)

PATH_FORMS = _table(
    "path_forms",
    "a form in which a place of a schema comes in some files, where it may come in several",
    "schema path what form file",
    """
    schema       word  id
    path         text  of the attribute, as in schema_paths; of unknown keys the object's
    what         word  'type' (JSON type of the value), 'key' (spelling of a key under a pattern), 'unknown-key' (a key that the schema does not know)
    form         text  string number boolean array object null; the key, if it looks like a name, else its keyed digest
    files        int   files that have it so
    occurrences  int   how often
    file         id    one of these files
""",
)

SCHEMA_ERRORS = _table(
    "schema_errors",
    "a place where a document breaks its format or schema",
    "file pointer keyword ordinal",
    """
    file         id    the document
    schema       word  id; NULL for FILE errors
    error_class  word  FILE STRUCTURE FORMAT (the inspection desk's three)
    path         text  generic path, as in schema_paths
    pointer      text  the place
    line         int   1-based; NULL if not looked up
    "column"     int   1-based, characters
    keyword      word  the schema's keyword, or syntax encoding bom nan number-too-large duplicate-key empty depth
    expected     text  the keyword's limit, as JSON (from the schema, never from the data)
    found        text  shape and type of what was there, as JSON: {"type": "string", "length": 4}; numbers as given
    detail       text  what distinguishes it: missing or unexpected key, closest branch
    total        int   errors of this (file, path, keyword) in all; places stored are capped
    ordinal      int   0-based among those stored
""".replace('"column"', "col"),
)

COVERAGE = _table(
    "coverage",
    "what a producer did with a file",
    "producer file",
    """
    producer  word  labels media ...
    file      id    the file
    status    word  full header sampled skipped failed crashed timeout
    reason    word  code, when not full
    weight    real  part of the file that was examined, 0..1
""",
)

MEDIA = _table(
    "media",
    "a media file's header",
    "file",
    """
    file         id    the file
    format       word  JPEG PNG ... as the content says
    width        int   px as stored
    height       int   px as stored
    orientation  int   EXIF 1..8; NULL if not stated
    mode         word  colour mode: RGB L ...
    bits         int   per channel
    channels     int   colour or audio channels
    frames       int   frames or pages
    fps          real  1/s
    duration_s   real  s
    sample_rate  int   1/s
    status       word  'ok', 'unreadable', 'unsupported'
    reason       word  code, when not ok
""",
)

DIGESTS = _table(
    "digests",
    "the content digest of a file (with --digest full)",
    "file",
    """
    file    id    the file
    digest  text  of its bytes: 'blake2b:HEX'; after reading it stands in files.digest too
""",
)

#: Every table, in the order in which documentation lists them.
TABLES: dict[str, Table] = {
    t.name: t
    for t in (
        FILES, PAIRS, DOCUMENTS, ITEMS, ITEM_MEDIA, NAMED_MEDIA, ANNOTATIONS, TRACKS, SHAPES, OUTLINES, NEIGHBOURS, ITEMS_IN_PARTS, SPANS, INTERVALS,
        TURNS, RELATIONS, TEXTS, IDS, REFS, CLASSES, SCHEMA_PATHS, PATH_FORMS, SCHEMA_ERRORS, COVERAGE, MEDIA, DIGESTS,
    )
}  # fmt: skip
