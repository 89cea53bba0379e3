"""The documentation says what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qc.checks import load
from qc.facts import tables
from qc.plan import plans
from qc.schemas import library
from scripts import docs

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("name", docs.PAGES)
def test_a_made_page_is_current(name: str) -> None:
    written = (docs.DOCS / name).read_text(encoding="utf-8")
    assert written == docs.PAGES[name](), "run: python scripts/docs.py"


def test_tables_page_has_every_column() -> None:
    page = docs.tables_page()
    for table in tables.TABLES.values():
        part = page.split(f"\n## {table.name}\n")[1].split("\n## ")[0]
        assert re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE) == list(table.names)


def test_the_schema_that_is_shown_compiles(tmp_path: Path) -> None:
    page = (docs.DOCS / "schemas.md").read_text(encoding="utf-8")
    shown = re.search(r"```json\n(.*?)```", page, re.DOTALL)
    assert shown is not None
    path = tmp_path / "shown.json"
    path.write_text(shown[1], encoding="utf-8")
    extractor = library.load(path).extractor
    assert [site.kind for site in extractor.rows] == ["item", "annotation"]
    assert len(extractor.shapes) == len(extractor.attributes) == 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in target]
    for target in targets:
        file, _, anchor = target.partition("#")
        linked = (page.parent / file) if file else page
        assert linked.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]
            assert anchor in slugs, target


@pytest.mark.parametrize("mark", ["demo", "test", "wheels"])
def test_both_languages_give_the_same_commands(mark: str) -> None:
    def block(path: Path) -> str:
        found = re.search(
            rf"<!-- ci: {mark} -->\n```sh\n(.+?)```", path.read_text(encoding="utf-8"), re.DOTALL
        )
        assert found, f"{path.name} has no block {mark}"
        return found[1]

    assert block(ROOT / "README.md") == block(ROOT / "docs" / "README.ko.md")


@pytest.mark.parametrize("page", ["README.md", "docs/README.ko.md"])
def test_the_plan_of_the_readme_is_one(page: str, tmp_path: Path) -> None:
    text = re.search(r"```toml\n(.+?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
    assert text
    (tmp_path / "qc.toml").write_text(text[1], encoding="utf-8")
    (tmp_path / "formats").mkdir()
    (tmp_path / "formats" / "night-road.json").write_text("{}", encoding="utf-8")
    agreed = plans.load(tmp_path / "qc.toml")
    known = load.shipped().checks
    assert {*agreed.checks, *(waiver.check for waiver in agreed.waivers)} <= set(known)
    for check, regrade in agreed.checks.items():
        assert set(regrade.parameters) <= set(known[check].params)
    assert agreed.schemas and agreed.classes and agreed.target("annotation-consistency", "annotation")
