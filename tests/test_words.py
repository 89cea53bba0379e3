"""The formatter, the particles, the reader's language, and that no word is missing anywhere."""

from __future__ import annotations

import ast
import tomllib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from hypothesis import strategies as st

from qc import content, words
from qc.checks import front_matter
from qc.errors import QcError

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(words.__file__).parent


@pytest.mark.parametrize(
    ("template", "values", "expected"),
    [
        ("{name}", {"name": "a"}, "a"),
        ("{n:,}", {"n": 1234567}, "1,234,567"),
        ("{n:,}", {"n": 1234.0}, "1,234"),
        ("{x:.1f}", {"x": 2.25}, "2.2"),
        ("{x:,.1f}", {"x": 12345.67}, "12,345.7"),
        ("{x:.1f}", {"x": 1e300}, "1e+300"),
        ("{x:.1%}", {"x": 0.125}, "12.5%"),
        ("{x:.1%}", {"x": 1}, "100.0%"),
        ("{x:.1%}", {"x": 0.0}, "0.0%"),
        ("{x:.1%}", {"x": 0.99996}, "99.996%"),
        ("{x:.1%}", {"x": 0.0000123}, "0.001%"),
        ("{x:.1%}", {"x": 1 - 1e-12}, ">99.9999999%"),
        ("{n:,} {n:file is|files are} read", {"n": 1}, "1 file is read"),
        ("{n:,} {n:file is|files are} read", {"n": 1000}, "1,000 files are read"),
        ("{n:file|files}", {"n": None}, "files"),
        ("{x:.1f}", {"x": "wide"}, "wide"),
        ("{x:.1f}", {"x": float("nan")}, "nan"),
        ("{x:.1f}", {"x": True}, "true"),
        ("{x:.1%}", {"x": 10**400}, "1" + "0" * 400),
        ("{x:,}", {"x": 10**18}, "1,000,000,000,000,000,000"),
        ("{x}", {"x": None}, "–"),
        ("{x}", {"x": 2.0}, "2"),
        ("{x}", {"x": 1 / 3}, "0.333333"),
        ("{x}", {"x": ["b", "a"]}, "b, a"),
        ("{x}", {"x": {"b", "a"}}, "a, b"),
        ("{{{x}}}", {"x": 1}, "{1}"),
        ("{missing}", {}, "{missing}"),
        ("{name:을/를} 씁니다", {"name": "값"}, "값을 씁니다"),
    ],
)
def test_format(template: str, values: dict[str, Any], expected: str) -> None:
    assert words.format(template, values) == expected


@pytest.mark.parametrize(
    ("raw", "seen"),
    [
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\nb", "a\\x0ab"),
        ("a\u202eb", "a\\u202eb"),
        ("a\udc80b", "a\\udc80b"),
        ("\u1112\u1161\u11ab", "한"),
    ],
    ids=["terminal", "newline", "direction", "surrogate", "NFD"],
)
def test_values_cannot_play_tricks(raw: str, seen: str) -> None:
    assert words.format("{x}", {"x": raw}) == seen


@pytest.mark.parametrize(
    "template", ["{x!r}", "{x.y}", "{x[0]}", "{x:>10}", "{x:이}", "{x:a|}", "{x:a|b|c}", "{", "a } b", "{X}"]
)
def test_nothing_else_is_a_placeholder(template: str) -> None:
    assert words.faults(template)


@hypothesis.given(
    st.text("{}:x.%,12가/이을를() ", max_size=12),
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
)
def test_format_never_raises(template: str, value: Any) -> None:
    assert isinstance(words.format(template, {"x": value}), str)


def test_format_reaches_no_attributes() -> None:
    assert words.format("{x.__class__}", {"x": 1}) == "{x.__class__}"


@pytest.mark.parametrize(
    ("value", "subject", "object_", "way"),
    [
        ("강아지", "가", "를", "로"),
        ("라벨", "이", "을", "로"),
        ("파일명", "이", "을", "으로"),
        ("강아지(소형)", "가", "를", "로"),
        ("(소형)", "이", "을", "으로"),
        ("'라벨'", "이", "을", "로"),
        ("3", "이", "을", "으로"),
        ("2", "가", "를", "로"),
        ("1", "이", "을", "로"),
        ("1,000", "이", "을", "으로"),
        ("3.5", "가", "를", "로"),
        ("2,000,000,000,000", "가", "를", "로"),
        ("99.5%", "가", "를", "로"),
        ("annotation", "이", "을", "으로"),
        ("label", "이", "을", "로"),
        ("Type_value", "가", "를", "로"),
        ("bbox", "가", "를", "로"),
        ("object", "가", "를", "로"),
        ("string", "이", "을", "으로"),
        ("a/b.json", "이", "을", "으로"),
        ("1.png", "가", "를", "로"),
        ("XML", "이", "을", "로"),
        ("TL_1.zip", "이", "을", "으로"),
        ("〃", "이(가)", "을(를)", "(으)로"),
        ("", "이(가)", "을(를)", "(으)로"),
    ],
)
def test_particle(value: str, subject: str, object_: str, way: str) -> None:
    found = [words.particle(value, pair) for pair in ("이/가", "을/를", "(으)로")]
    assert found == [subject, object_, way]


def test_particles_of_topic_and_company() -> None:
    assert words.format("{a:은/는} {b:과/와}", {"a": "값", "b": "자료"}) == "값은 자료와"


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, "en"),
        ({"LANG": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "ko_KR.UTF-8", "LC_ALL": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ko_KR"}, "ko"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "ko:en"}, "ko"),
        ({"LANG": "C.UTF-8", "LANGUAGE": "ko"}, "en"),
        ({"QC_LANG": "ko", "LC_ALL": "en_US.UTF-8"}, "ko"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
    ],
)
def test_language_of_locale(env: dict[str, str], expected: str) -> None:
    assert words.language(None, env) == expected


def test_language_of_option() -> None:
    assert words.language("KO", {"LANG": "en_US"}) == "ko"
    with pytest.raises(QcError, match="language-unknown"):
        words.language("fr", {})


def test_words() -> None:
    spoken = words.Words("ko", {"my.title": {"ko": "제목", "en": "title"}})
    assert spoken.text("my.title") == "제목"
    assert spoken.text("no.such.key", x=1) == "no.such.key"
    assert spoken.error(QcError("errors.file-missing", path="a")) == "파일이 없습니다: a"
    assert "errors.file-missing" in spoken
    assert spoken.choice({"en": "only"}) == "only"


# --- all words ------------------------------------------------------------------------------


def _entries() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path in words.files():
        for key, both in words.entries(tomllib.loads(path.read_text(encoding="utf-8"))):
            yield path.name, key, dict(both)


ENTRIES = list(_entries())


def test_every_word_in_both_languages() -> None:
    wrong = [
        f"{file}: {key}"
        for file, key, both in ENTRIES
        if set(both) != {"ko", "en"} or not all(isinstance(t, str) and t.strip() for t in both.values())
    ]
    assert not wrong


def test_no_key_twice() -> None:
    assert [key for key, count in Counter(key for _, key, _ in ENTRIES).items() if count > 1] == []


def test_placeholders_are_well_formed_and_equal() -> None:
    wrong = {
        f"{file}: {key}": (both, words.faults(both["ko"]) + words.faults(both["en"]))
        for file, key, both in ENTRIES
        if words.faults(both["ko"])
        or words.faults(both["en"])
        or words.placeholders(both["ko"]) != words.placeholders(both["en"])
    }
    assert not wrong


def _front_matter() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(content.folder("checks").rglob("*.sql")):
        data, _ = front_matter.split(path.read_text(encoding="utf-8"))
        yield path.name, data


def _texts(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _texts(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def test_words_of_checks_are_in_both_languages() -> None:
    wrong: list[tuple[str, list[str]]] = []
    for file, data in _front_matter():
        ko, en = dict(_texts(data.get("ko", {}))), dict(_texts(data.get("en", {})))
        if set(ko) != set(en):
            wrong.append((file, sorted(set(ko) ^ set(en))))
        for name in set(ko) & set(en):
            same = words.placeholders(ko[name]) == words.placeholders(en[name])
            if not same or words.faults(ko[name]) or words.faults(en[name]):
                wrong.append((file, [name]))
    assert not wrong


# --- keys in the source ---------------------------------------------------------------------


def _calls() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield f"{path.relative_to(SOURCE)}:{node.lineno}", node


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _constants(node: ast.expr) -> list[str]:
    """The strings that ``node`` may be; empty if that is not written in the source."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return _constants(node.body) + _constants(node.orelse)
    if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
        # A family of keys, one for each code: f"checks.front-matter-{code}".
        prefix = str(node.values[0].value)
        return [key for _, key, _ in ENTRIES if key.startswith(prefix)] or [f"{prefix}…"]
    return []


def _complaints(place: str, keys: list[str], call: ast.Call) -> Iterator[str]:
    passed = {k.arg for k in call.keywords}
    for key in keys:
        for lang in words.LANGUAGES:
            template = words.Words(lang).template(key)
            if template is None:
                yield f"{place}: no words for {key} ({lang})"
            elif None not in passed and (lacking := words.placeholders(template) - passed):
                yield f"{place}: {key} ({lang}) wants {sorted(lacking)}"


def test_every_error_has_words() -> None:
    wrong: list[str] = []
    for place, call in _calls():
        if _name(call) != "QcError" or not call.args:
            continue
        if not (keys := _constants(call.args[0])):
            wrong.append(f"{place}: the key of a QcError must stand there as a literal")
        wrong += _complaints(place, keys, call)
    assert not wrong, "\n".join(wrong)


def test_every_literal_key_has_words() -> None:
    wrong: list[str] = []
    for place, call in _calls():
        if _name(call) == "text" and call.args:
            # A method text("name") of something else has no dot; a family of keys its own values.
            written = [] if isinstance(call.args[0], ast.JoinedStr) else _constants(call.args[0])
            wrong += _complaints(place, [key for key in written if "." in key], call)
    assert not wrong, "\n".join(wrong)


def test_no_dead_error() -> None:
    raised = {
        key
        for _, call in _calls()
        if _name(call) == "QcError" and call.args
        for key in _constants(call.args[0])
    }
    assert [key for _, key, _ in ENTRIES if key.startswith("errors.") and key not in raised] == []
