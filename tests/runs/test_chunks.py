"""How files are dealt into chunks."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qc.deliverable.locators import part, unpacked
from qc.deliverable.reading import Place
from qc.facts.ids import file_id
from qc.facts.producers import Job, Kept, Member, Members
from qc.runs import chunks
from qc.runs.chunks import Bounds, manifest_digest, plan_chunks
from tests.runs.toy import listed, many


def keys(jobs: list[Job]) -> list[str]:
    return [job.key for job in jobs]


def files_of(job: Job) -> list[int]:
    return [member.file for member in job.members]


def archives(sizes: list[int]) -> pa.Table:
    """A listing of archives with so many members each, in which offsets run backwards."""
    rows: dict[str, list[Any]] = {name: [] for name in ("file", "container", "container_path", "size", "crc")}
    disk, offset = [], []
    for number, count in enumerate(sizes):
        path = f"a{number}.zip"
        for member in range(count):
            rows["file"].append(file_id("deliverable", path, f"{member}.json"))
            rows["container"].append(file_id("deliverable", None, path))
            rows["container_path"].append(path)
            rows["size"].append(100)
            rows["crc"].append(member)
            disk.append(f"/nowhere/{path}")
            offset.append(1_000_000 - member)
    return listed(rows, disk, offset)


def test_no_files_no_jobs() -> None:
    assert plan_chunks(many(0), "labels", {}) == []


def test_every_file_is_in_one_job_within_bounds() -> None:
    files = many(5000)
    bounds = Bounds(files=300, bytes=2 << 20)
    jobs = plan_chunks(files, "labels", {}, bounds)
    assert Counter(i for job in jobs for i in files_of(job)) == Counter(files["file"].to_pylist())
    assert max(len(job.members) for job in jobs) <= bounds.files
    assert max(job.bytes for job in jobs) <= bounds.bytes
    assert len(set(keys(jobs))) == len(jobs)
    assert len(jobs) < 80  # not a crumb a file


def test_row_order_does_not_matter() -> None:
    files = many(700)
    shuffled = files.take(pa.array(np.random.default_rng(1).permutation(700)))
    bounds = Bounds(files=50)
    assert keys(plan_chunks(files, "labels", {}, bounds)) == keys(plan_chunks(shuffled, "labels", {}, bounds))


@pytest.mark.parametrize("count", [997, 1000, 1023, 1024, 2048, 4095])
def test_an_added_file_changes_its_own_bucket_only(count: int) -> None:
    bounds = Bounds(files=100)
    before = set(keys(plan_chunks(many(count), "labels", {}, bounds)))
    after = set(keys(plan_chunks(many(count + 1), "labels", {}, bounds)))
    assert len(before - after) == 1
    assert len(after - before) <= 3  # the bucket, or its halves


def test_a_file_over_the_bounds_is_a_chunk_of_its_own() -> None:
    files = listed({"file": [1, 2, 2**63], "size": [10, 5000, 10]}, ["a", "b", "c"])
    jobs = plan_chunks(files, "labels", {}, Bounds(files=10, bytes=1000))
    assert [2] in [files_of(job) for job in jobs]


def test_only_the_head_of_media_counts() -> None:
    files = listed({"file": list(range(0, 2**63, 2**57)), "size": [1 << 30] * 64}, ["x"] * 64)
    assert len(plan_chunks(files, "media", {})) == 1
    assert len(plan_chunks(files, "labels", {})) == 64


def test_small_archives_stay_whole_and_share_chunks() -> None:
    files = archives([7] * 60)
    jobs = plan_chunks(files, "labels", {}, Bounds(files=100))
    disks = [{m.place.disk for m in job.members} for job in jobs]
    assert sum(map(len, disks)) == 60  # none is in two
    assert 5 <= len(jobs) <= 20


def test_a_large_archive_has_chunks_of_its_own_in_the_order_of_its_bytes() -> None:
    jobs = plan_chunks(archives([400, 3]), "labels", {}, Bounds(files=100))
    for job in jobs:
        assert len({m.place.disk for m in job.members}) == 1
        offsets = [m.place.offset for m in job.members]
        assert offsets == sorted(offsets, key=lambda o: o or 0)


CHANGES: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "size": ({"size": [11, 20]}, "labels", {}),
    "time": ({"mtime_ns": [5, 6]}, "labels", {}),
    "identity": ({"file": [1, 3]}, "labels", {}),
    "crc": ({"crc": [1, None]}, "labels", {}),
    "producer": ({}, "media", {}),
    "option": ({}, "labels", {"cap": 6}),
    "secret": ({}, "labels", {"text_key": b"2"}),
}
LISTING: dict[str, Any] = {"file": [1, 2], "size": [10, 20], "mtime_ns": [5, 5], "crc": [None, None]}
OPTIONS: dict[str, Any] = {
    "digests": {"coco": "a"},
    "text_key": b"1",
    "cap": 5,
    "schemas": {"coco": Path("a")},
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_key_is_all_that_rows_depend_on(change: str) -> None:
    columns, producer, options = CHANGES[change]
    bounds = Bounds()
    before = plan_chunks(listed(LISTING, ["a", "b"]), "labels", OPTIONS, bounds)
    after = plan_chunks(listed(LISTING | columns, ["a", "b"]), producer, OPTIONS | options, bounds)
    assert keys(before) != keys(after)


def test_a_key_is_nothing_else() -> None:
    """Places on this machine do not matter, nor does the time of a file whose CRC-32 is known."""
    columns = LISTING | {"crc": [1, 2]}
    before = plan_chunks(listed(columns, ["/a/x", "/a/y"]), "labels", OPTIONS)
    moved = dict(reversed(OPTIONS.items())) | {"schemas": {"coco": Path("b"), "voc": Path("c")}}
    after = plan_chunks(listed(columns | {"mtime_ns": [8, 9]}, ["/b/x", "/b/y"]), "labels", moved)
    assert keys(before) == keys(after)


def test_a_key_knows_which_schema_a_file_is_bound_to() -> None:
    files = listed(LISTING, ["a", "b"])
    bound = [
        plan_chunks(files.append_column("schema", pa.array(schemas, pa.string())), "labels", {})
        for schemas in (["coco", None], [None, "coco"], ["coco", "coco"])
    ]
    assert len({jobs[0].key for jobs in bound}) == 3
    assert [m.schema for m in bound[0][0].members] == ["coco", None]


def test_a_key_knows_the_time_of_the_archive_on_disk() -> None:
    """Bytes of an archive may be damaged on the way, and its directory promises what it promised."""

    def key(time: int, *, inner: int | None = None) -> str:
        """An archive (1) with an archive (2) that holds a file (3)."""
        rows = {"file": [1, 2, 3], "container": [None, 1, 2], "size": [9, 9, 9], "crc": [None, 7, 8]}
        files = listed(rows | {"mtime_ns": [time, inner, None]}, ["/a"] * 3, [0, 0, 0])
        return plan_chunks(files, "labels", OPTIONS, rows=np.array([2]))[0].key

    assert key(5) == key(5)
    assert key(5) != key(6)
    assert key(5, inner=4) != key(5)


def test_a_key_knows_what_is_in_the_schemas_of_its_own_files() -> None:
    files = listed(LISTING, ["a", "b"]).append_column("schema", pa.array(["coco", None], pa.string()))

    def key(**digests: str) -> str:
        return plan_chunks(files, "labels", {"digests": digests})[0].key

    assert key(coco="a") != key(coco="b")
    assert key(coco="a") == key(coco="a", voc="c"), "a format of other files makes nothing to be read again"


def test_members_kept_in_a_file_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "_BLOCK", 200)  # several blocks
    files, bounds = archives([40] * 20), Bounds(files=50)
    held = plan_chunks(files, "labels", OPTIONS, bounds)
    kept = plan_chunks(files, "labels", OPTIONS, bounds, keep=tmp_path / "plan.arrow")
    assert keys(kept) == keys(held)
    for one, other in zip(kept, held, strict=True):
        assert isinstance(one.members, Kept)
        assert len(pickle.dumps(one)) < 1000
        assert (len(one.members), one.bytes) == (len(other.members), other.bytes)
        assert list(pickle.loads(pickle.dumps(one)).members) == list(other.members)
        assert one.members[3] == other.members[3]
        assert list(one.members[2:5]) == list(other.members[2:5])


def test_some_rows_of_a_listing_are_dealt_as_if_they_were_all() -> None:
    files = archives([40, 400, 3])
    some = np.flatnonzero(np.arange(files.num_rows) % 3 > 0)
    bounds = Bounds(files=50)
    alone = plan_chunks(files.take(pa.array(some)), "labels", OPTIONS, bounds)
    chosen = plan_chunks(files, "labels", OPTIONS, bounds, rows=some)
    assert keys(chosen) == keys(alone)
    assert [list(job.members) for job in chosen] == [list(job.members) for job in alone]


def test_options_that_cannot_be_written_down_are_refused() -> None:
    with pytest.raises(TypeError, match="plain values"):
        plan_chunks(many(1), "labels", {"schema": object()})


def test_members_survive_the_way_to_a_worker() -> None:
    job = plan_chunks(many(4000), "labels", {}, Bounds(files=10_000))[0]
    assert isinstance(job.members, Members)
    part = job.members[10:13]
    data = pickle.dumps(part)
    assert len(data) < 5000  # not the columns behind the slice
    assert list(pickle.loads(data)) == [job.members[10], job.members[11], job.members[12]]
    assert job.members[-1] == list(job.members)[-1]
    with pytest.raises(IndexError):
        job.members[len(job.members)]


def test_members_of_objects() -> None:
    place = Place("/a/납품.zip", 30, 5, 9, 2**32 - 1, 8, 0x800)
    members = [
        Member(2**64 - 1, place, "coco", "json", "가"),
        Member(0, place._replace(offset=None), None, "", ""),
    ]
    assert list(Members.of(members)) == members
    assert Members.of(members).total_bytes == 18


def test_a_manifest_is_path_size_and_crc_in_any_order() -> None:
    files = listed(LISTING, ["a", "b"])
    assert manifest_digest(files) == manifest_digest(files.take(pa.array([1, 0])))
    assert manifest_digest(files) == manifest_digest(listed(LISTING | {"mtime_ns": [7, 7]}, ["a", "b"]))
    others: list[dict[str, Any]] = [{"size": [10, 21]}, {"crc": [None, 1]}, {"file": [1, 5]}]
    assert len({manifest_digest(listed(LISTING | other, ["a", "b"])) for other in [{}, *others]}) == 4


#: File id, size, container.
ROWS = st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 50), st.integers(0, 3))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(ROWS, min_size=1, unique_by=lambda row: row[0]),
    st.integers(1, 8),
    st.integers(1, 120),
)
def test_any_listing_is_dealt_once_and_within_bounds(
    rows: list[tuple[int, int, int]], most: int, total: int
) -> None:
    files = listed(
        {
            "file": [i for i, _, _ in rows],
            "size": [size for _, size, _ in rows],
            "container": [container * 2**61 or None for _, _, container in rows],
        },
        ["x"] * len(rows),
        list(range(len(rows))),
    )
    jobs = plan_chunks(files, "labels", {}, Bounds(files=most, bytes=total))
    assert Counter(i for job in jobs for i in files_of(job)) == Counter(i for i, _, _ in rows)
    for job in jobs:
        assert len(job.members) == 1 or (len(job.members) <= most and job.bytes <= total)


# --- what can only be read forward ------------------------------------------------------------------


def packed(counts: dict[str, int], at: Callable[[int], int] = lambda n: n * 512) -> pa.Table:
    """A listing of packed tars with so many members each, in an order that is not that of the tar."""
    rows: dict[str, list[Any]] = {
        name: [] for name in ("file", "container", "container_path", "size", "mtime_ns")
    }
    disk, offset = [], []
    for path, count in counts.items():
        for member in reversed(range(count)):
            rows["file"].append(file_id("deliverable", path, f"{member}.json"))
            rows["container"].append(file_id("deliverable", None, path))
            rows["container_path"].append(path)
            rows["size"].append(100)
            rows["mtime_ns"].append(7)
            disk.append(unpacked(f"/nowhere/{path}", -2, 0, 99))
            offset.append(at(member))
    return listed(rows, disk, offset)


def test_a_packed_tar_is_dealt_in_the_order_in_which_it_is_unpacked() -> None:
    """Else each of its chunks would have to unpack what comes before."""
    bounds = Bounds(files=100)
    jobs = plan_chunks(packed({"a.tgz": 350, "b.tgz": 3}), "labels", {}, bounds)
    offsets = {"a.tgz": [], "b.tgz": []}  # type: dict[str, list[int]]
    for job in jobs:
        (name,) = {m.place.disk.partition("\0")[0].rpartition("/")[2] for m in job.members}
        offsets[name] += [m.place.offset or 0 for m in job.members]
    assert offsets == {"a.tgz": [n * 512 for n in range(350)], "b.tgz": [0, 512, 1024]}
    assert sorted(len(job.members) for job in jobs) == [3, 50, 100, 100, 100]
    again = plan_chunks(packed({"b.tgz": 3, "a.tgz": 350}), "labels", {}, bounds)
    assert keys(again) == keys(jobs)


def test_what_lies_in_a_packed_tar_is_dealt_with_it() -> None:
    """An archive in it, stored, has its place there; one that is packed once more begins there."""
    root = unpacked("/nowhere/a.tgz", -2, 0, 99)
    inner = unpacked(root, 8, 3000, 10, 10**9)
    disks = [part(root, 5000, 900), root, inner, root, inner]
    columns = {"file": [5, 4, 3, 2, 1], "container": [9, 8, 7, 8, 7], "size": [1] * 5}
    jobs = plan_chunks(listed(columns, disks, [10, 100, 70, 4000, 60]), "labels", {})
    assert [files_of(job) for job in jobs] == [[4, 1, 3, 2, 5]]


def test_what_is_packed_and_what_is_not_are_all_dealt_once() -> None:
    files = pa.concat_tables([archives([7, 300]), many(200), packed({"a.tgz": 120})])
    jobs = plan_chunks(files, "labels", {}, Bounds(files=50))
    assert Counter(i for job in jobs for i in files_of(job)) == Counter(files["file"].to_pylist())
    assert max(len(job.members) for job in jobs) <= 50
    rows = np.arange(0, files.num_rows, 3)
    some = plan_chunks(files, "labels", {}, Bounds(files=50), rows=rows)
    assert Counter(i for job in some for i in files_of(job)) == Counter(files["file"].take(rows).to_pylist())


def test_members_of_a_tar_change_with_its_time_and_their_place() -> None:
    """They have no checksum."""
    before = keys(plan_chunks(packed({"a.tgz": 5}), "labels", {}))
    moved = keys(plan_chunks(packed({"a.tgz": 5}, lambda n: n * 1024), "labels", {}))
    files = packed({"a.tgz": 5})
    later = files.set_column(
        files.schema.get_field_index("mtime_ns"), "mtime_ns", pa.array([8] * 5, pa.int64())
    )
    assert len({*before, *moved, *keys(plan_chunks(later, "labels", {}))}) == 3
