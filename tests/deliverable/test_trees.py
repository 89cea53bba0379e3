"""Trees as contractors hand them in: which layout is seen, what each file is, how many pairs there are.

A line of a tree is a path, the role that is expected ("kind split group", "." for unknown, "alone" at the
end) and, after "<", what the file holds if not the usual of its extension. ``a.zip:b/c.json`` is a member.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

from qc.deliverable import layouts
from qc.deliverable.listing import Deliverable, open_deliverable
from tests.deliverable import zips
from tests.deliverable.test_pairing import pairs_of

#: What files hold, by name in a tree.
CONTENT = {
    "voc": "<annotation><filename>a.jpg</filename><size><width>9</width></size><object/></annotation>",
    "cvat": '<?xml version="1.0"?>\n<annotations><meta/><image id="0" name="a.jpg"/></annotations>',
    "yolo": "0 0.5 0.5 0.25 0.25\n3 0.1 0.2 0.3 0.4\n",
    "segments": "1 0.1 0.1 0.2 0.1 0.2 0.2\n",
    "coco": '{"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": [], "categories": []}',
    "names": "names: [cat, dog]\nnc: 2\n",
    "caption": "A dog runs over a meadow.\n",
    "photos": "PHOTO_FILE_NM,TRAVEL_ID\na.jpg,1\n",
    "visits": "TRAVEL_ID,VISIT_AREA_ID\n1,2\n",
    "text": '{"guid": "nli-1", "premise": "발코니에서 쉴 수 있습니다.", "gold_label": "entailment"}',
    "drawn": '{"shapes": [{"label": "cat", "points": [[1, 2], [3, 4]]}], "imagePath": "a.jpg"}',
    "spoken": '{"발화정보": {"stt": "안녕하세요", "fileNm": "a.wav"}}',
    "ner": "경\tB-OG\n찰\tI-OG\n은\tO\n또\tO\n",
    "sts": "guid\tsource\tsentence1\tlabel\n1\tairbnb\t숙소가 아주 좋습니다.\t3.7\n",
    "class": '{"class": "고양이", "confidence": 0.9, "worker": "w_01", "size": [1, 2, 3, 4]}',
}
USUAL = {"json": "{}", "xml": "<a/>", "txt": "x", "csv": "a,b\n1,2\n", "tsv": "a\tb\n1\t2\n"}

TREES: dict[str, tuple[str, int, str]] = {
    # --- AI-Hub: domain.md 2.1 and 2.2 ------------------------------------------------------------
    "aihub-2020": ("aihub", 2, """
        001.개/01.데이터/1.Training/원천데이터/a.jpg            source training
        001.개/01.데이터/1.Training/라벨링데이터/a.json         label training
        001.개/01.데이터/2.Validation/원천데이터/b.jpg          source validation
        001.개/01.데이터/2.Validation/라벨링데이터/b.json       label validation
    """),
    "aihub-2020-underscore": ("aihub", 1, """
        01.데이터/1_Training/원천데이터/a.jpg                   source training
        01.데이터/1_Training/라벨링데이터/a.json                label training
    """),
    "aihub-2020-space": ("aihub", 1, """
        01.데이터/1. Training/원천데이터/a.jpg                  source training
        01.데이터/1. Training/라벨링데이터/a.json               label training
    """),
    "aihub-2020-brackets": ("aihub", 1, """
        01.데이터/01.Training/[원천]강아지_TS.zip:a.jpg         source training
        01.데이터/01.Training/[라벨]강아지_TL.zip:a.json        label training
    """),
    "aihub-2020-brackets-unpacked": ("aihub", 1, """
        01.데이터/01.Training/[원천]강아지_TS/a.jpg             source training
        01.데이터/01.Training/[라벨]강아지_TL/a.json            label training
    """),
    "aihub-2020-submission": ("aihub", 1, """
        01.데이터/1.Training/원천데이터/a.jpg                   source training
        01.데이터/1.Training/라벨링데이터/a.json                label training
        02.저작도구/settings.json                               other
        03.AI모델/model.bin                                     other
        04.설명서/설명서.pdf                                    document
    """),
    "aihub-2021-words-in-other-places": ("aihub", 1, """
        015.원천·라벨 통합/01.데이터/1.Training/원천데이터/a.jpg                  source training
        015.원천·라벨 통합/01.데이터/1.Training/강아지_라벨링 데이터.zip:a.json   label training
    """),
    "aihub-2022-eyes": ("aihub", 2, """
        TS/001/T1/Monitor/rgb/a.png                             source training
        TL/001/T1/Monitor/json_rgb/a.json                       label training
        VS/002/T1/Laptop/rgb/a.png                              source validation
        VL/002/T1/Laptop/json_rgb/a.json                        label validation
    """),
    "aihub-2022-driving": ("aihub", 2, """
        Training/TS/3D/21_215126_220914/sensor_raw_data/camera/01.jpg   source training
        Training/TS/3D/21_215126_220914/sensor_raw_data/lidar/01.pcd    source training
        Training/TL/3D/21_215126_220914/label/01.json                   label training
    """),
    "aihub-2023-organs": ("aihub", 1, """
        1.원천데이터/암/CT/a.png                                source
        2.라벨링데이터/암/CT/a.json                             label
        1.원천데이터/양성종양/CT/b.png                          source
    """),
    "aihub-2022-documents": ("aihub", 1, """
        Training/01.원천데이터/TS_1.zip:a.pdf                   source training
        Training/02.라벨링데이터/TL_1.zip:a.json                label training
    """),
    "aihub-2022": ("aihub", 2, """
        023.OCR/01-1.정식개방데이터/Training/01.원천데이터/TS_공공_1.zip:a.jpg          source training 공공
        023.OCR/01-1.정식개방데이터/Training/01.원천데이터/TS_공공_2.zip:b.jpg          source training 공공
        023.OCR/01-1.정식개방데이터/Training/02.라벨링데이터/TL_공공.zip:a.json         label training 공공
        023.OCR/01-1.정식개방데이터/Training/02.라벨링데이터/TL_공공.zip:b.json         label training 공공
        023.OCR/01-1.정식개방데이터/Other/03.설명/README.txt                            document other
    """),
    "aihub-2022-other-split": ("aihub", 1, """
        01-1.정식개방데이터/Other/01.원천데이터/a.jpg           source other
        01-1.정식개방데이터/Other/02.라벨링데이터/a.json        label other
    """),
    "aihub-2022-numbered": ("aihub", 1, """
        Training_1/01.원천데이터/TS1.zip:a.jpg                  source training
        Training_1/02.라벨링데이터/TL1.zip:a.json               label training
    """),
    "aihub-2022-english": ("aihub", 1, """
        Training/01.Source/a.jpg                                source training
        Training/02.Labeling/a.json                             label training
    """),
    "aihub-2022-sample": ("aihub", 1, """
        sample01/원천데이터/a.jpg                               source
        sample01/라벨링데이터/a.json                            label
    """),
    "aihub-2022-archives-alone": ("aihub", 1, """
        TS_A.zip:a.jpg                                          source training A
        TL_A.zip:a.json                                         label training A
    """),
    "aihub-2023": ("aihub", 2, """
        11.이름/3.개방데이터/1.데이터/Training/01.원천데이터/TS_x.zip:a.jpg             source training x
        11.이름/3.개방데이터/1.데이터/Training/02.라벨링데이터/TL_x.zip:a.json          label training x
        11.이름/3.개방데이터/1.데이터/Validation/01.원천데이터/VS_x.zip:a.jpg           source validation x
        11.이름/3.개방데이터/1.데이터/Validation/02.라벨링데이터/VL_x.zip:a.json        label validation x
    """),
    "aihub-nested-twice": ("aihub", 1, """
        Validation/01.원천데이터/VS_x/VS_x/a.jpg                source validation x
        Validation/02.라벨링데이터/VL_x/VL_x/a.json             label validation x
    """),
    "aihub-nested-twice-in-archives": ("aihub", 1, """
        Validation/01.원천데이터/VS_x_1.zip:VS_x_1/a.jpg        source validation x
        Validation/02.라벨링데이터/VL_x.zip:VL_x/VL_x/a.json    label validation x
    """),
    "aihub-sides-unpacked": ("aihub", 1, """
        Training/TS_x/a.jpg                                     source training x
        Training/TL_x/a.json                                    label training x
    """),
    "aihub-labels-of-any-kind": ("aihub", 5, """
        Training/01.원천데이터/TS_x.zip:a.jpg                   source training x
        Training/01.원천데이터/TS_x.zip:b.mp4                   source training x
        Training/01.원천데이터/TS_x.zip:c.wav                   source training x
        Training/01.원천데이터/TS_x.zip:d.txt                   source training x
        Training/01.원천데이터/TS_x.zip:e.json                  source training x
        Training/02.라벨링데이터/TL_x.zip:a.txt                 label training x
        Training/02.라벨링데이터/TL_x.zip:b.xml                 label training x
        Training/02.라벨링데이터/TL_x.zip:c.TextGrid            label training x
        Training/02.라벨링데이터/TL_x.zip:d.csv                 label training x
        Training/02.라벨링데이터/TL_x.zip:e.json                label training x
    """),
    "aihub-text-without-source": ("aihub", 0, """
        Training/02.라벨링데이터/TL_1.zip:a.json                label training . alone   < text
        Validation/02.라벨링데이터/VL_1.zip:b.json              label validation . alone < text
    """),
    "aihub-labels-of-pictures-without-source": ("aihub", 0, """
        Training/02.라벨링데이터/TL_1.zip:a.json                label training           < drawn
    """),
    "aihub-labels-of-sounds-without-source": ("aihub", 0, """
        Training/02.라벨링데이터/TL_1.zip:a.json                label training           < spoken
    """),
    "aihub-yolo": ("aihub", 1, """
        Training/01.원천데이터/a.jpg                            source training
        Training/02.라벨링데이터/a.txt                          label training           < yolo
        Training/02.라벨링데이터/classes.txt                    label training . alone
    """),
    "aihub-coco": ("aihub", 0, """
        Training/01.원천데이터/TS_STR.zip:a.jpg                 source training str
        Training/02.라벨링데이터/TL_STR.zip:all.json            label training str       < coco
    """),
    "aihub-travel": ("aihub", 0, """
        Training/01.원천데이터/TS_photo.zip:a.jpg               source training photo
        Training/02.라벨링데이터/TL_csv.zip:tn_tour_photo.csv   label training csv       < photos
        Training/02.라벨링데이터/TL_csv.zip:tn_visit_area_info.csv  label training csv    < visits
    """),
    "aihub-takes": ("aihub", 4, """
        Training/01.원천데이터/TS_1.zip:take_01/cam_1/0001.jpg  source training
        Training/02.라벨링데이터/TL_1.zip:take_01/keypoints_01.csv  label training
        Training/02.라벨링데이터/TL_1.zip:take_01/normal_AI_01.json  label training
        Training/01.원천데이터/TS_1.zip:take_02/cam_1/0001.jpg  source training
        Training/01.원천데이터/TS_1.zip:take_02/cam_2/0001.jpg  source training
        Training/02.라벨링데이터/TL_1.zip:take_02/keypoints_02.csv  label training
    """),
    # --- Pascal VOC --------------------------------------------------------------------------------
    "voc": ("voc", 2, """
        VOCdevkit/VOC2012/JPEGImages/a.jpg                      source
        VOCdevkit/VOC2012/Annotations/a.xml                     label . < voc
        VOCdevkit/VOC2012/ImageSets/Main/train.txt              document
        VOCdevkit/VOC2012/SegmentationClass/a.png               label
    """),
    "voc-split": ("voc", 1, """
        train/JPEGImages/a.jpg                                  source training
        train/Annotations/a.xml                                 label training < voc
    """),
    "voc-in-one-folder": ("flat", 1, """
        a.jpg                                                   source
        a.xml                                                   label . < voc
    """),
    "voc-in-folders-of-other-names": ("images-labels", 1, """
        images/a.jpg                                            source
        annotations/a.xml                                       label . < voc
    """),
    # --- YOLO --------------------------------------------------------------------------------------
    "yolo-split-above": ("yolo", 2, """
        data.yaml                                               label . . alone < names
        train/images/a.jpg                                      source training
        train/labels/a.txt                                      label training < yolo
        valid/images/b.jpg                                      source validation
        valid/labels/b.txt                                      label validation < yolo
        README.dataset.txt                                      document
    """),
    "yolo-split-below": ("yolo", 1, """
        classes.txt                                             label . . alone
        images/train/a.jpg                                      source training
        labels/train/a.txt                                      label training < segments
    """),
    "yolo-labelimg": ("yolo", 1, """
        images/a.jpg                                            source
        labels/a.txt                                            label . < yolo
        labels/classes.txt                                      label . . alone
    """),
    "yolo-darknet": ("yolo", 1, """
        obj_train_data/a.jpg                                    source training
        obj_train_data/a.txt                                    label training < yolo
        obj.names                                               label . . alone
        obj.data                                                document
        train.txt                                               document
    """),
    "yolo-in-one-folder": ("yolo", 1, """
        a.jpg                                                   source
        a.txt                                                   label . < yolo
        classes.txt                                             label . . alone
    """),
    "yolo-labels-alone": ("yolo", 0, """
        labels/a.txt                                            label . < yolo
    """),
    # --- CVAT --------------------------------------------------------------------------------------
    "cvat-images": ("cvat", 0, """
        annotations.xml                                         label . < cvat
        images/a.jpg                                            source
    """),
    "cvat-tasks": ("cvat", 2, """
        task_1/annotations.xml                                  label . < cvat
        task_1/images/a.jpg                                     source
        task_2/annotations.xml                                  label . < cvat
        task_2/images/a.jpg                                     source
    """),
    "cvat-subsets": ("cvat", 0, """
        annotations.xml                                         label . < cvat
        images/train/a.jpg                                      source training
    """),
    "cvat-video": ("flat", 1, """
        238/a.mp4                                               source
        238/a.xml                                               label . < cvat
    """),
    # --- COCO --------------------------------------------------------------------------------------
    "coco": ("coco-file", 0, """
        annotations/instances_train2017.json                    label training < coco
        annotations/captions_val2017.json                       label validation < coco
        annotations/image_info_test-dev2017.json                label test < coco
        train2017/a.jpg                                         source training
        val2017/b.jpg                                           source validation
    """),
    "coco-roboflow": ("coco-file", 0, """
        train/_annotations.coco.json                            label training < coco
        train/a.jpg                                             source training
        valid/_annotations.coco.json                            label validation < coco
        valid/b.jpg                                             source validation
    """),
    # --- folders, flat, tables, text ---------------------------------------------------------------
    "images-labels": ("images-labels", 1, """
        원천데이터_샘플.txt                                      other
        이미지/a.JPG                                            source
        라벨/a.json                                             label
    """),
    "images-labels-split-below": ("images-labels", 1, """
        images/train/a.jpg                                      source training
        labels/train/a.json                                     label training
    """),
    "flat": ("flat", 1, """
        x/a.jpg                                                 source
        x/a.json                                                label
        x/메모.txt                                              other
    """),
    "flat-captions": ("flat-text", 2, """
        a.jpg                                                   source
        a.txt                                                   label . < caption
        b.mp4                                                   source
        b.srt                                                   label
    """),
    "sensor-tables": ("flat-text", 1, """
        ecg/a.wav                                               source
        ecg/a.csv                                               label
    """),
    "tables-and-photos": ("tables", 0, """
        csv/tn_tour_photo.csv                                   label . < photos
        csv/tn_visit_area_info.csv                              label . < visits
        photo/a.jpg                                             source
    """),
    "table-of-each-split": ("tables", 0, """
        train.csv                                               label training < photos
        train/a.jpg                                             source training
    """),
    "klue": ("text", 0, """
        klue-ner-v1.1/klue-ner-v1.1_dev.tsv                     label validation . alone < ner
        klue-nli-v1.1/klue-nli-v1.1_train.json                  label training . alone < text
        klue-re-v1.1/relation_list.json                         label . . alone
        README.md                                               document
    """),
    "dialogues": ("text", 0, """
        대화/001.json                                           label . . alone < text
        대화/002.json                                           label . . alone < text
    """),
    "text-in-an-archive": ("text", 0, """
        말뭉치.zip:학습/a.tsv                                   label training . alone < sts
    """),
    "labels-of-pictures-alone": ("flat", 0, """
        a.json                                                  label . < drawn
        b.json                                                  label . < drawn
    """),
    "labels-of-unknown-things-alone": ("flat", 0, """
        a.json                                                  label . < class
        b.json                                                  label . < class
    """),
    "labels-of-sounds-alone": ("flat", 0, """
        a.json                                                  label . < spoken
    """),
}  # fmt: skip


def planted(base: Path, tree: str) -> dict[str, str]:
    """The files of a tree, written below ``base``; the roles that are expected, by path."""
    loose: dict[str, str] = {}
    archives: dict[str, dict[str, bytes]] = defaultdict(dict)
    expected: dict[str, str] = {}
    for line in filter(None, map(str.strip, tree.splitlines())):
        said, _, content = line.partition(" < ")
        path, role = re.split(r"\s{2,}", said.strip(), maxsplit=1)
        words = [word for word in role.casefold().split() if word != "alone"]
        expected[path] = " ".join([*words, ".", "."][:3]) + (" alone" if "alone" in role else "")
        text = CONTENT[content.strip()] if content else USUAL.get(path.rpartition(".")[2], "x")
        container, _, member = path.rpartition(":")
        if container:
            archives[container][member] = text.encode()
        else:
            loose[path] = text
    zips.tree(base, loose)
    for container, members in archives.items():
        zips.plain(base / container, members)
    return expected


def roles(found: Deliverable) -> dict[str, str]:
    """Roles as a tree writes them, by path."""
    said = {}
    for row in found.files.to_pylist():
        if row["kind"] != "archive":
            path = ":".join(filter(None, (row["container_path"], row["path"])))
            words = [row[name] or "." for name in ("kind", "split", "group_key")]
            said[path] = " ".join(words) + (" alone" if row["alone"] else "")
    return said


@pytest.mark.parametrize("name", TREES)
def test_trees(tmp_path: Path, name: str) -> None:
    layout, pairs, tree = TREES[name]
    expected = planted(tmp_path / "납품", tree)
    found = open_deliverable(tmp_path / "납품")
    assert found.layout.id == layout, [(one.layout, one.score) for one in found.layout_reason.candidates]
    assert roles(found) == expected
    assert len(pairs_of(found.files)) == pairs


@pytest.mark.parametrize("name", TREES)
def test_a_layout_that_is_named_finds_the_same(tmp_path: Path, name: str) -> None:
    layout, _, tree = TREES[name]
    expected = planted(tmp_path, tree)
    found = open_deliverable(tmp_path, layout=layout)
    assert found.layout_reason.how == "given"
    assert roles(found) == expected


def test_every_layout_has_a_tree() -> None:
    assert {layout for layout, _, _ in TREES.values()} == {one.id for one in layouts.shipped()}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("aihub-2020", "aihub-2020"),
        ("aihub-2020-space", "aihub-2020"),
        ("aihub-2022", "aihub-2022"),
        ("aihub-2023", "aihub-2023"),
        ("aihub-sides-unpacked", "aihub-unpacked"),
        ("voc", "voc-xml"),
        ("yolo-darknet", "yolo-lines"),
        ("yolo-darknet", "yolo-classes"),
        ("cvat-tasks", "cvat-name"),
        ("coco-roboflow", "coco-keys"),
        ("flat-captions", "same-stem"),
        ("tables-and-photos", "tables"),
        ("klue", "no-media"),
    ],
)
def test_the_reason_is_said(tmp_path: Path, name: str, reason: str) -> None:
    planted(tmp_path, TREES[name][2])
    found = open_deliverable(tmp_path).layout_reason
    assert found.how == "detected"
    assert f"layout.reason.{reason}" in [said.key for said in found.reasons]


def test_an_archive_that_cannot_be_opened_may_hide_media(tmp_path: Path) -> None:
    planted(tmp_path, TREES["dialogues"][2])
    zips.tree(tmp_path, {"원천.7z": "x"})
    found = open_deliverable(tmp_path)
    assert found.layout.id == "flat"
    assert not any("alone" in role for role in roles(found).values())
