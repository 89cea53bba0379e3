"""From a deliverable to a finished run: the phases in their order, and nothing else.

list -> labels, media (chunks) -> load -> link -> derive -> checks -> verdict. Each phase is somebody else's;
here they are only put one after the other. A run that was interrupted goes on: what is listed is listed
again (it may have changed), chunks that are there are not read again, everything after them is quick.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qc import project, rates
from qc.budget import Budget
from qc.checks import binding, grade, load
from qc.checks import derive as derived_tables
from qc.checks.model import Library, catalogue
from qc.checks.run import run_checks
from qc.content import folder
from qc.deliverable.listing import Deliverable, open_deliverable
from qc.deliverable.pairing import pair_by_name
from qc.engines import ProcessEngine
from qc.errors import Said
from qc.facts import item_media, link, neighbours
from qc.facts.producers import Job
from qc.plan import plans
from qc.plan.model import Plan
from qc.report import catalogue as kept_words
from qc.report.findings_csv import write_findings_csv
from qc.report.preview import CheckOptions, LayoutSeen, Listener, Preview, SchemaSeen, kinds_of
from qc.runs import chunks, disk, journal, since, store
from qc.runs.expected import USUAL, Expected, expect
from qc.runs.folder import Run
from qc.runs.since import Followed
from qc.runs.supervisor import Done, Summary, run_jobs
from qc.runs.worker import warm
from qc.schemas.binding import DETECTED, PLANNED, Bindings, Bound, bind, named_labels
from qc.sql import literal
from qc.verdict import judge
from qc.words import Words

#: Pairs by names alone, in the scratch folder: found for the first screen, loaded with the facts.
_PAIRS = "pairs.parquet"
#: Least score of a format that is named as the closest to labels that fit none.
NEAR = 0.05


@dataclass(frozen=True)
class Looked:
    """A deliverable that was listed and looked at, before anything is read in full."""

    deliverable: Deliverable
    plan: Plan
    plan_path: Path | None
    library: Library
    bindings: Bindings

    def without_listing(self) -> Looked:
        """The same without a row for every file: the run keeps them, and there may be millions."""
        deliverable, bindings = self.deliverable, self.bindings
        return replace(
            self,
            deliverable=replace(deliverable, files=deliverable.files.schema.empty_table()),
            bindings=replace(bindings, by_file=bindings.by_file.schema.empty_table()),
        )


@dataclass(frozen=True)
class Planned:
    """What is to be done: all chunks, those of an earlier run among them, and how long that will take."""

    jobs: list[Job]
    followed: Followed | None
    expected: Expected


def look(options: CheckOptions, listener: Listener) -> Looked:
    """List the deliverable, read plan and checks, bind schemas. Nothing is written.

    Raises ``QcError`` for everything that the user can mend: path, plan, layout, schema, checks.
    """
    plan_path = options.plan or plans.find()
    plan = plans.load(plan_path) if plan_path is not None else plans.default()
    checks = load.load([folder("checks"), *([options.checks_dir] if options.checks_dir else [])])
    plans.confirm(plan, checks.checks)
    grade.tasks(checks, plan, options.select, options.ignore)  # what is wrong with these is told now
    if options.checks_dir is not None:  # what comes with the tool is verified by its tests
        binding.verify(checks, plans.TABLES, plan.indicators)
    listener.phase("list")
    deliverable = open_deliverable(options.path, layout=options.layout or plan.layout)
    deliverable = replace(deliverable, files=named_labels(deliverable.files, plan))
    return Looked(deliverable, plan, plan_path, checks, bind(deliverable.files, plan, options.schema))


def check(options: CheckOptions, listener: Listener) -> Run:
    """Check a deliverable; the finished run.

    Raises ``QcError`` as :func:`look` does, and for a run folder that cannot be used or followed.
    """
    began = time.perf_counter()
    earlier = since.earlier(options.since, options.out) if options.since is not None else None
    with ProcessEngine(options.jobs or os.cpu_count() or 1) as engine:
        engine.warm(warm, ["labels", "media"])  # workers start while the deliverable is listed
        seen = look(options, listener)
        named, inputs = (seen.deliverable.name, seen.deliverable.path), _inputs(options, seen)
        with Run.create(options.out, *named, inputs) as run:
            planned = _plan(options, seen, run, engine.jobs, earlier)
            seen = seen.without_listing()
            pa.default_memory_pool().release_unused()
            listener.preview(_preview(run, seen, planned, engine.jobs))
            for said in _remarks(seen.bindings, planned.followed, run):
                listener.note(said.key, **said.values)
            run.spent("list", time.perf_counter() - began)
            return _check(options, listener, seen, planned, run, engine)


def _plan(options: CheckOptions, seen: Looked, run: Run, workers: int, earlier: Run | None) -> Planned:
    """What is to be read, and all that must be known of the listing, which is kept in ``run``."""
    _describe(run, options, seen, workers)
    store.write_files(run, seen.deliverable.files)
    jobs = _jobs(seen, options, run)
    followed = since.follow(earlier, run, jobs) if earlier is not None else None
    done = {job.key for job in jobs if journal.read_note(run.chunks / job.key) is not None}
    done |= followed.keys if followed is not None else set()
    cost = seen.bindings.cost
    costs = (cost.reading, cost.parsing) if cost is not None else USUAL
    return Planned(jobs, followed, expect(jobs, done, *costs))


def _check(
    options: CheckOptions, listener: Listener, seen: Looked, planned: Planned, run: Run, engine: ProcessEngine
) -> Run:
    """All phases after listing; ``run`` is open and unfinished."""
    plan, budget = seen.plan, Budget(temp=run.work / "spill")
    with _timed(run, listener, "read"):
        summary = _read(run, planned, engine, listener)
    with _timed(run, listener, "load"):
        store.build(run, summary.keys, budget)
    with _timed(run, listener, "link"), store.connect(run, read_only=False, budget=budget) as con:
        con.execute("UPDATE files SET digest = d.digest FROM digests d WHERE d.file = files.file")
        store.show_bulk(con, run, summary.keys)
        con.execute(f"INSERT INTO pairs SELECT label, source, rule FROM {_stored_pairs(run)}")
        link.link(con)
        item_media.reduce(con)
        if counts := item_media.listed_media(con):
            run.update(listed={"media": counts[0], "found": counts[1]})
        neighbours.reduce(con)
    with _timed(run, listener, "derive"):
        derived_tables.write_plan(run.facts, plans.plan_tables(plan))
        derived_tables.derive(run.facts, seen.library, run.derived, budget)
    with _timed(run, listener, "checks"):
        outcomes = run_checks(
            run.facts,
            grade.tasks(seen.library, plan, options.select, options.ignore),
            results=run.results,
            findings=run.findings,
            budget=budget,
        )
    with _timed(run, listener, "verdict"):
        kept_words.write(run.path, map(catalogue, seen.library.checks.values()))
        disk.write_bytes(run.outcomes, json.dumps([o.to_json() for o in outcomes], indent=1).encode("utf-8"))
        with store.connect(run, budget=budget) as con:
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


def _pair(run: Run) -> tuple[dict[str, int], dict[str, int]]:
    """Pairs by names alone, kept in ``run`` for later: their number, and how many sources and labels there
    are (and labels that stand alone); how many of them have none, by kind."""
    with duckdb.connect(config=Budget(temp=run.work / "spill").config()) as con:
        con.execute(f"CREATE VIEW files AS FROM read_parquet({literal(run.files)})")
        con.execute("CREATE TABLE pairs (label UBIGINT, source UBIGINT, rule VARCHAR)")
        pair_by_name(con)
        con.execute(f"COPY pairs TO {literal(run.work / _PAIRS)} (FORMAT parquet)")
        counted = con.execute(
            """SELECT kind, count(*), count(*) FILTER (alone IS NOT TRUE AND file NOT IN (
                   SELECT source FROM pairs UNION ALL SELECT label FROM pairs)), count(*) FILTER (alone)
               FROM files WHERE kind IN ('source', 'label') GROUP BY kind"""
        ).fetchall()
        ((pairs, by_folder),) = con.execute("SELECT count(*), count_if(rule = 'P7') FROM pairs").fetchall()
    orphans = {kind: left for kind, _, left, _ in counted}
    alone = sum(stand for *_, stand in counted)
    counts = {kind: files for kind, files, *_ in counted}
    return counts | {"pair": pairs, "folder": by_folder, "alone": alone}, orphans


def _stored_pairs(run: Run) -> str:
    return f"read_parquet({literal(run.work / _PAIRS)})"


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


def _jobs(seen: Looked, options: CheckOptions, run: Run) -> list[Job]:
    """All chunks of the run, labels first."""
    files = seen.deliverable.files
    files = files.append_column("schema", seen.bindings.schema_of(files.column("file")))
    readable, kind = pc.equal(files.column("status"), "ok"), files.column("kind")
    labels, sources = (pc.and_(readable, pc.equal(kind, wanted)) for wanted in ("label", "source"))
    reading = {
        "schemas": {s.id: s.path for s in seen.bindings.schemas.values()},
        "digests": {s.id: s.digest for s in seen.bindings.schemas.values()},
        "text_key": project.text_key(seen.plan_path),
    }
    asked: dict[str, tuple[pa.ChunkedArray, dict[str, Any]]] = {"labels": (labels, reading)}
    if options.media != "none":
        asked["media"] = (sources, {})
    if options.digest == "full":
        asked["digests"] = (readable, {})
    try:
        return [
            job
            for producer, (which, told) in asked.items()
            for job in chunks.plan_chunks(
                files, producer, told, rows=np.flatnonzero(which), keep=run.work / f"{producer}.arrow"
            )
        ]
    except OSError as error:
        raise disk.unwritable(run.work, error) from error


def _read(run: Run, planned: Planned, engine: ProcessEngine, listener: Listener) -> Summary:
    """Take over the chunks of an earlier run and make the others. Only what is read is counted meanwhile."""
    listener.phase("labels")
    reading = planned.expected.reading
    listener.total(_files(planned.jobs, reading), sum(reading.values()))

    sizes = {job.key: job.bytes for job in planned.jobs}
    told: dict[str, float] = {}

    def on_the_way(key: str, read: int) -> None:
        """A large file is long in its chunk: what was read of it is told before it ends."""
        work = reading.get(key, 0.0) * min(read / max(sizes[key], 1), 1.0)
        if (more := work - told.get(key, 0.0)) > 0:
            told[key] = work
            listener.advance(0, more)

    def done(chunk: Done) -> None:
        if not chunk.resumed:
            listener.advance(chunk.files, reading.get(chunk.key, 0.0) - told.pop(chunk.key, 0.0))

    if planned.followed is not None:
        _take_over(planned, planned.followed, run)
    summary = run_jobs(planned.jobs, run.chunks, engine, done, on_the_way=on_the_way)
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


def _take_over(planned: Planned, followed: Followed, run: Run) -> None:
    """Bring the chunks and record whose they are; a run that goes on has some of them already."""
    taken = since.take_over(followed, run)
    before = run.info.get("since", {})
    again = before if before.get("run") == str(followed.run.path) else {}
    run.update(
        since={
            "run": str(followed.run.path),
            "started": followed.run.info.get("started"),
            "state": followed.run.info.get("state"),
            "chunks": len(taken) + again.get("chunks", 0),
            "files": _files(planned.jobs, taken) + again.get("files", 0),
        }
    )


def _files(jobs: Iterable[Job], keys: Container[str]) -> int:
    """Files of the chunks with these keys."""
    return sum(len(job.members) for job in jobs if job.key in keys)


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
        reading_with=since.reading_with(
            {s.id: s.digest for s in seen.bindings.schemas.values()}, project.text_key(seen.plan_path)
        ),
    )  # fmt: skip


def _preview(run: Run, seen: Looked, planned: Planned, workers: int) -> Preview:
    deliverable, bindings = seen.deliverable, seen.bindings
    reasons = [Said(r.key, r.values) for r in deliverable.layout_reason.reasons]
    counts, orphans = _pair(run)
    reading, followed = planned.expected.reading, planned.followed
    taken = followed.keys if followed is not None else frozenset()
    read = _files(planned.jobs, reading)
    return Preview(
        name=deliverable.name,
        path=deliverable.path,
        files=deliverable.file_count,
        archives=deliverable.archive_count,
        bytes=deliverable.byte_count,
        layout=LayoutSeen(deliverable.layout.id, deliverable.layout.title, reasons[0], tuple(reasons[1:])),
        schemas=tuple(_schema_seen(bound) for bound in bindings.bound),
        pairs=counts["pair"],
        orphan_sources=orphans.get("source", 0),
        orphan_labels=orphans.get("label", 0),
        unknown_labels=bindings.unfit,
        unread_labels=bindings.unread,
        estimate_s=planned.expected.seconds(workers),
        plan=seen.plan_path,
        labels=counts.get("label", 0),
        sources=counts.get("source", 0),
        alone=counts["alone"],
        by_folder=counts["folder"],
        run=run.path,
        resumed_files=sum(len(job.members) for job in planned.jobs) - read - _files(planned.jobs, taken),
        since=followed.run.path if followed is not None else None,
        taken_files=followed.files if followed is not None else 0,
        read_files=read,
    )


def _remarks(bindings: Bindings, followed: Followed | None, run: Run) -> Iterator[Said]:
    """What the user should know of labels whose content is not examined, of a plan that names none, and of an
    earlier run that is followed in vain."""
    if followed is not None and (said := since.remark(followed, run)) is not None:
        yield said
    for bound in bindings.bound:
        if bound.how == PLANNED and not bound.files:
            yield Said("binding.no-match", {"match": bound.match or "", "schema": bound.schema.id})
    if bindings.unread:
        files = bindings.unread.total()
        yield Said("binding.no-reader", {"files": files, "extensions": kinds_of(bindings.unread)})
    closest = bindings.closest
    if bindings.unfit and (closest is None or closest.score < NEAR):
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
