"""From a deliverable to a finished run: the phases in their order, and nothing else.

list -> labels, media (chunks) -> load -> link -> derive -> checks -> verdict. Each phase is somebody else's;
here they are only put one after the other. A run that was interrupted goes on: what is listed is listed
again (it may have changed), chunks that are there are not read again, everything after them is quick.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from qc import project, rates
from qc.checks import binding, grade, load
from qc.checks import derive as derived_tables
from qc.checks.model import Library, catalogue
from qc.checks.run import run_checks
from qc.content import folder
from qc.deliverable.listing import Deliverable, open_deliverable
from qc.deliverable.pairing import pair_by_name
from qc.engines import ProcessEngine
from qc.errors import Said
from qc.facts import link, neighbours
from qc.facts.producers import Job
from qc.plan import plans
from qc.plan.model import Plan
from qc.report import catalogue as kept_words
from qc.report.findings_csv import write_findings_csv
from qc.report.preview import CheckOptions, LayoutSeen, Listener, Preview, SchemaSeen, kinds_of
from qc.runs import chunks, disk, journal, store
from qc.runs.folder import Run
from qc.runs.supervisor import Done, Summary, run_jobs
from qc.runs.worker import warm
from qc.schemas.binding import DETECTED, PLANNED, Bindings, Bound, bind
from qc.verdict import judge
from qc.words import Words

#: Work of a check on label files, without reading their bytes, against parsing them. The sample's bytes may
#: come from a cold disk and the rest will too, so reading them is counted once, as it was measured.
WHOLE_TO_PARSING = 6.0
#: Seconds that even the smallest deliverable takes after it was looked at.
SECONDS_ALWAYS = 0.8
#: Least score of a format that is named as the closest to labels that fit none.
NEAR = 0.05
#: Media headers read in a second by one process; of the same order on disks and in archives.
HEADERS_PER_SECOND = 5_000.0


@dataclass(frozen=True)
class Looked:
    """A deliverable that was listed and looked at, before anything is read in full."""

    deliverable: Deliverable
    plan: Plan
    plan_path: Path | None
    library: Library
    bindings: Bindings
    pairs: int
    orphan_sources: int
    orphan_labels: int


def look(options: CheckOptions, listener: Listener) -> Looked:
    """List the deliverable, read plan and checks, bind schemas. Nothing is written.

    Raises ``QcError`` for everything that the user can mend: path, plan, layout, schema, checks.
    """
    plan_path = options.plan or plans.find()
    plan = plans.load(plan_path) if plan_path is not None else plans.default()
    checks = load.load([folder("checks"), *([options.checks_dir] if options.checks_dir else [])])
    plans.confirm(plan, checks.checks)
    grade.tasks(checks, plan, options.select, options.ignore)  # what is wrong with these is told now
    binding.verify(checks, plans.TABLES, plan.indicators)
    listener.phase("list")
    deliverable = open_deliverable(options.path, layout=options.layout or plan.layout)
    files = deliverable.files
    pairs, orphan_sources, orphan_labels = _pairs(files)
    labels = files.filter(pc.equal(files.column("kind"), "label"))
    return Looked(
        deliverable,
        plan,
        plan_path,
        checks,
        bind(labels, plan, options.schema),
        pairs,
        orphan_sources,
        orphan_labels,
    )


def check(options: CheckOptions, listener: Listener) -> Run:
    """Check a deliverable; the finished run.

    Raises ``QcError`` as :func:`look` does, and for a run folder that cannot be used.
    """
    with ProcessEngine(options.jobs or os.cpu_count() or 1) as engine:
        engine.warm(warm, ["labels", "media"])  # workers start while the deliverable is listed
        seen = look(options, listener)
        deliverable = seen.deliverable
        with Run.create(options.out, deliverable.name, deliverable.path, _inputs(options, seen)) as run:
            return _check(options, listener, seen, run, engine)


def _check(options: CheckOptions, listener: Listener, seen: Looked, run: Run, engine: ProcessEngine) -> Run:
    """All phases after listing; ``run`` is open and unfinished."""
    deliverable, plan = seen.deliverable, seen.plan
    wanted = _jobs(seen, options)
    _describe(run, options, seen, engine.jobs)
    listener.preview(_preview(run, seen, wanted, engine.jobs))
    for said in _remarks(seen.bindings):
        listener.note(said.key, **said.values)
    with _timed(run, listener, "read"):
        summary = _read(run, wanted, engine, listener)
    with _timed(run, listener, "load"):
        store.write_files(run, deliverable.files)
        store.build(run, summary.keys)
    with _timed(run, listener, "link"), store.connect(run, read_only=False) as con:
        con.execute("UPDATE files SET digest = d.digest FROM digests d WHERE d.file = files.file")
        store.show_bulk(con, run, summary.keys)
        pair_by_name(con)
        link.link(con)
        if counts := link.listed_media(con):
            run.update(listed={"media": counts[0], "found": counts[1]})
        neighbours.reduce(con)
    with _timed(run, listener, "derive"):
        derived_tables.write_plan(run.facts, plans.plan_tables(plan))
        derived_tables.derive(run.facts, seen.library, run.derived)
    with _timed(run, listener, "checks"):
        outcomes = run_checks(
            run.facts,
            grade.tasks(seen.library, plan, options.select, options.ignore),
            results=run.results,
            findings=run.findings,
        )
    with _timed(run, listener, "verdict"):
        kept_words.write(run.path, map(catalogue, seen.library.checks.values()))
        disk.write_bytes(run.outcomes, json.dumps([o.to_json() for o in outcomes], indent=1).encode("utf-8"))
        with store.connect(run) as con:
            measured = rates.rates(con, run.results, outcomes, rates.reach(con))
        verdict = judge(outcomes, measured, plan)
        disk.write_json(run.verdict, verdict.to_json())
    # Before the run is finished: if a spreadsheet holds the file, the same command goes on from here.
    words = Words(options.lang)
    write_findings_csv(run.path, options.lang, {i.id: words.choice(i.name) for i in plan.indicators.values()})
    run.finish()
    return run


@contextmanager
def _timed(run: Run, listener: Listener, name: str) -> Iterator[None]:
    if name != "read":
        listener.phase(name)
    with run.phase(name):
        yield


def _pairs(files: pa.Table) -> tuple[int, int, int]:
    """Pairs, sources and labels without partner, by names alone: what can be told before reading."""
    with duckdb.connect() as con:
        con.register("listed", files.select(["file", "container", "container_path", "path", "folder", "name",
                                              "stem", "kind", "split", "group_key"]))  # fmt: skip
        con.execute("CREATE TABLE files AS SELECT * FROM listed")
        con.execute("CREATE TABLE pairs (label UBIGINT, source UBIGINT, rule VARCHAR)")
        pair_by_name(con)
        row = con.execute(
            """SELECT (SELECT count(*) FROM pairs),
                      (SELECT count(*) FROM files
                       WHERE kind = 'source' AND file NOT IN (SELECT source FROM pairs)),
                      (SELECT count(*) FROM files
                       WHERE kind = 'label' AND file NOT IN (SELECT label FROM pairs))"""
        ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1]), int(row[2])


def _inputs(options: CheckOptions, seen: Looked) -> dict[str, Any]:
    """What decides the results: a run is only gone on with if all of it is the same."""
    return {
        "plan": seen.plan.digest,
        "layout": seen.deliverable.layout.digest,
        "schemas": {s.id: s.digest for s in seen.bindings.schemas.values()},
        "checks": seen.library.digests(),
        "media": options.media,
        "digest": options.digest,
        "select": sorted(options.select),
        "ignore": sorted(options.ignore),
    }


def _jobs(seen: Looked, options: CheckOptions) -> list[Job]:
    """All chunks of the run, labels first."""
    files = seen.deliverable.files
    readable = files.filter(pc.equal(files.column("status"), "ok"))
    kind = readable.column("kind")
    labels = readable.filter(pc.equal(kind, "label"))
    schemas = [seen.bindings.by_file.get(i) for i in labels.column("file").to_pylist()]
    labels = labels.append_column("schema", pa.array(schemas, pa.string()))
    reading = {
        "schemas": {s.id: str(s.path) for s in seen.bindings.schemas.values()},
        "digests": {s.id: s.digest for s in seen.bindings.schemas.values()},
        "text_key": project.text_key(seen.plan_path),
    }
    jobs = chunks.plan_chunks(labels, "labels", reading)
    if options.media != "none":
        jobs += chunks.plan_chunks(readable.filter(pc.equal(kind, "source")), "media", {})
    if options.digest == "full":
        jobs += chunks.plan_chunks(readable, "digests", {})
    return jobs


def _read(run: Run, jobs: list[Job], engine: ProcessEngine, listener: Listener) -> Summary:
    """Run the chunks."""
    listener.phase("labels")
    listener.total(sum(len(job.members) for job in jobs), sum(job.bytes for job in jobs))

    def done(chunk: Done) -> None:
        listener.advance(chunk.files, chunk.bytes)

    summary = run_jobs(jobs, run.chunks, engine, done)
    engine.close()
    run.update(
        reading={
            "chunks": summary.chunks,
            "resumed": summary.resumed,
            "files": summary.files,
            "worker_seconds": round(summary.seconds, 3),
            "failures": [
                {
                    "file": f.file,
                    "producer": f.producer,
                    "status": f.failure.status,
                    "reason": f.failure.reason,
                }
                for f in summary.failures
            ],
        }
    )
    return summary


def _describe(run: Run, options: CheckOptions, seen: Looked, jobs: int) -> None:
    """What ``run.json`` keeps of how the run was made."""
    deliverable = seen.deliverable
    run.update(
        deliverable={
            "name": deliverable.name,
            "path": str(deliverable.path),
            "files": deliverable.file_count,
            "archives": deliverable.archive_count,
            "bytes": deliverable.byte_count,
            "manifest": chunks.manifest_digest(deliverable.files),
        },
        layout={
            "id": deliverable.layout.id, "digest": deliverable.layout.digest,
            "how": deliverable.layout_reason.how,
        },
        schemas=[
            {"id": b.schema.id, "digest": b.schema.digest, "how": b.how, "files": b.files, "match": b.match}
            for b in seen.bindings.bound
        ],
        unbound_labels=seen.bindings.unfit + seen.bindings.unread.total(),
        checks=seen.library.digests(),
        plan={
            "path": str(seen.plan_path) if seen.plan_path else None,
            "digest": seen.plan.digest,
            "bases": list(seen.plan.bases),
            "name": seen.plan.name,
            "category": seen.plan.category,
            "round": seen.plan.round,
        },
        options={
            "media": options.media, "digest": options.digest, "select": list(options.select),
            "ignore": list(options.ignore), "jobs": jobs, "lang": options.lang,
        },
    )  # fmt: skip


def _preview(run: Run, seen: Looked, jobs: Iterable[Job], workers: int) -> Preview:
    deliverable, bindings = seen.deliverable, seen.bindings
    reasons = [Said(r.key, r.values) for r in deliverable.layout_reason.reasons]
    kinds = dict(zip(*(c.to_pylist() for c in _counts(deliverable.files.column("kind"))), strict=True))
    done = {job.key for job in jobs if journal.read_note(run.chunks / job.key) is not None}
    return Preview(
        name=deliverable.name,
        path=deliverable.path,
        files=deliverable.file_count,
        archives=deliverable.archive_count,
        bytes=deliverable.byte_count,
        layout=LayoutSeen(deliverable.layout.id, deliverable.layout.title, reasons[0], tuple(reasons[1:])),
        schemas=tuple(_schema_seen(bound) for bound in bindings.bound),
        pairs=seen.pairs,
        orphan_sources=seen.orphan_sources,
        orphan_labels=seen.orphan_labels,
        unknown_labels=bindings.unfit,
        unread_labels=bindings.unread,
        estimate_s=_estimate(bindings, jobs, done, workers),
        plan=seen.plan_path,
        labels=kinds.get("label", 0),
        sources=kinds.get("source", 0),
        lists=deliverable.layout.lists,
        run=run.path,
        resumed_files=sum(len(job.members) for job in jobs if job.key in done),
    )


def _counts(column: pa.ChunkedArray) -> tuple[pa.Array, pa.Array]:
    counted = column.value_counts()
    return counted.field("values"), counted.field("counts")


def _remarks(bindings: Bindings) -> Iterator[Said]:
    """What the user should know of labels whose content is not examined, and of a plan that names none."""
    for bound in bindings.bound:
        if bound.how == PLANNED and not bound.files:
            yield Said("binding.no-match", {"match": bound.match or "", "schema": bound.schema.id})
    if bindings.unread:
        files = bindings.unread.total()
        yield Said("binding.no-reader", {"files": files, "extensions": kinds_of(bindings.unread)})
    closest = bindings.closest
    if closest is not None and closest.score < NEAR:
        yield Said("binding.none-near", {"files": bindings.unfit})
    elif closest is not None:
        values = {"schema": closest.schema, "known": closest.known, "required": closest.required}
        yield Said("binding.none-fits", {"files": bindings.unfit, **values})


def _schema_seen(bound: Bound) -> SchemaSeen:
    values: Mapping[str, object] = {}
    if bound.how == PLANNED:
        values = {"match": bound.match or ""}
    elif bound.how == DETECTED and bound.fit is not None:
        values = {"known": bound.fit.known, "required": bound.fit.required}
    return SchemaSeen(
        id=bound.schema.id,
        title={language: bound.schema.title(language) for language in ("ko", "en")},
        files=bound.files,
        matched=bound.fit.valid if bound.fit else 0,
        sampled=bound.fit.sampled if bound.fit else 0,
        reason=Said(f"binding.{bound.how}", values),
        unread=bound.fit.unread if bound.fit else (),
        places=bound.places,
    )


def _estimate(bindings: Bindings, jobs: Iterable[Job], done: set[str], workers: int) -> float | None:
    """Seconds that the rest will take, from what the sample cost; None if there was no sample."""
    left = [job for job in jobs if job.key not in done]
    labels = sum(job.bytes for job in left if job.producer == "labels")
    media = sum(len(job.members) for job in left if job.producer == "media")
    if labels and bindings.cost is None:
        return None
    cost = bindings.cost.reading + bindings.cost.parsing * WHOLE_TO_PARSING if bindings.cost else 0.0
    # A chunk is read by one process, however many there are.
    return SECONDS_ALWAYS + (labels * cost + media / HEADERS_PER_SECOND) / max(min(workers, len(left)), 1)
