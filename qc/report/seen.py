"""The first screen: what the deliverable looks like, each with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group as Lines
from rich.text import Text

from qc.report.blocks import MARGIN, Hanging, named, nearby, size
from qc.report.preview import kinds_of
from qc.words import percent

if TYPE_CHECKING:
    from rich.console import RenderableType

    from qc.report.preview import LayoutSeen, Preview, SchemaSeen
    from qc.report.summary import Summary
    from qc.words import Words


#: Folders and archives that are named of a format, if there are several formats.
PLACES_NAMED = 3


def preview_view(preview: Preview, words: Words, tool: str) -> RenderableType:
    """The first screen: what the deliverable looks like, each with its reason."""
    say = words.text
    rows: list[tuple[str, RenderableType]] = [
        (say("screen.preview.data"), _amount(preview.files, preview.archives, preview.bytes, words)),
        (say("screen.preview.layout"), _layout(preview.layout, words)),
        (say("screen.preview.schema"), _schemas(preview, words)),
        (say("screen.preview.pairs"), _pairs(preview, words)),
        (say("screen.preview.plan"), _plan(preview, words)),
    ]
    if preview.resumed_files:
        rows.append(
            (
                say("screen.preview.resumed"),
                Text(say("screen.preview.resumed-files", files=preview.resumed_files)),
            )
        )
    if preview.since is not None:
        values = {"files": preview.taken_files, "run": nearby(preview.since), "read": preview.read_files}
        rows.append((say("screen.preview.since"), Text(say("screen.preview.taken-files", **values))))
    if preview.estimate_s is not None:
        rows.append(
            (
                say("screen.preview.estimate"),
                Text(say("screen.about", time=duration(preview.estimate_s, words))),
            )
        )
    return Lines(title(preview.name, tool), Text(), named(rows), Text())


def stored_view(summary: Summary, words: Words) -> RenderableType:
    """What a stored run was made of: the same lines as far as the run keeps them."""
    run, say = summary.run, words.text
    deliverable, plan = run.get("deliverable", {}), run.get("plan") or {}
    amount = _amount(
        int(deliverable.get("files", 0)),
        int(deliverable.get("archives", 0)),
        int(deliverable.get("bytes", 0)),
        words,
    )
    rows: list[tuple[str, RenderableType]] = [(say("screen.preview.data"), amount)]
    if layout := (run.get("layout") or {}).get("id"):
        rows.append((say("screen.preview.layout"), Text(str(layout))))
    if schemas := [str(schema["id"]) for schema in run.get("schemas", ()) if "id" in schema]:
        rows.append((say("screen.preview.schema"), Text(", ".join(schemas))))
    path = plan.get("path")
    rows.append((say("screen.preview.plan"), Text(str(path) if path else say("screen.preview.no-plan"))))
    if ended := run.get("ended"):
        rows.append((say("screen.preview.ended"), Text(str(ended))))
    return Lines(title(summary.name, summary.tool), Text(), named(rows), Text())


def title(name: str, tool: str) -> RenderableType:
    """The deliverable's name, and which tool speaks."""
    return Hanging(Text.assemble((name, "bold"), (f"  qc {tool}".rstrip(), "dim")), MARGIN)


def _amount(files: int, archives: int, count: int, words: Words) -> Text:
    key = "screen.preview.files-archives" if archives else "screen.preview.files"
    return Text(words.text(key, files=files, archives=archives, size=size(count)))


def _layout(layout: LayoutSeen, words: Words) -> Text:
    head = f"{words.choice(layout.title)} ({layout.id})"
    return Text.assemble(head, "\n", (layout_reason(layout, words), "dim"))


def layout_reason(layout: LayoutSeen, words: Words) -> str:
    """Why this layout, in one line."""
    return " · ".join(words.text(said.key, **said.values) for said in (layout.reason, *layout.further))


def _schemas(preview: Preview, words: Words) -> Text:
    mixed = sum(bool(schema.places) for schema in preview.schemas) > 1
    parts: list[Text] = [_schema(schema, words, mixed=mixed) for schema in preview.schemas]
    if preview.unknown_labels:
        said = words.text("screen.preview.unknown-labels", files=preview.unknown_labels)
        parts.append(Text(said, style="yellow"))
    if preview.unread_labels:
        files = sum(preview.unread_labels.values())
        kinds = kinds_of(preview.unread_labels)
        said = words.text("screen.preview.unread-labels", files=files, extensions=kinds)
        parts.append(Text(said, style="yellow"))
    if not parts:
        parts.append(Text(words.text("screen.preview.no-labels"), style="yellow"))
    return Text("\n").join(parts)


def _schema(schema: SchemaSeen, words: Words, *, mixed: bool) -> Text:
    title = words.choice(schema.title)
    head = words.text("screen.preview.schema-files", title=title, id=schema.id, files=schema.files)
    text = Text.assemble(head, "\n", (schema_reason(schema, words), "dim"))
    if not schema.files:
        text.append("\n").append(words.text("screen.preview.no-match"), style="yellow")
    if mixed and schema.places:
        shown = [place or words.text("screen.preview.top") for place in schema.places]
        key = "screen.preview.places-more" if len(shown) > PLACES_NAMED else "screen.preview.places"
        said = words.text(key, places=shown[:PLACES_NAMED], more=len(shown) - PLACES_NAMED)
        text.append("\n").append(said, style="dim")
    if schema.unread:
        text.append("\n").append(words.text("screen.preview.unread", names=schema.unread), style="yellow")
    return text


def schema_reason(schema: SchemaSeen, words: Words) -> str:
    """Why this schema, and how many of the files that were tried fit, in one line."""
    reason = words.text(schema.reason.key, **schema.reason.values)
    if not schema.sampled:
        return reason
    rate = percent(schema.matched / schema.sampled, 0)
    fits = words.text("screen.preview.match", matched=schema.matched, sampled=schema.sampled, rate=rate)
    return f"{reason} · {fits}"


def _pairs(preview: Preview, words: Words) -> Text:
    labels, sources, alone = preview.labels, preview.sources, preview.alone
    if labels and sources == 0:
        if alone == labels:
            return Text(words.text("screen.preview.data-themselves", labels=labels))
        return Text(words.text("screen.preview.no-sources", labels=labels), style="yellow")
    if labels and sources and labels > alone and not preview.pairs:
        return Text(words.text("screen.preview.pairs-inside", labels=labels - alone, sources=sources))
    text = Text(words.text("screen.preview.pair-count", pairs=preview.pairs))
    if preview.by_folder:
        text.append(" · ").append(words.text("screen.preview.by-folder", count=preview.by_folder))
    for key, count in (("orphan-sources", preview.orphan_sources), ("orphan-labels", preview.orphan_labels)):
        said = words.text(f"screen.preview.{key}", count=count)
        text.append(" · ").append(said, style="yellow" if count else "")
    if alone:
        text.append(" · ").append(words.text("screen.preview.alone", count=alone))
    return text


def _plan(preview: Preview, words: Words) -> Text:
    if preview.plan is not None:
        return Text(nearby(preview.plan))
    return Text(words.text("screen.preview.no-plan"))


def duration(seconds: float, words: Words) -> str:
    """``8초``, ``3분 20초``, ``1시간 5분``: as coarse as one thinks of it."""
    whole = max(1, round(seconds))
    if whole < 60:
        return words.text("screen.time.s", s=whole)
    if whole < 3600:
        return words.text("screen.time.m-s", m=whole // 60, s=whole % 60)
    return words.text("screen.time.h-m", h=whole // 3600, m=whole % 3600 // 60)
