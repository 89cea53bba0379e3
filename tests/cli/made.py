"""A stored run and a preview made by hand, so that screens can be tested without a pipeline."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from qc import indicators
from qc.checks.model import Outcome
from qc.errors import Said
from qc.report import catalogue
from qc.report.preview import LayoutSeen, Preview, SchemaSeen
from qc.verdict import IndicatorResult, Reason, Verdict

FINDINGS = pa.schema(
    [
        ("finding", pa.string()),
        ("check", pa.string()),
        ("severity", pa.string()),
        ("effect", pa.string()),
        ("certainty", pa.string()),
        ("indicator", pa.string()),
        ("subject_kind", pa.string()),
        ("subject", pa.string()),
        ("file", pa.uint64()),
        ("container_path", pa.string()),
        ("path", pa.string()),
        ("pointer", pa.string()),
        ("line", pa.int64()),
        ("col", pa.int64()),
        ("item", pa.uint64()),
        ("item_name", pa.string()),
        ("class", pa.string()),
        ("group_id", pa.string()),
        ("values", pa.string()),
        ("fingerprint", pa.string()),
        ("waived", pa.bool_()),
    ]
)

WORDS: dict[str, dict[str, dict[str, str]]] = {
    "shapes.outside-image": {
        "ko": {
            "title": "도형이 이미지 밖으로 나갔습니다",
            "message": "도형이 이미지 경계를 {overflow:.1f}px 벗어났습니다 (이미지 {width}×{height}px)",
            "why": "학습할 때 잘못된 영역을 배웁니다",
            "fix": "좌표를 이미지 크기 안으로 고치거나, 이미지를 줄였다면 라벨도 함께 줄이십시오",
            "needs": "원천데이터의 이미지 크기",
        },
        "en": {
            "title": "Shape outside its image",
            "message": "the shape leaves the image by {overflow:.1f}px (image {width}×{height}px)",
            "why": "a wrong area is learnt",
            "fix": "move the coordinates into the image, or scale the labels together with the images",
            "needs": "size of the images",
        },
    },
    "shapes.order-confusion": {
        "ko": {
            "title": "박스 좌표의 순서가 스키마와 다릅니다",
            "message": "xyxy로 읽으면 박스 {boxes:,}개 중 {outside:,}개가 이미지를 벗어납니다",
            "why": "모든 박스의 크기가 틀리게 됩니다",
            "fix": "좌표 순서를 스키마와 맞추십시오",
        },
        "en": {
            "title": "Box coordinates in another order than promised",
            "message": "read as xyxy, {outside:,} of {boxes:,} boxes leave the image; read as xywh none does",
            "why": "every box has a wrong size",
            "fix": "write the coordinates in the order of the schema",
        },
    },
    "files.unpaired-source": {
        "ko": {
            "title": "라벨이 없는 원천데이터",
            "message": "짝이 되는 라벨 파일이 없습니다",
            "why": "라벨이 없으면 학습에 쓸 수 없습니다",
            "fix": "라벨 파일을 추가하거나 원천데이터를 빼십시오",
        },
        "en": {
            "title": "Source without a label",
            "message": "no label file belongs to it",
            "why": "it cannot be learnt from",
            "fix": "add the label file or take the source out",
        },
    },
    "schema.format": {
        "ko": {
            "title": "속성값의 형식이 스키마와 다릅니다",
            "message": "{problem}",
            "why": "구문 정확성: 형식",
            "fix": "값을 스키마에 맞게 고치십시오",
        },
        "en": {
            "title": "Value breaks the schema",
            "message": "{problem}",
            "why": "syntactic accuracy: format",
            "fix": "write the value as the schema says",
        },
    },
    "documents.encoding": {
        "ko": {
            "title": "UTF-8이 아닌 라벨 파일",
            "message": "{encoding}로 쓰였습니다",
            "why": "표준은 UTF-8입니다",
            "fix": "UTF-8로 저장하십시오",
        },
        "en": {
            "title": "Label file not in UTF-8",
            "message": "written in {encoding}",
            "why": "UTF-8 is the standard",
            "fix": "save it as UTF-8",
        },
    },
    "items.image-size": {
        "ko": {
            "title": "라벨에 적힌 크기와 이미지 크기가 다릅니다",
            "message": "라벨은 {declared}, 이미지는 {actual}",
            "why": "좌표가 어긋납니다",
            "fix": "라벨의 크기를 고치십시오",
            "needs": "원천데이터 이미지가 필요합니다",
        },
        "en": {
            "title": "Declared size is not the image's",
            "message": "label {declared}, image {actual}",
            "why": "coordinates do not fit",
            "fix": "correct the size in the label",
            "needs": "the images themselves are needed",
        },
    },
}


def outcome(check: str, subject: str, indicator: str, **more: Any) -> Outcome:
    given: dict[str, Any] = {
        "effect": "measure",
        "severity": "error",
        "certainty": "certain",
        "status": "ran",
        "examined": 1000,
        "seconds": 0.012,
    } | more
    return Outcome(check=check, subject=subject, indicator=indicator, **given)


def finding(check: str, **more: Any) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(FINDINGS.names)
    row |= {"check": check, "severity": "error", "effect": "measure", "certainty": "certain"}
    row |= {
        "indicator": "annotation-consistency",
        "subject_kind": "annotation",
        "subject": "1",
        "waived": False,
    }
    row |= {"container_path": "Training/02.라벨링데이터/TL_실내.zip", "path": "거실/SN_0001.json", "file": 1}
    values = more.pop("values", {})
    row |= more
    row["values"] = json.dumps(values, ensure_ascii=False)
    return row


def indicator(id_: str, status: str, **more: Any) -> IndicatorResult:
    known = indicators.shipped()[id_]
    return IndicatorResult(id_, known.name, known.unit, status, **more)  # type: ignore[arg-type]


def findings() -> list[dict[str, Any]]:
    """Five kinds; 132 of ``shapes.outside-image`` in 44 files, the last two of them waived."""
    rows = [
        finding(
            "documents.encoding",
            severity="info",
            effect="note",
            subject_kind="file",
            path="침실/SN_0700.json",
            file=700,
            indicator="file-validity",
            values={"encoding": "CP949"},
        )
    ]
    rows += [
        finding(
            "files.unpaired-source",
            container_path="Validation/01.원천데이터/VS_실내.zip",
            path=f"주방/SN_{number:04}.jpg",
            file=9000 + number,
            subject_kind="file",
            indicator="file-validity",
        )
        for number in (31, 77)
    ]
    rows += [
        finding(
            "schema.format",
            severity="warning",
            subject_kind="path",
            indicator="format-accuracy",
            pointer=f"/annotations/{number}/attributes/밝기",
            line=40 + number,
            col=17,
            values={
                "keyword": "enum",
                "expected": '["어두움", "매우 어두움"]',
                "found": '{"type": "string", "length": 3}',
                "detail": None,
            },
        )
        for number in range(4)
    ]
    rows += [
        finding(
            "shapes.order-confusion",
            effect="gate",
            subject_kind="dataset",
            subject="dataset",
            container_path=None,
            path=None,
            file=None,
            values={"boxes": 52340, "outside": 18811},
        )
    ]
    rows += [
        finding(
            "shapes.outside-image",
            container_path="Training/02.라벨링데이터/TL_실내.zip",
            path=f"거실/SN_{number // 3:04}_2022-11-04_야간_실내_LED_스탠드.json",
            file=100 + number // 3,
            pointer=f"/annotations/{number}/bbox",
            line=23 + number,
            col=15,
            **{"class": "의자" if number % 2 else "소파"},
            values={"overflow": 12.04 + number, "width": 1920, "height": 1080},
            waived=number >= 130,
        )
        for number in range(132)
    ]
    return rows


def verdict() -> Verdict:
    missed = indicator(
        "annotation-consistency",
        "missed",
        examined=5012,
        wrong=130,
        waived=2,
        rate=4882 / 5012,
        coverage=1.0,
        target=0.99,
        min_coverage=0.9,
    )
    return Verdict(
        "rejected",
        (
            Reason(
                "rejected",
                "gate",
                "annotation-consistency",
                "shapes.order-confusion",
                {"wrong": 1, "subject": "dataset"},
            ),
            Reason(
                "rejected",
                "missed",
                "annotation-consistency",
                None,
                {
                    "unit": "annotation",
                    "rate": 4882 / 5012,
                    "target": 0.99,
                    "examined": 5012,
                    "wrong": 130,
                    "unknown": 0,
                    "allowed": 50,
                },
            ),
        ),
        (
            indicator(
                "file-validity", "met", examined=1204, wrong=2, rate=1202 / 1204, coverage=1.0, target=0.99
            ),
            indicator(
                "structure-accuracy", "met", examined=599, wrong=0, rate=1.0, coverage=1.0, target=0.995
            ),
            indicator(
                "format-accuracy",
                "met",
                examined=1204336,
                wrong=4,
                rate=1204332 / 1204336,
                coverage=1.0,
                target=0.995,
            ),
            missed,
            indicator("split-integrity", "not-measured", min_coverage=0.0),
            indicator("quantity", "not-in-scope"),
            indicator("diversity", "not-in-scope"),
        ),
        True,
        ("documents.encoding",),
        2,
    )


def outcomes() -> list[Outcome]:
    return [
        outcome(
            "documents.encoding",
            "file",
            "file-validity",
            effect="note",
            severity="info",
            examined=599,
            wrong=1,
        ),
        outcome("files.unpaired-source", "file", "file-validity", examined=605, wrong=2),
        outcome(
            "items.image-size",
            "item",
            "annotation-consistency",
            status="not-checked",
            examined=0,
            unknown=599,
        ),
        outcome(
            "schema.format",
            "path",
            "format-accuracy",
            severity="warning",
            examined=31,
            wrong=1,
            values_examined=1204336,
            values_faulty=4,
        ),
        outcome(
            "shapes.order-confusion", "dataset", "annotation-consistency", effect="gate", examined=1, wrong=1
        ),
        outcome(
            "shapes.outside-image",
            "annotation",
            "annotation-consistency",
            status="partly-checked",
            examined=5012,
            wrong=132,
            unknown=38,
            waived=2,
            seconds=0.4,
        ),
    ]


def run(
    folder: Path,
    rows: Sequence[Mapping[str, Any]] | None = None,
    result: Verdict | None = None,
    ran: Sequence[Outcome] | None = None,
) -> Path:
    """A finished run in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = findings() if rows is None else rows
    dump(
        folder / "run.json",
        {
            "format": 1,
            "state": "finished",
            "tool": {"name": "qc", "version": "0.1.0"},
            "deliverable": {"name": "028.저조도_환경_데이터"},
            "timings": {"list": 0.8, "labels": 3.25, "checks": 0.5},
        },
    )
    dump(folder / "outcomes.json", [o.to_json() for o in (outcomes() if ran is None else ran)])
    dump(folder / "verdict.json", (result or verdict()).to_json())
    catalogue.write(folder, map(words_of, WORDS))
    pq.write_table(
        pa.Table.from_pylist([dict(row) for row in rows], schema=FINDINGS), folder / "findings.parquet"
    )
    return folder


def words_of(check: str) -> dict[str, Any]:
    """A row of ``checks.json``: by part, then by language."""
    parts = {part for spoken in WORDS[check].values() for part in spoken}
    return {"id": check} | {
        part: {lang: spoken[part] for lang, spoken in WORDS[check].items()} for part in sorted(parts)
    }


def dump(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


def preview(**more: Any) -> Preview:
    given: dict[str, Any] = {
        "name": "028.저조도_환경_데이터",
        "path": Path("/data/028"),
        "files": 1204,
        "archives": 4,
        "bytes": 1_234_567_890,
        "layout": LayoutSeen(
            "aihub",
            {"ko": "AI-Hub 2022 구조", "en": "AI-Hub layout of 2022"},
            Said("screen.phase.list"),
        ),
        "schemas": (
            SchemaSeen(
                "s01-low-light",
                {"ko": "저조도 환경 객체", "en": "low-light objects"},
                599,
                50,
                50,
                Said("screen.phase.labels"),
            ),
        ),
        "pairs": 598,
        "orphan_sources": 2,
        "orphan_labels": 0,
        "unknown_labels": 0,
        "estimate_s": 12.3,
        "plan": None,
    } | more
    return Preview(**given)
