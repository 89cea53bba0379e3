"""What pictures say of themselves, and what broken ones become."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from qc.deliverable.reading import Place, Reader
from qc.facts import media
from qc.facts.media import HEAD, read_headers
from qc.facts.producers import Job, Member
from qc.facts.tables import COVERAGE, MEDIA


def picture(name: str, size: tuple[int, int] = (31, 17), mode: str = "RGB", **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size).save(out, name, **options)
    return out.getvalue()


def turned(orientation: int | str) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def frames(name: str, count: int) -> bytes:
    pages = [Image.new("L", (8, 6), shade * 40) for shade in range(count)]
    out = io.BytesIO()
    pages[0].save(out, name, save_all=True, append_images=pages[1:])
    return out.getvalue()


def huge_png(width: int, height: int) -> bytes:
    """A picture whose header promises more pixels than any memory holds."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
        + struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    )  # fmt: skip


def place_of(path: Path, data: bytes) -> Place:
    path.write_bytes(data)
    return Place(str(path), None, len(data), len(data), 0, 0, 0)


def member_of(path: Path, data: bytes, method: int = zipfile.ZIP_DEFLATED) -> Place:
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("a", data)
        info = archive.getinfo("a")
    offset, packed, size = info.header_offset, info.compress_size, info.file_size
    return Place(str(path), offset, packed, size, info.CRC, info.compress_type, info.flag_bits)


def read(place: Place, extension: str) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """Rows of media (if any) and coverage of one file."""
    tables = read_headers(Job("media", "k", (Member(7, place, None, extension, "a"),), {}))
    assert tables["media"].schema == MEDIA.schema
    assert tables["coverage"].schema == COVERAGE.schema
    rows = tables["media"].to_pylist()
    (covered,) = tables["coverage"].to_pylist()
    assert covered["file"] == 7
    return (rows[0] if rows else None), covered


GOOD: dict[str, tuple[bytes, dict[str, Any]]] = {
    "jpg": (picture("JPEG"), {"format": "JPEG", "mode": "RGB", "bits": 8, "channels": 3}),
    "jpg grey": (picture("JPEG", mode="L"), {"mode": "L", "channels": 1}),
    "jpg cmyk": (picture("JPEG", mode="CMYK"), {"mode": "CMYK", "channels": 4}),
    "jpg turned": (picture("JPEG", exif=turned(6)), {"orientation": 6, "width": 31, "height": 17}),
    "jpg turned oddly": (picture("JPEG", exif=turned(9)), {"orientation": None}),
    "png": (picture("PNG"), {"format": "PNG", "bits": 8}),
    "png 16 bits": (picture("PNG", mode="I;16"), {"bits": 16, "channels": 1}),
    "png 1 bit": (picture("PNG", mode="1"), {"bits": 1}),
    "png alpha": (picture("PNG", mode="RGBA"), {"channels": 4}),
    "png turned": (picture("PNG", exif=turned(8)), {"orientation": 8}),
    "png with a wrong name.jpg": (picture("PNG"), {"format": "PNG"}),
    "bmp": (picture("BMP"), {"format": "BMP"}),
    "gif": (frames("GIF", 3), {"format": "GIF", "frames": 3, "width": 8, "height": 6}),
    "tif": (frames("TIFF", 4), {"format": "TIFF", "frames": 4, "bits": 8, "width": 8, "height": 6}),
    "tif turned": (picture("TIFF", exif=turned(3)), {"orientation": 3}),
    "tif 1 bit": (picture("TIFF", mode="1"), {"bits": 1}),
    "webp": (picture("WEBP"), {"format": "WEBP"}),
    "jpg of several pictures": (frames("MPO", 2), {"format": "JPEG", "frames": 2, "width": 8, "height": 6}),
    "png too large to open": (huge_png(90_000, 80_000), {"width": 90_000, "height": 80_000}),
}  # fmt: skip
PLAIN = {
    "width": 31,
    "height": 17,
    "orientation": None,
    "frames": 1,
    "status": "ok",
    "reason": None,
    "fps": None,
}


@pytest.mark.parametrize("where", ["disk", "archive"])
@pytest.mark.parametrize("case", GOOD)
def test_headers(case: str, where: str, tmp_path: Path) -> None:
    data, expected = GOOD[case]
    place = (place_of if where == "disk" else member_of)(tmp_path / "x", data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        row, covered = read(place, case.split(maxsplit=1)[0])
    assert row is not None
    expected = PLAIN | expected
    assert {name: row[name] for name in expected} == expected
    assert (covered["status"], covered["reason"], covered["weight"]) == ("header", None, 1.0)


def test_the_rest_of_an_archive_member_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = Image.effect_noise((600, 500), 90)
    out = io.BytesIO()
    noise.save(out, "JPEG", quality=95)
    assert len(out.getvalue()) > 2 * HEAD
    place = member_of(tmp_path / "x.zip", out.getvalue())
    monkeypatch.setattr(Reader, "read", lambda *_: pytest.fail("read whole"))
    row, _ = read(place, "jpg")
    assert row is not None
    assert (row["width"], row["height"]) == (600, 500)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_header_behind_the_head_is_found(method: int, tmp_path: Path) -> None:
    """A JPEG may carry a colour profile of hundreds of KiB before its size."""
    data = picture("JPEG", icc_profile=bytes(3 * HEAD))
    row, covered = read(member_of(tmp_path / "x.zip", data, method), "jpg")
    assert row is not None
    assert (row["status"], row["width"]) == ("ok", 31)
    assert covered["status"] == "header"


def test_a_member_too_big_to_be_read_whole_is_ours_to_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media, "WHOLE", 2 * HEAD)
    row, covered = read(member_of(tmp_path / "x.zip", picture("JPEG", icc_profile=bytes(3 * HEAD))), "jpg")
    assert row is not None
    assert (row["status"], row["reason"]) == ("unsupported", "too-big")
    assert covered["status"] == "skipped"


BAD = {
    "empty": (b"", "empty"),
    "text": (b"<html>not found</html>" * 9, "not-an-image"),
    "zeros": (bytes(100_000), "not-an-image"),
    "cut before its size": (picture("JPEG", exif=turned(6))[:40], "damaged"),
    "cut in its signature": (picture("PNG")[:6], "not-an-image"),
}


@pytest.mark.parametrize("where", ["disk", "archive"])
@pytest.mark.parametrize("case", BAD)
def test_what_is_no_picture(case: str, where: str, tmp_path: Path) -> None:
    data, reason = BAD[case]
    row, covered = read((place_of if where == "disk" else member_of)(tmp_path / "x", data), "jpg")
    assert row is not None
    assert (row["status"], row["reason"], row["width"], row["format"]) == ("unreadable", reason, None, None)
    assert (covered["status"], covered["reason"], covered["weight"]) == ("failed", reason, 0.0)


def test_what_cannot_be_reached(tmp_path: Path) -> None:
    gone = Place(str(tmp_path / "gone.jpg"), None, 9, 9, 0, 0, 0)
    locked = member_of(tmp_path / "x.zip", picture("PNG"))._replace(flags=1)
    for place, reason in ((gone, "missing"), (locked, "encrypted")):
        row, covered = read(place, "jpg")
        assert row is not None
        assert (row["status"], row["reason"], covered["status"]) == ("unreadable", reason, "failed")


@pytest.mark.parametrize(
    ("extension", "status"), [("heic", "unsupported"), ("mp4", None), ("", None), ("wav", None)]
)
def test_other_media_wait_for_their_reader(extension: str, status: str | None, tmp_path: Path) -> None:
    row, covered = read(place_of(tmp_path / "x", b"data"), extension)
    assert (row["status"] if row else None) == status
    assert (covered["status"], covered["reason"], covered["weight"]) == ("skipped", "no-reader", 0.0)


@pytest.mark.parametrize("start", range(0, 700, 23))
def test_no_damage_escapes(start: int, tmp_path: Path) -> None:
    """Every picture with a stretch of it overwritten is a row, whatever the decoder raises."""
    for case, (data, _) in GOOD.items():
        broken = bytearray(data)
        broken[start : start + 9] = bytes(range(247, 256))
        row, _ = read(place_of(tmp_path / "x", bytes(broken)), case.split()[0])
        assert row is not None
        assert row["status"] in {"ok", "unreadable"}


def test_a_limit_that_was_set_is_set_again(tmp_path: Path) -> None:
    before = Image.MAX_IMAGE_PIXELS
    read(place_of(tmp_path / "x", picture("PNG")), "png")
    assert before == Image.MAX_IMAGE_PIXELS


def test_no_files() -> None:
    tables = read_headers(Job("media", "k", (), {}))
    assert {name: table.num_rows for name, table in tables.items()} == {"media": 0, "coverage": 0}
