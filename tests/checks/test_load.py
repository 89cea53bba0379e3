"""What a check file may look like, and what is said when it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qc import content
from qc.checks import binding, front_matter, load
from qc.checks.model import Parameter, catalogue
from qc.errors import QcError
from qc.indicators import shipped as indicators
from qc.plan.plans import TABLES as PLAN
from qc.words import Words

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """-- ---
-- id = "files.big"
-- subject = "file"
-- indicator = "file-validity"
-- effect = "measure"
-- severity = "error"
-- [params]
-- limit = {default = 10, min = 1, max = 99, unit = "bytes"}
-- [ko]
-- title = "큰 파일"
-- message = "{size:,} > {limit}, images/*/x"
-- why = "왜"
-- fix = "고침"
-- [en]
-- title = "Big file"
-- message = "{size:,} > {limit}, images/*/x"
-- why = "why"
-- fix = "fix"
-- ---
"""
SQL = "SELECT file, size > $limit AS wrong, size FROM files"
TABLE = """-- ---
-- id = "big"
-- key = ["file"]
-- [ko]
-- row = "큰 파일"
-- [en]
-- row = "big file"
-- ---
SELECT file, size FROM files
"""


def write(folder: Path, text: str, name: str = "files/big.sql") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_check(tmp_path: Path) -> None:
    check = load.load_check(write(tmp_path, HEAD + SQL))
    assert (check.id, check.family, check.subject, check.key) == ("files.big", "files", "file", ("file",))
    assert check.certainty == "certain"
    assert check.counted
    assert check.params["limit"] == Parameter("limit", 10, 1, 99, "bytes")
    assert check.words["ko"].title == "큰 파일"
    assert check.words["en"].message == "{size:,} > {limit}, images/*/x"
    assert check.sql == SQL


def test_digest_is_the_same_with_windows_line_ends(tmp_path: Path) -> None:
    first = load.load_check(write(tmp_path, HEAD + SQL))
    path = tmp_path / "files" / "big.sql"
    path.write_bytes((HEAD + SQL).replace("\n", "\r\n").encode())
    again = load.load_check(path)
    assert again.digest == first.digest
    path.write_text(HEAD + SQL + " WHERE size > 0", encoding="utf-8")
    assert load.load_check(path).digest != first.digest


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        pytest.param("-- ---\n-- id", "-- id", "checks.front-matter-missing", id="no front matter"),
        pytest.param('fix = "fix"\n-- ---', 'fix = "fix"', "checks.front-matter-unclosed", id="not closed"),
        pytest.param("-- effect", "effect", "checks.front-matter-not-comment", id="line is no comment"),
        pytest.param('id = "files.big"', "id = files.big", "checks.front-matter-toml", id="no TOML"),
        pytest.param('id = "files.big"', 'id = "Big"', "checks.bad-id", id="bad id"),
        pytest.param('subject = "file"', 'subject = "files"', "checks.bad-value", id="unknown subject"),
        pytest.param('effect = "measure"', 'effect = "stop"', "checks.bad-value", id="unknown effect"),
        pytest.param('severity = "error"', 'severity = "bad"', "checks.bad-value", id="unknown severity"),
        pytest.param(
            'subject = "file"', 'subject = "dataset"', "checks.not-a-unit", id="dataset cannot measure"
        ),
        pytest.param('severity = "error"', 'sevrity = "error"', "checks.unknown-key", id="misspelt key"),
        pytest.param('-- severity = "error"\n', "", "checks.missing-key", id="key is missing"),
        pytest.param('-- why = "왜"\n', "", "checks.missing-key", id="words are missing"),
        pytest.param('why = "왜"', 'why = ""', "checks.empty-words", id="empty words"),
        pytest.param('fix = "fix"', 'fix = "{size}"', "checks.placeholders-differ", id="placeholders differ"),
        pytest.param(
            'fix = "fix"', 'fix = "fix"\n-- needs = "x"', "checks.words-in-one-language", id="one language"
        ),
        pytest.param("default = 10", "default = 100", "checks.bad-parameter", id="default out of range"),
        pytest.param("default = 10, ", "", "checks.missing-key", id="no default"),
        pytest.param("limit = {", "lmit = {", "checks.parameter-undeclared", id="parameter undeclared"),
        pytest.param("> $limit", "> 10", "checks.parameter-unused", id="parameter unused"),
        pytest.param("SELECT file,", "SELECT 1; SELECT file,", "checks.not-one-select", id="two statements"),
        pytest.param(SQL, "DELETE FROM files WHERE size > $limit", "checks.not-a-select", id="no SELECT"),
        pytest.param("SELECT file,", "SELEC file,", "checks.sql", id="syntax"),
    ],
)
def test_broken_check(tmp_path: Path, old: str, new: str, key: str) -> None:
    text = HEAD + SQL
    assert old in text
    path = write(tmp_path, text.replace(old, new))
    with pytest.raises(QcError) as error:
        load.load_check(path)
    assert error.value.key == key
    assert error.value.values["path"] == str(path)
    for language in ("ko", "en"):
        said = Words(language).error(error.value)
        assert str(path) in said
        assert "{" not in said.replace(str(path), "").replace("{default = …}", "")


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        pytest.param("size FROM", "weight FROM", "checks.sql", id="unknown column"),
        pytest.param("SELECT file,", "SELECT file AS f,", "checks.column-missing", id="no subject"),
        pytest.param("AS wrong", "AS bad", "checks.column-missing", id="no wrong"),
        pytest.param("size > $limit", "size + $limit", "checks.wrong-not-boolean", id="wrong is a number"),
        pytest.param(
            "{limit}", "{limits}", "checks.placeholder-unknown", id="message asks for nothing known"
        ),
        pytest.param('"file-validity"', '"file-vality"', "checks.unknown-indicator", id="indicator"),
        pytest.param('effect = "measure"', 'effect = "note"', None, id="fine"),
    ],
)
def test_binding(tmp_path: Path, old: str, new: str, key: str | None) -> None:
    assert old in HEAD + SQL
    write(tmp_path, (HEAD + SQL).replace(old, new))
    library = load.load([tmp_path])
    if key is None:
        binding.verify(library, PLAN, indicators())
        return
    with pytest.raises(QcError) as error:
        binding.verify(library, PLAN, indicators())
    assert error.value.key == key


def test_shipped_checks_bind() -> None:
    library = load.shipped()
    binding.verify(library, PLAN, indicators())
    assert list(library.checks) == sorted(library.checks)
    assert set(library.digests()) == {*library.checks, *library.tables}


def test_folders_of_users_add_checks_and_tables(tmp_path: Path) -> None:
    write(tmp_path, HEAD + SQL)
    write(tmp_path, TABLE, "tables/big.sql")
    library = load.load([content.folder("checks"), tmp_path])
    assert "files.big" in library.checks
    assert "files.unreadable" in library.checks
    assert library.tables["big"].key == ("file",)
    binding.verify(library, PLAN)


def test_no_id_twice(tmp_path: Path) -> None:
    write(tmp_path, HEAD + SQL)
    write(tmp_path, HEAD + SQL, "more/big.sql")
    with pytest.raises(QcError, match="id-twice"):
        load.load([tmp_path])


def test_folder_without_checks(tmp_path: Path) -> None:
    with pytest.raises(QcError) as caught:
        load.load([tmp_path])
    assert caught.value.key == "checks.folder-empty"


def test_binding_opens_no_file(tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text("annotation,wrong\n1,true\n", encoding="utf-8")
    for source in (f"'{outside}'", f"read_csv('{outside}')", f"read_text('{outside}')", "library"):
        write(tmp_path / "own", f"{HEAD}SELECT 1 AS file, $limit > 1 AS wrong, 1 AS size FROM {source}")
        with pytest.raises(QcError) as caught:
            binding.verify(load.load([tmp_path / "own"]), PLAN)
        assert caught.value.key == "checks.sql"


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(QcError, match="folder-missing"):
        load.load([tmp_path / "none"])


@pytest.mark.parametrize(
    ("names", "key"),
    [
        pytest.param(
            {"one": "SELECT * FROM two", "two": "SELECT * FROM one"}, "checks.table-cycle", id="cycle"
        ),
        pytest.param({"files": "SELECT 1 AS file"}, "checks.table-shadows", id="shadows facts"),
        pytest.param({"one": "SELECT size FROM files"}, "checks.column-missing", id="no key"),
        pytest.param({"one": "SELECT file, $x AS x FROM files"}, "checks.table-parameter", id="parameter"),
    ],
)
def test_broken_tables(tmp_path: Path, names: dict[str, str], key: str) -> None:
    for name, sql in names.items():
        text = TABLE.replace('"big"', f'"{name}"').replace("SELECT file, size FROM files", sql)
        write(tmp_path, text, f"tables/{name}.sql")
    with pytest.raises(QcError) as error:
        binding.verify(load.load([tmp_path]), PLAN)
    assert error.value.key == key


def test_tables_are_made_after_those_that_they_need(tmp_path: Path) -> None:
    sqls = {"a": "SELECT file FROM c -- b", "b": "SELECT file FROM files", "c": "SELECT file FROM b"}
    for name, sql in sqls.items():
        text = TABLE.replace('"big"', f'"{name}"').replace("SELECT file, size FROM files", sql)
        write(tmp_path, text, f"tables/{name}.sql")
    groups = [[t.id for t in group] for group in binding.levels(load.load([tmp_path]))]
    assert groups == [["b"], ["c"], ["a"]]


@pytest.mark.parametrize(
    ("default", "value", "fits"),
    [
        (1.0, 2, True),
        (1.0, 2.5, True),
        (1, 2.5, False),
        (1, True, False),
        (True, False, True),
        (True, 1, False),
        ("a", "b", True),
        ("a", "c", False),
        ("a", 1, False),
        (1.0, -1, False),
        (1.0, 11, False),
        (1.0, "2", False),
    ],
)
def test_parameter_values(default: bool | float | str, value: object, fits: bool) -> None:
    parameter = Parameter("p", default, 0, 10, None, ("a", "b"))
    assert parameter.accepts(value) is fits


def test_whole_number_for_a_real_becomes_a_real() -> None:
    assert isinstance(Parameter("p", 1.0).cast(2), float)
    assert isinstance(Parameter("p", 1).cast(2), int)


def test_front_matter_keeps_line_numbers() -> None:
    data, sql = front_matter.split("\n-- ---\n-- a = 1\n--\n-- ---\nSELECT\n  1")
    assert data == {"a": 1}
    assert sql.splitlines().index("SELECT") == 5


def test_catalogue_of_a_run_has_both_languages() -> None:
    kept = catalogue(load.shipped().checks["files.unreadable"])
    assert kept["title"].keys() == {"ko", "en"}
    assert kept["needs"].keys() == {"ko", "en"}
    assert kept["reasons"]["truncated"]["en"] == "it breaks off in the middle"
    assert catalogue(load.shipped().checks["files.unsafe-path"])["needs"] == {}
