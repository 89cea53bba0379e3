"""Pascal VOC and CVAT, as their tools write them and with what goes wrong in them: the rows of both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qc.deliverable.reading import Place
from qc.documents.readers import KINDS
from qc.facts.labels import read_labels
from qc.facts.producers import Job, Member, joined
from qc.schemas.detect import detect, fit
from qc.schemas.library import load, shipped_schemas

VOC = """\
<annotation>
	<folder>images</folder>
	<filename>도로_0001.jpg</filename>
	<path>C:\\work\\도로_0001.jpg</path>
	<source><database>Unknown</database></source>
	<size><width>500</width><height>375</height><depth>3</depth></size>
	<segmented>0</segmented>
	<object>
		<name>차량</name>
		<pose>Left</pose>
		<truncated>1</truncated>
		<difficult>0</difficult>
		<bndbox><xmin>1</xmin><ymin>45.7</ymin><xmax>500</xmax><ymax>375</ymax></bndbox>
	</object>
</annotation>
"""
LABELS = """<labels>
        <label><name>사람</name><color>#c06060</color><attributes>
          <attribute><name>자세</name><mutable>True</mutable><input_type>select</input_type><values>서다
쓰러지다</values></attribute></attributes></label>
        <label><name>fall_start</name><color>#5986b3</color><attributes></attributes></label>
      </labels>"""
VIDEO = f"""\
<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta>
    <task>
      <id>7</id><name>매장_0001.avi</name><size>3</size><mode>interpolation</mode><overlap>5</overlap>
      <bugtracker></bugtracker><created>2022-05-01 09:00:00+00:00</created>
      <start_frame>0</start_frame><stop_frame>2</stop_frame><frame_filter></frame_filter>
      {LABELS}
      <segments><segment><id>7</id><start>0</start><stop>2</stop><url>http://a/?id=7</url></segment></segments>
      <owner><username>hong</username><email>hong@example.com</email></owner><assignee></assignee>
      <original_size><width>128</width><height>96</height></original_size>
    </task>
    <dumped>2022-05-02 09:00:00+00:00</dumped><source>매장_0001.avi</source>
  </meta>
  <track id="0" label="사람" source="manual">
    <box frame="0" outside="0" occluded="0" keyframe="1" xtl="10.00" ytl="20.50" xbr="40.00" ybr="80.00">
      <attribute name="자세">서다</attribute>
    </box>
    <box frame="1" outside="1" occluded="1" keyframe="0" xtl="12.00" ytl="20.50" xbr="42.00" ybr="80.00">
    </box>
  </track>
  <track id="1" label="fall_start" source="manual">
    <box frame="2" outside="0" occluded="0" keyframe="1" xtl="1" ytl="2" xbr="3" ybr="4"/>
  </track>
</annotations>
"""
IMAGES = f"""\
<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta><task><id>8</id><name>돼지</name><size>2</size><mode>annotation</mode>{LABELS}</task><dumped>x</dumped></meta>
  <image id="0" name="a/돈사_1.jpg" width="1920" height="1080">
    <box label="사람" source="manual" occluded="1" xtl="0.5" ytl="1" xbr="100" ybr="200" z_order="0"></box>
    <tag label="fall_start" source="manual"></tag>
    <polygon label="사람" source="manual" occluded="0" points="1.00,2.00;5.00,2.00;5.00,8.00" z_order="0">
      <attribute name="자세"></attribute>
    </polygon>
    <polyline label="사람" source="manual" occluded="0" points="1,1;4,5" z_order="0"></polyline>
    <points label="사람" source="manual" occluded="0" points="7,9" z_order="0"></points>
  </image>
  <image id="1" name="a/돈사_2.jpg" width="1920" height="1080">
  </image>
</annotations>
"""
SIDES = ("xtl", "ytl", "xbl", "ybl", "xtr", "ytr", "xbr", "ybr")
CORNERS = " ".join(f'{side}{n}="{n}.5"' for n in (1, 2) for side in SIDES)
#: What an image, or a frame of a track (``{}`` says when), can hold beside what stands above.
OTHERS = f"""
  <polygon {{}} occluded="0" points="1.00,2.00;5.00,2.00;5.00,8.00" z_order="0"/>
  <polyline {{}} occluded="0" points="1,1;4,5" z_order="0"/>
  <points {{}} occluded="0" points="7,9" z_order="0"/>
  <ellipse {{}} occluded="0" cx="9.5" cy="9" rx="3" ry="2" rotation="30.0" z_order="0"/>
  <cuboid {{}} occluded="0" {CORNERS} z_order="0"/>
  <mask {{}} occluded="0" rle="3, 5, 12" left="2" top="3" width="4" height="5" z_order="0"/>
  <skeleton {{}} z_order="0">
    <points label="1" outside="0" occluded="0" points="11.2,25.5"/>
    <points label="2" outside="1" occluded="0" points="1,2"/>
  </skeleton>"""
PROJECT = f"""<meta><project><id>3</id><name>p</name><created>x</created>{LABELS}<subsets>Train
Validation</subsets><tasks><task><id>1</id><name>a</name></task><task><id>2</id></task></tasks></project></meta>"""
JOB = f"<meta><job><id>3</id><size>5</size><mode>interpolation</mode>{LABELS}</job></meta>"
TEXTS = {"pascal-voc": VOC, "cvat-video": VIDEO, "cvat-images": IMAGES}


def read(folder: Path, name: str, text: str) -> dict[str, list[dict[str, Any]]]:
    """The tables that come of one label file of a shipped format."""
    path, data = folder / "label.xml", text.encode()
    path.write_bytes(data)
    place = Place(str(path), None, len(data), len(data), 0, 0, 0)
    schemas = {name: str(load(name).path)}
    members = (Member(1, place, name, "xml", "label"),)
    job = Job("labels", "key", members, {"schemas": schemas, "text_key": b"k" * 32})
    found = {table: rows.to_pylist() for table, rows in joined(read_labels(job)).items()}
    return {"schema_errors": [], **found}


def cut(row: dict[str, Any], like: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in like}


#: format, table, what must stand in its rows, in order
ROWS: list[tuple[str, str, list[dict[str, Any]]]] = [
    ("pascal-voc", "documents", [{"valid": True, "status": "ok", "records": 1}]),
    ("pascal-voc", "items", [{"file_name": "도로_0001.jpg", "width": 500, "height": 375}]),
    ("pascal-voc", "annotations", [
        {"class": "차량", "truncated": True, "difficult": False, "occluded": None,
         "pointer": "/annotation/object/0"},
    ]),
    ("pascal-voc", "shapes", [
        {"kind": "box", "x0": 1, "y0": 45.7, "x1": 500, "y1": 375, "origin": 1, "valid": True,
         "pointer": "/annotation/object/0/bndbox"},
    ]),
    ("cvat-video", "documents", [{"valid": True, "status": "ok", "records": 1}]),
    ("cvat-video", "items", [{"file_name": "매장_0001.avi", "width": 128, "height": 96, "frames": 3}]),
    ("cvat-video", "classes", [{"name": "사람"}, {"name": "fall_start"}]),
    ("cvat-video", "tracks", [
        {"declared_id": "0", "class": "사람", "pointer": "/annotations/track/0"},
        {"declared_id": "1", "class": "fall_start", "pointer": "/annotations/track/1"},
    ]),
    ("cvat-video", "annotations", [
        {"class": "사람", "frame": 0, "absent": False, "occluded": False, "keyframe": True,
         "track": "0", "pointer": "/annotations/track/0/box/0"},
        {"class": "사람", "frame": 1, "absent": True, "occluded": True, "keyframe": False,
         "track": "0", "pointer": "/annotations/track/0/box/1"},
        {"class": "fall_start", "track": "1", "frame": 2, "absent": False,
         "pointer": "/annotations/track/1/box/0"},
    ]),
    ("cvat-video", "shapes", [
        {"frame": 0, "x0": 10, "y0": 20.5, "x1": 40, "y1": 80}, {"frame": 1, "x0": 12},
        {"frame": 2, "area": 4},
    ]),
    ("cvat-images", "documents", [{"valid": True, "status": "ok", "records": 2}]),
    ("cvat-images", "items", [
        {"file_name": "a/돈사_1.jpg", "width": 1920, "height": 1080, "declared_id": "0"},
        {"file_name": "a/돈사_2.jpg", "width": 1920, "height": 1080, "declared_id": "1"},
    ]),
    ("cvat-images", "classes", [{"name": "사람"}, {"name": "fall_start"}]),
    ("cvat-images", "annotations", [
        {"class": "사람", "class_ref": None, "occluded": True, "pointer": "/annotations/image/0/box/0"},
        {"class": "사람", "occluded": False, "pointer": "/annotations/image/0/points/0"},
        {"class": "사람", "occluded": False, "pointer": "/annotations/image/0/polygon/0"},
        {"class": "사람", "occluded": False, "pointer": "/annotations/image/0/polyline/0"},
        {"class": "fall_start", "occluded": None, "pointer": "/annotations/image/0/tag/0"},
    ]),
    ("cvat-images", "shapes", [
        {"kind": "box", "x0": 0.5, "y0": 1, "x1": 100, "y1": 200},
        {"kind": "point", "x0": 7, "y0": 9},
        {"kind": "polygon", "area": 12, "vertices": 3, "valid": True},
        {"kind": "polyline", "length": 5, "vertices": 2},
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "table", "rows"), ROWS, ids=[f"{n} {t}" for n, t, _ in ROWS])
def test_a_sound_file(tmp_path: Path, name: str, table: str, rows: list[dict[str, Any]]) -> None:
    there = sorted(read(tmp_path, name, TEXTS[name])[table], key=lambda row: str(row.get("pointer", "")))
    # By name of the element, then by place: below ten the order of texts is that of numbers.
    assert [cut(row, like) for row, like in zip(there, rows, strict=True)] == rows


#: format, what is replaced, by what, class of the error, its path, the keyword, its detail
BROKEN: list[tuple[str, str, str, str, str, str, str | None]] = [
    ("pascal-voc", "<name>차량</name>", "",
     "STRUCTURE", "/annotation/object/*", "required", "name"),
    ("pascal-voc", "<xmax>500</xmax>", "",
     "STRUCTURE", "/annotation/object/*/bndbox", "required", "xmax"),
    ("pascal-voc", "<width>500", "<width>0",
     "FORMAT", "/annotation/size/width", "minimum", None),
    ("pascal-voc", "<ymin>45.7", "<ymin>넓음",
     "FORMAT", "/annotation/object/*/bndbox/ymin", "type", None),
    ("pascal-voc", "<truncated>1", "<truncated>2",
     "FORMAT", "/annotation/object/*/truncated", "enum", None),
    ("pascal-voc", "<filename>도로_0001.jpg</filename>", "<filename/>",
     "FORMAT", "/annotation/filename", "minLength", None),
    ("cvat-video", 'id="0" label="사람"', 'id="0"',
     "STRUCTURE", "/annotations/track/*", "required", "@label"),
    ("cvat-video", 'frame="2" ', "",
     "STRUCTURE", "/annotations/track/*/box/*", "required", "@frame"),
    ("cvat-video", 'frame="2"', 'frame="-1"',
     "FORMAT", "/annotations/track/*/box/*/@frame", "minimum", None),
    ("cvat-video", 'xtl="1"', 'xtl="1px"',
     "FORMAT", "/annotations/track/*/box/*/@xtl", "type", None),
    ("cvat-video", 'keyframe="0"', 'keyframe="no"',
     "FORMAT", "/annotations/track/*/box/*/@keyframe", "enum", None),
    ("cvat-video", "<height>96</height>", "",
     "STRUCTURE", "/annotations/meta/task/original_size", "required", "height"),
    ("cvat-images", ' name="a/돈사_2.jpg"', "",
     "STRUCTURE", "/annotations/image/*", "required", "@name"),
    ("cvat-images", 'id="1"', 'id="하나"',
     "FORMAT", "/annotations/image/*/@id", "type", None),
    ("cvat-images", "1,1;4,5", "1,1;4", "FORMAT", "/annotations/image/*/polyline/*/@points", "pattern", None),
    ("cvat-images", 'occluded="1"', 'occluded="partly"',
     "FORMAT", "/annotations/image/*/box/*/@occluded", "enum", None),
]  # fmt: skip


@pytest.mark.parametrize("case", BROKEN, ids=[f"{case[0]} {case[1]}" for case in BROKEN])
def test_a_broken_file(tmp_path: Path, case: tuple[str, str, str, str, str, str, str | None]) -> None:
    """One fault is one error at its path; what else the file holds is taken all the same."""
    name, old, new, *wanted = case
    assert TEXTS[name].count(old) == 1
    tables = read(tmp_path, name, TEXTS[name].replace(old, new))
    (error,) = tables["schema_errors"]
    assert [error[key] for key in ("error_class", "path", "keyword", "detail")] == wanted
    assert error["line"] is not None
    assert tables["documents"][0]["valid"] is False
    assert len(tables["annotations"]) == len(read(tmp_path, name, TEXTS[name])["annotations"])


def test_nobody_who_drew_is_named_in_the_tables(tmp_path: Path) -> None:
    tables = read(tmp_path, "cvat-video", VIDEO.replace('xtl="1"', 'xtl="hong"'))
    assert "hong" not in str(tables)


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("faulty", [False, True], ids=["sound", "no type holds"])
def test_it_is_told_from_all_formats_of_xml(name: str, faulty: bool) -> None:
    """By the names of its elements: what stands in them may be wrong."""
    text = TEXTS[name]
    if faulty:
        text = text.replace('="1"', '="?"').replace("<width>", "<width>?")
    schemas = {one.id: one for one in shipped_schemas() if one.options.kind == "xml"}
    documents = {id_: [_value(one, text)] for id_, one in schemas.items()}
    best, fits = detect(documents, schemas)
    assert best is not None
    assert best.schema == name
    assert best.valid == (not faulty)
    assert fits[1].score < best.score


def _value(schema: Any, text: str) -> Any:
    value = KINDS["xml"].parse(text.encode(), schema.options).value
    return schema.coerce(value)


def _everything(name: str, meta: str) -> str:
    """A file of CVAT with all that its tools can draw."""
    if name == "cvat-images":
        place = '<image id="0" name="a.jpg" width="9" height="9" task_id="1">{}<tag label="사람"/></image>'
        others = OTHERS.replace("{}", 'label="사람" source="auto" group_id="1"')
    else:
        place = '<track id="0" label="사람" source="auto" subset="Train" group_id="1">{}</track>'
        others = OTHERS.replace("{}", 'frame="0" outside="0" keyframe="1"').replace(
            '<skeleton frame="0" outside="0"', '<skeleton frame="0"'
        )
    return f"<annotations><version>1.1</version>{meta}{place.format(others)}</annotations>"


@pytest.mark.parametrize("meta", [PROJECT, JOB], ids=["of a project", "of a job"])
@pytest.mark.parametrize("name", ["cvat-images", "cvat-video"])
def test_all_that_cvat_draws_is_known(tmp_path: Path, name: str, meta: str) -> None:
    tables = read(tmp_path, name, _everything(name, meta))
    assert tables["schema_errors"] == []
    assert [one["name"] for one in tables["classes"]] == ["사람", "fall_start"]
    drawn = ["cuboid", "ellipse", "mask", "points", "polygon", "polyline", "skeleton"]
    pointers = sorted(one["pointer"].split("/")[4] for one in tables["annotations"])
    assert pointers == (drawn if name == "cvat-video" else [*drawn, "tag"])
    assert {one["class"] for one in tables["annotations"]} == {"사람"}
    assert sorted(one["kind"] for one in tables["shapes"]) == ["point", "polygon", "polyline"]
    known = fit(load(name), [_value(load(name), _everything(name, meta))])
    assert known.known == known.required == 1
