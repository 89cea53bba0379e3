"""Write the pages of ``docs/`` that are made from the code and from the content.

python scripts/docs.py            write docs/tables.md and docs/checks.md
python scripts/docs.py --check    write nothing; end with 1 if a page is not current
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from qc import indicators
from qc.checks import load
from qc.checks.model import Check, Parameter
from qc.facts import tables

DOCS = Path(__file__).resolve().parent.parent / "docs"
MADE = "<!-- made by scripts/docs.py: change the source, not this page -->"


def cell(text: str) -> str:
    """``text`` inside a Markdown table."""
    return text.replace("|", "\\|").replace("\n", " ")


def row(*cells: str) -> str:
    """One line of a Markdown table."""
    return f"| {' | '.join(map(cell, cells))} |"


def tables_page() -> str:
    """Every fact table with the meaning of its columns."""
    return "\n".join(_tables_lines()) + "\n"


def _tables_lines() -> Iterator[str]:
    yield from (MADE, "", "# The tables", "")
    yield "What `qc check` reads ends up in these tables: in `facts.duckdb` of every run, for"
    yield "`qc sql RUN QUERY` and for the queries under `checks/`; bulk that no check asks for stays in the"
    yield "Parquet files of `chunks/` and is marked so. They are defined in `qc/facts/tables.py`."
    yield ""
    yield "* NULL means *not known*. Values are as given: nothing is repaired, nothing is judged."
    yield "* Columns of type `id` are 64-bit hashes of identity, the same in every run over the same data."
    yield "* Free text is never kept. Where it must be compared, a keyed digest of it is."
    yield ""
    yield row("table", "a row is")
    yield row("---", "---")
    for table in tables.TABLES.values():
        yield row(f"[`{table.name}`](#{table.name})", table.row)
    for table in tables.TABLES.values():
        keys = ", ".join(f"`{column}`" for column in table.key)
        where = "" if table.loaded else f" Not in `facts.duckdb`: `chunks/*/{table.name}.parquet`."
        yield from ("", f"## {table.name}", "", f"A row is {table.row}. Key: {keys}.{where}", "")
        yield row("column", "type", "meaning")
        yield row("---", "---", "---")
        for column in table.columns:
            type_ = "id" if column.type == "id" else column.sql
            yield row(f"`{column.name}`", type_, column.meaning)
    yield from ("", "## Derived tables", "")
    yield "Made from the facts before the checks run, each by one query under `checks/tables/`."
    yield ""
    yield row("table", "a row is", "key")
    yield row("---", "---", "---")
    for derived in load.shipped().tables.values():
        yield row(
            f"`{derived.id}`", derived.meaning["en"], ", ".join(f"`{column}`" for column in derived.key)
        )


def checks_page() -> str:
    """Every check in both languages, with its indicator, effect and parameters."""
    return "\n".join(_checks_lines()) + "\n"


def _checks_lines() -> Iterator[str]:
    library = load.shipped()
    known = indicators.shipped()
    yield from (MADE, "", "# The checks · 검사 항목", "")
    yield "Each is one file under `checks/`: a query with its words. `measure`: counts into the rate of its"
    yield "indicator. `gate`: one finding rejects. `note`: is told, decides nothing. A plan may change"
    yield "effect, severity and parameters."
    yield ""
    yield row("check", "검사", "indicator · 품질지표", "subject", "effect")
    yield row("---", "---", "---", "---", "---")
    for check in library.checks.values():
        indicator = known[check.indicator]
        names = f"{indicator.name['en']} · {indicator.name['ko']}"
        anchor = check.id.replace(".", "")
        yield row(f"[`{check.id}`](#{anchor})", check.words["ko"].title, names, check.subject, check.effect)
    for check in library.checks.values():
        yield from _check_lines(check)


def _check_lines(check: Check) -> Iterator[str]:
    yield from ("", f"## {check.id}", "")
    for language, why, fix in (("en", "why", "fix"), ("ko", "이유", "조치")):
        words = check.words[language]
        yield from (f"**{words.title}**", "", f"* {why}: {words.why}", f"* {fix}: {words.fix}", "")
    facts = (check.subject, check.indicator, check.effect, check.severity, check.certainty)
    yield " · ".join(f"`{fact}`" for fact in facts)
    if check.params:
        yield ""
        yield row("parameter", "default", "range", "unit")
        yield row("---", "---", "---", "---")
        for parameter in check.params.values():
            yield row(
                f"`{parameter.name}`", f"`{parameter.default}`", _range(parameter), parameter.unit or ""
            )


def _range(parameter: Parameter) -> str:
    if parameter.choices:
        return ", ".join(map(str, parameter.choices))
    low = "" if parameter.min is None else f"{parameter.min:g}"
    high = "" if parameter.max is None else f"{parameter.max:g}"
    return f"{low} … {high}" if low or high else ""


PAGES: dict[str, Callable[[], str]] = {"tables.md": tables_page, "checks.md": checks_page}


def main() -> int:
    """Write or compare the pages; 1 if one differs and must not be written."""
    parser = argparse.ArgumentParser(description="Write the pages of docs/ that are made from the code.")
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if a page is not current")
    only_compare = parser.parse_args().check
    stale = []
    for name, page in PAGES.items():
        path, text = DOCS / name, page()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if not only_compare:
                path.write_text(text, encoding="utf-8", newline="\n")
    for name in stale:
        print(f"docs/{name} {'is not current: run scripts/docs.py' if only_compare else 'written'}")
    return 1 if stale and only_compare else 0


if __name__ == "__main__":
    sys.exit(main())
