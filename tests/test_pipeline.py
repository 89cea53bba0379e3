"""What the options of a check change in its run, beyond the verdict that the end-to-end test holds."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from qc import content, pipeline
from qc.errors import QcError
from qc.report.preview import CheckOptions, Preview, Silent
from qc.runs.folder import Run
from qc.words import Words

SAMPLE = content.folder("sample_datasets") / "s01-clean"


class Heard(Silent):
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.previews: list[Preview] = []
        self.phases: list[str] = []

    def preview(self, preview: Preview) -> None:
        self.previews.append(preview)

    def phase(self, name: str) -> None:
        self.phases.append(name)


def check(out: Path, **options: Any) -> tuple[Run, Heard]:
    heard = Heard()
    return pipeline.check(CheckOptions(SAMPLE, out=out, jobs=1, **options), heard), heard


def ask(run: Run, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(run.facts, read_only=True) as con:
        return con.execute(sql).fetchall()


def test_full_digests_are_those_of_the_bytes(tmp_path: Path) -> None:
    run, _ = check(tmp_path / "run", digest="full")
    rows = ask(run, "SELECT path, digest FROM files WHERE kind IN ('source', 'label') ORDER BY path")
    assert len(rows) > 100
    for path, digest in rows:
        own = hashlib.blake2b((SAMPLE / path).read_bytes(), digest_size=16).hexdigest()
        assert digest == f"blake2b:{own}", path
    # With digests, a picture is told by its bytes and not by its name.
    assert json.loads((run.path / "run.json").read_text(encoding="utf-8"))["options"]["digest"] == "full"


def test_without_media_sizes_could_not_be_told(tmp_path: Path) -> None:
    run, _ = check(tmp_path / "run", media="none")
    assert ask(run, "SELECT count(*) FROM media") == [(0,)]
    outcomes = {o["check"]: o for o in json.loads(run.outcomes.read_text(encoding="utf-8"))}
    assert outcomes["items.image-size"]["status"] == "not-checked"
    assert outcomes["items.image-size"]["unknown"] == ask(run, "SELECT count(*) FROM items")[0][0]
    assert outcomes["shapes.outside-image"]["status"] == "ran"  # by the declared sizes


def test_the_run_says_how_it_was_made(tmp_path: Path) -> None:
    run, heard = check(tmp_path / "run")
    (preview,) = heard.previews
    assert (preview.labels, preview.sources, preview.pairs) == (60, 60, 60)
    assert ask(run, "SELECT count(*), count(DISTINCT label), min(rule) FROM pairs") == [(60, 60, "P1")]
    assert (preview.layout.id, [s.id for s in preview.schemas]) == ("images-labels", ["aihub-s01-low-light"])
    assert heard.phases == ["list", "labels", "load", "link", "derive", "checks", "verdict"]
    info = json.loads((run.path / "run.json").read_text(encoding="utf-8"))
    assert info["state"] == "finished"
    assert info["deliverable"]["manifest"].startswith("blake2b:")
    assert info["schemas"][0]["digest"].startswith("sha256:")
    assert set(info["timings"]) == {"list", "read", "load", "link", "derive", "checks", "verdict"}
    assert info["checks"].keys() >= {"shapes.degenerate", "item_sizes"}
    assert not run.work.exists()


def test_another_deliverable_does_not_go_on_with_a_run(tmp_path: Path) -> None:
    run, _ = check(tmp_path / "run")
    with pytest.raises(QcError) as caught:
        check(tmp_path / "run")
    assert caught.value.key == "errors.run-finished"
    info = json.loads(run.json.read_text(encoding="utf-8")) | {"state": "unfinished"}
    run.json.write_text(json.dumps(info), encoding="utf-8")
    with pytest.raises(QcError) as caught:
        check(tmp_path / "run", media="none")
    assert caught.value.key == "errors.run-other-inputs"


def test_one_check_alone(tmp_path: Path) -> None:
    run, _ = check(tmp_path / "run", select=("shapes",), ignore=("shapes.duplicate",))
    checked = {o["check"] for o in json.loads(run.outcomes.read_text(encoding="utf-8"))}
    assert checked
    assert all(c.startswith("shapes.") for c in checked)
    assert "shapes.duplicate" not in checked


class Noted(Heard):
    """Keeps what was remarked, in Korean."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []

    def note(self, key: str, **values: object) -> None:
        assert self.previews, "a remark comes after the preview"
        self.notes.append(Words("ko").text(key, **values))


def remarks(folder: Path, documents: dict[str, str], plan: str = "") -> tuple[Run, Noted]:
    """What is remarked of a folder of labels, and its run."""
    for name, text in documents.items():
        path = folder / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (folder / "qc.toml").write_text(plan, encoding="utf-8")
    heard = Noted()
    options = CheckOptions(folder / "data", plan=folder / "qc.toml", out=folder / "run", jobs=1)
    return pipeline.check(options, heard), heard


def test_labels_without_a_reader_or_a_format_are_told_with_what_to_do(tmp_path: Path) -> None:
    documents = {
        "a/1.textgrid": "x",
        "a/2.textgrid": "x",
        "c/1.json": '{"shapes": [], "x": 1}',
    }
    run, heard = remarks(tmp_path, documents)
    verdict = json.loads(run.verdict.read_text(encoding="utf-8"))
    assert verdict["result"] == "inconclusive"
    reader, format_ = heard.notes
    assert "(textgrid 2" in reader and "변환" in reader
    assert (
        "라벨 파일이 1개" in format_
        and "가장 가까운 형식은 labelme" in format_
        and "--schema FILE" in format_
    )
    assert heard.previews[0].unread_labels["textgrid"] == 2
    assert heard.previews[0].unknown_labels == 1


def test_a_glob_of_the_plan_that_matches_nothing_is_told(tmp_path: Path) -> None:
    plan = '[[schemas]]\nmatch = "nowhere/*.json"\nschema = "labelme"\n'
    _, heard = remarks(tmp_path, {"a/1.json": '{"q": 1}'}, plan)
    assert 'match = "nowhere/*.json"(labelme)에 맞는 라벨 파일이 없습니다' in heard.notes[0]
    assert "비슷한 형식도 없으므로" in heard.notes[1]
    assert [(s.id, s.files) for s in heard.previews[0].schemas] == [("labelme", 0)]
