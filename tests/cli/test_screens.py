"""What the screens look like: widths, order, words."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.cells import cell_len
from rich.console import Console, RenderableType

from qc.errors import Said
from qc.report.preview import SchemaSeen
from qc.report.seen import duration, preview_view
from qc.report.summary import collect
from qc.report.text import result_view, verdict_line
from qc.verdict import IndicatorResult, Reason
from qc.words import Language, Words
from tests.cli import made


def drawn(*renderables: RenderableType, width: int = 80, terminal: bool = True) -> str:
    file = io.StringIO()
    console = Console(
        file=file,
        width=width,
        force_terminal=terminal,
        no_color=True,
        markup=False,
        emoji=False,
        highlight=False,
    )
    for renderable in renderables:
        console.print(renderable, crop=terminal)
    text = file.getvalue()
    return "".join(
        part if place == 0 else part.partition("m")[2] for place, part in enumerate(text.split("\x1b["))
    )


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("lang", ["ko", "en"])
def test_nothing_is_wider_than_the_terminal_or_lost(stored: Path, lang: Language, width: int) -> None:
    words = Words(lang)
    summary = collect(stored)
    text = drawn(preview_view(made.preview(), words, "0.1.0"), result_view(summary, words), width=width)
    assert max(map(cell_len, text.splitlines())) <= width
    assert "…" not in text
    for missing in ("screen.", "verdict.", "{", "None"):
        assert missing not in text
    squeezed = "".join(text.split())
    for group in summary.groups:
        for finding in group.examples:
            assert "".join(str(finding.place).split()) in squeezed


def test_worst_come_first(stored: Path) -> None:
    assert [group.outcome.check for group in collect(stored).groups] == [
        "shapes.order-confusion",
        "shapes.outside-image",
        "files.unpaired-source",
        "schema.format",
        "documents.encoding",
    ]


def test_examples_come_from_different_files_and_the_rest_is_counted(stored: Path) -> None:
    group = collect(stored).groups[1]
    assert [str(finding.place.pointer) for finding in group.examples] == [
        "/annotations/0/bbox",
        "/annotations/3/bbox",
        "/annotations/6/bbox",
    ]
    assert (group.findings, group.waived, group.files) == (130, 2, 44)
    text = drawn(result_view(collect(stored), Words("ko")))
    assert "그 밖에 127건" in text
    assert "라벨 5,012개 중 132개(2.63%) · 파일 44개" in text


def test_groups_beyond_the_limit_get_a_line_each(stored: Path) -> None:
    text = drawn(result_view(collect(stored), Words("en"), full=1))
    assert "shapes.order-confusion" in text
    assert "Shape outside its image  shapes.outside-image  130 found" in text
    assert "/annotations/0/bbox" not in text


def test_a_message_that_is_always_the_same_is_said_once(stored: Path) -> None:
    text = drawn(result_view(collect(stored), Words("ko")))
    assert text.count("짝이 되는 라벨 파일이 없습니다") == 1
    assert text.count("허용된 값이 아닙니다") == 1


def test_could_not_tell_is_told_with_what_is_needed(stored: Path) -> None:
    text = drawn(result_view(collect(stored), Words("ko")))
    after = " ".join(text[text.index("검사하지 못한 항목") :].split())
    assert (
        "items.image-size · 라벨에 적힌 크기와 이미지 크기가 다릅니다: 데이터 599건 모두 검사하지 못함"
        in after
    )
    assert "→ 원천데이터 이미지가 필요합니다" in after
    assert "라벨 5,050건 중 38건 검사하지 못함" in after
    assert (
        text.index("판정")
        < text.index("검사 항목 6개: 결함 발견 5개 · 검사하지 못함 1개")
        < text.index("먼저 고칠 것")
    )


def test_what_decided_stands_apart_from_what_stands_open(tmp_path: Path) -> None:
    decided = made.verdict()
    beside = Reason("inconclusive", "not-measured", "annotation-consistency", None, {"unit": "item"})
    items = IndicatorResult(
        "annotation-consistency", {"ko": "라벨 일관성", "en": "label consistency"}, "item", "not-measured"
    )
    more = replace(decided, reasons=(*decided.reasons, beside), indicators=(*decided.indicators, items))
    text = " ".join(drawn(result_view(collect(made.run(tmp_path, result=more)), Words("ko"))).split())
    assert text.count(" - ") >= len(decided.deciding)
    assert "하나도 없었습니다" not in text
    assert "이 밖에 검사하지 못한 품질지표: " in text and "라벨 일관성 [데이터(이미지 등)]" in text
    alone = replace(more, result="inconclusive", reasons=(beside,))
    text = " ".join(drawn(result_view(collect(made.run(tmp_path, result=alone)), Words("ko"))).split())
    assert "라벨 일관성: 검사할 수 있는 데이터(이미지 등)가 하나도 없었습니다" in text
    assert "[데이터(이미지 등)]" not in text


def test_found_media_of_a_list_and_items_of_a_file_are_told(tmp_path: Path) -> None:
    row = made.finding("shapes.outside-image", pointer="/annotations/8", item_name="b/1\x1b.jpg")
    run = made.run(tmp_path, rows=[row])
    info = json.loads((run / "run.json").read_text(encoding="utf-8"))
    made.dump(run / "run.json", {**info, "listed": {"media": 1500, "found": 1}})
    text = drawn(result_view(collect(run), Words("en")))
    assert "of 1,500 media that labels list, 1 is in the deliverable" in text
    assert "/annotations/8  b/1\\x1b.jpg" in text


def test_crashed_checks_are_ours(tmp_path: Path) -> None:
    ran = [
        made.outcome(
            "shapes.outside-image", "annotation", "annotation-consistency", status="crashed", error="E: x"
        )
    ]
    text = drawn(result_view(collect(made.run(tmp_path, rows=[], ran=ran)), Words("ko")))
    assert "도구 오류로 검사가 실패했습니다 (E: x)" in " ".join(text.split())
    assert "검사 항목 1개: 결함 발견 0개 · 검사 실패 1개" in text
    assert "고칠 것이 없습니다" in text


def test_clean_run_says_so(tmp_path: Path) -> None:
    clean = replace(made.verdict(), result="accepted", reasons=(), waived=0)
    summary = collect(made.run(tmp_path, rows=[], result=clean, ran=[]))
    text = drawn(result_view(summary, Words("ko")))
    assert "✓ 적합" in text and "고칠 것이 없습니다." in text
    assert "먼저 고칠 것" not in text and "findings.csv" not in text
    assert "부적합" not in drawn(verdict_line(summary, Words("ko")))


def test_control_signs_of_file_names_do_not_reach_the_terminal(tmp_path: Path) -> None:
    rows = [
        made.finding(
            "files.unpaired-source", container_path=None, path="a\x1b[31m\u202e.jpg", subject_kind="file"
        )
    ]
    text = drawn(result_view(collect(made.run(tmp_path, rows=rows)), Words("ko")))
    assert "a\\x1b[31m\\u202e.jpg" in text


@pytest.mark.parametrize(
    ("more", "said"),
    [
        pytest.param({"archives": 0}, "파일 1,204개 · 1.2 GB", id="no archives"),
        pytest.param({"plan": Path("/x/qc.toml")}, "/x/qc.toml", id="plan"),
        pytest.param(
            {"schemas": (), "unknown_labels": 7}, "형식을 알 수 없는 라벨 파일 7개", id="no schema fits"
        ),
        pytest.param(
            {"unread_labels": {"txt": 1, "xml": 12}},
            "아직 읽을 수 없는 종류의 라벨 파일 13개(xml 12, txt 1)",
            id="no reader",
        ),
        pytest.param(
            {"schemas": (SchemaSeen("x", {}, 0, 0, 0, Said("screen.phase.load")),)},
            "이 패턴에 맞는 라벨 파일이 없습니다",
            id="a glob that matches nothing",
        ),
        pytest.param(
            {
                "schemas": (
                    SchemaSeen("x", {}, 4, 4, 4, Said("screen.phase.load"), places=("a", "b", "", "d", "e")),
                    SchemaSeen("y", {}, 4, 4, 4, Said("screen.phase.load"), places=("c",)),
                )
            },
            "위치: a, b, (맨 위 폴더) 외 2곳",
            id="several formats",
        ),
        pytest.param({"schemas": ()}, "라벨 파일이 없습니다", id="no labels"),
        pytest.param(
            {"pairs": 0, "labels": 1, "orphan_labels": 1, "sources": 3},
            "이름이 같은 짝이 없습니다 (원천데이터 3개, 라벨 1개)",
            id="names inside the labels",
        ),
        pytest.param({"labels": 7, "sources": 0}, "원천데이터 없이 라벨만 7개", id="no sources"),
        pytest.param(
            {"labels": 7, "sources": 0, "alone": 7}, "라벨을 곧 데이터로 봅니다", id="text data themselves"
        ),
        pytest.param({"labels": 7, "sources": 6, "alone": 1}, "클래스 목록 등", id="a list of classes"),
        pytest.param(
            {"schemas": (SchemaSeen("x", {}, 1, 1, 1, Said("screen.phase.load"), ("a", "b")),)},
            "읽지 않은 항목: a, b",
            id="not read",
        ),
        pytest.param({"resumed_files": 300}, "이미 읽은 300개는", id="resumed"),
        pytest.param(
            {"since": Path("/runs/1차"), "taken_files": 1190, "read_files": 14},
            "/runs/1차에서 1,190개를 가져오고 14개를 새로 읽습니다",
            id="an earlier run followed",
        ),
        pytest.param({"estimate_s": 3700.0}, "약 1시간 1분", id="long"),
        pytest.param(
            {"schemas": (SchemaSeen("x", {"ko": "엑스"}, 3, 40, 48, Said("screen.phase.load")),)},
            "표본 48개 중 40개 일치(83%)",
            id="match rate",
        ),
    ],
)
def test_preview_tells_what_it_sees(more: dict[str, Any], said: str) -> None:
    assert said in drawn(preview_view(made.preview(**more), Words("ko"), "0.1.0"))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "1초"),
        (8.4, "8초"),
        (59.7, "1분 0초"),
        (200, "3분 20초"),
        (3599.6, "1시간 0분"),
        (7500, "2시간 5분"),
    ],
)
def test_duration(seconds: float, said: str) -> None:
    assert duration(seconds, Words("ko")) == said


def test_archives_are_called_by_their_name_where_it_is_the_only_one(tmp_path: Path) -> None:
    names = ["Training/TL_1.zip", "Validation/TL_1.zip", "Training/TL_2.zip", None]
    run = made.run(
        tmp_path,
        rows=[
            made.finding("files.unpaired-source", container_path=name, path=f"{place}.json", file=place)
            for place, name in enumerate(names)
            if place != 1
        ],
    )
    pq.write_table(pa.table({"container_path": names}), run / "files.parquet")
    text = drawn(result_view(collect(run), Words("ko")))
    assert "· Training/TL_1.zip › 0.json" in text
    assert "· TL_2.zip › 2.json" in text
    assert "· 3.json" in text


def test_an_archive_in_an_archive_is_called_by_both(tmp_path: Path) -> None:
    outer, inner = "Training/TL_2.zip", "Training/TL_2.zip/a/in.zip"
    found = made.finding("files.unpaired-source", container_path=inner, path="4.json", file=4)
    run = made.run(tmp_path, rows=[found])
    pq.write_table(pa.table({"container_path": [outer, inner]}), run / "files.parquet")
    assert "· TL_2.zip › a/in.zip › 4.json" in drawn(result_view(collect(run), Words("ko")))
