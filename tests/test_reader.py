"""Any container, any bytes, bounded memory: what comes out is what went in."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import lz4.frame
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fwforensics.errors import BombError, SourceError, UsageError
from fwforensics.formats._lines import Lines, as_utf8
from fwforensics.inflate import Limits
from fwforensics.reader import chunks, expand, find
from tests.support import ask, fwf, iptables_line, one, take

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TEXT = b"".join(b"line %d\n" % n for n in range(5000))
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda b: b,
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstd.compress,
    "lz4": lz4.frame.compress,
    "two frames of gz": lambda b: gzip.compress(b[:999]) + gzip.compress(b[999:]),
    "two frames of zst": lambda b: zstd.compress(b[:999]) + zstd.compress(b[999:]),
    "gz padded with zeros": lambda b: gzip.compress(b) + bytes(512),
}


def content_of(path: Path, limits: Limits | None = None) -> list[tuple[str | None, bytes, str | None]]:
    """(member, content, damage) of each source in a file."""
    out = []
    for source in expand([str(path)], limits):
        with source.open() as content:
            out.append((source.member, b"".join(c.data for c in chunks(content)), content.truncated))
    return out


@pytest.mark.parametrize("packed", PACKERS)
def test_containers_are_known_by_their_bytes(tmp_path: Path, packed: str) -> None:
    """The name says nothing; the first bytes do."""
    path = tmp_path / "evidence.whatever"
    path.write_bytes(PACKERS[packed](TEXT))
    assert content_of(path) == [(None, TEXT, None)]


@pytest.mark.parametrize("packed", ["gz", "bz2", "xz", "zst", "lz4"])
def test_a_cut_container_is_read_as_far_as_it_goes(tmp_path: Path, packed: str) -> None:
    """What can be read is read, and the damage is said."""
    path = tmp_path / "cut"
    whole = PACKERS[packed](TEXT * 20)
    path.write_bytes(whole[: len(whole) * 2 // 3])
    [(_, data, damage)] = content_of(path)
    assert damage
    assert (TEXT * 20).startswith(data)


def test_damage_is_a_reject_of_its_own(tmp_path: Path) -> None:
    """A truncated log shows among the rejects, and the accounts balance."""
    path = tmp_path / "fw.log.gz"
    text = "".join(iptables_line(n) + "\n" for n in range(3000)).encode()
    path.write_bytes(gzip.compress(text)[:-2000])
    case = tmp_path / "c.duckdb"
    take(case, path)
    assert one(case, "SELECT count(*) FROM rejects WHERE reason LIKE 'compressed data ends early'") == 1
    assert one(case, "SELECT count(*) FROM sources WHERE lines = parsed + rejects + ignored") == 1


def test_archives_give_their_members_sorted(tmp_path: Path) -> None:
    """Members of tar and zip are sources of their own, compressed ones decompressed."""
    with tarfile.open(tmp_path / "a.tgz", "w:gz") as tar:
        for name, data in (("b.log", TEXT), ("a.log.gz", gzip.compress(TEXT))):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("d/b.log", TEXT)
        z.writestr("d/a.log.xz", lzma.compress(TEXT))
    assert content_of(tmp_path / "a.tgz") == [("a.log.gz", TEXT, None), ("b.log", TEXT, None)]
    assert content_of(tmp_path / "a.zip") == [("d/a.log.xz", TEXT, None), ("d/b.log", TEXT, None)]
    with find(str(tmp_path / "a.tgz"), "b.log").open() as content:
        assert content.read() == TEXT


def test_bombs_are_stopped_with_the_remedy(tmp_path: Path) -> None:
    """A file that expands beyond reason is an error that names the option."""
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(b"0\n" * (1 << 19)) * 100)
    with pytest.raises(BombError, match="--max-ratio"):
        content_of(path, Limits(ratio=50, grace=1 << 20))
    with pytest.raises(BombError):
        content_of(path, Limits(ratio=1e9, size=1 << 20))
    assert len(content_of(path, Limits(ratio=1e9))[0][1]) == 100 << 20


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_utf16_and_byte_order_marks(tmp_path: Path, encoding: str) -> None:
    """UTF-16 with or without a mark, and UTF-8 with one, are read as text."""
    path, case = tmp_path / "fw.log", tmp_path / "c.duckdb"
    path.write_bytes("".join(iptables_line(n) + "\r\n" for n in range(50)).encode(encoding))
    take(case, path)
    assert one(case, "SELECT count(*) FROM events") == 50
    quoted = fwf("evidence", "--source", "1", "--line", "1", "--line", "50", "--case", case, "--json")
    assert quoted.stdout.count(b"FW-DROP") == 2


def test_one_line_of_two_hundred_megabytes(tmp_path: Path) -> None:
    """A monster is one reject; the lines around it are read."""
    path, case = tmp_path / "fw.log", tmp_path / "c.duckdb"
    path.write_text(iptables_line(1) + "\n")
    with path.open("ab") as f:
        for _ in range(200):
            f.write(b"x" * (1 << 20))
        f.write(b"\n" + iptables_line(2).encode())
    take(case, path)
    assert ask(case, "SELECT list(line_no ORDER BY line_no) AS l FROM events") == [{"l": [1, 3]}]
    assert one(case, "SELECT reason FROM rejects") == "line of 209,715,200 bytes"


def test_nothing_matching_is_a_usage_error() -> None:
    """A path that is not there is said to be so."""
    with pytest.raises(UsageError, match="no such file"):
        list(expand(["/nowhere/*.log"]))


def test_an_encrypted_or_broken_archive_is_an_error_of_that_source_alone(tmp_path: Path) -> None:
    """One bad archive leaves the other files readable."""
    (tmp_path / "bad.zip").write_bytes(b"PK\x03\x04 this is no zip")
    (tmp_path / "fw.log").write_text(iptables_line(1) + "\n")
    report = take(tmp_path / "cases.duckdb", tmp_path)
    assert {s.status for s in report.sources} == {"error", "new"}
    assert report.exit_code == 3


@given(st.binary(max_size=400))
def test_lines_lose_no_byte(data: bytes) -> None:
    """Every line feed ends a line, and the text of all lines is the text of the content."""
    lines = Lines.of(data)
    texts = lines.text.to_list()
    expected = as_utf8(data).decode().split("\n")
    if expected[-1] == "":
        expected.pop()
    assert texts == [t.removesuffix("\r") for t in expected]


@settings(max_examples=30)
@given(st.lists(st.binary(max_size=300), max_size=20), st.integers(min_value=1, max_value=64))
def test_chunks_are_whole_lines_whatever_their_size(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes], size: int
) -> None:
    """Cutting into chunks changes neither bytes nor line numbers."""
    path = tmp_path_factory.mktemp("chunks") / "f"
    data = b"A\n" + b"\n".join(parts)
    path.write_bytes(data)
    try:
        [source] = expand([str(path)])
    except SourceError:
        return
    with source.open() as content:
        found = list(chunks(content, size))
    assert b"".join(c.data for c in found) == data or source.member
    number = 1
    for chunk in found:
        assert chunk.first == number
        number += chunk.data.count(b"\n")


def zipped(**members: bytes) -> bytes:
    """A zip archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in members.items():
            z.writestr(name, data)
    return out.getvalue()


def tarred(**members: bytes) -> bytes:
    """A tar archive."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def test_archives_in_archives_are_read_and_quoted_from(tmp_path: Path) -> None:
    """A zip in a compressed tar, a tar in a zip: the member names the way in, and evidence goes it again."""
    log = {n: "".join(iptables_line(i) + "\n" for i in range(n * 10, n * 10 + 5)).encode() for n in range(4)}
    inner = gzip.compress(tarred(**{"t.log": log[0]}))
    zip_inside = zipped(**{"fw.log.gz": gzip.compress(log[1]), "deep.tgz": inner})
    path, case = tmp_path / "outer.tar.xz", tmp_path / "c.duckdb"
    path.write_bytes(lzma.compress(tarred(**{"logs/fw.zip": zip_inside, "a.log": log[2]})))
    (tmp_path / "outer.zip").write_bytes(zipped(**{"x/t.tar": tarred(**{"u.log": log[3]})}))
    take(case, path, tmp_path / "outer.zip")
    assert ask(case, "SELECT member, rows FROM sources ORDER BY source_id") == [
        {"member": m, "rows": 5}
        for m in ("a.log", "logs/fw.zip!deep.tgz!t.log", "logs/fw.zip!fw.log.gz", "x/t.tar!u.log")
    ]
    for source in range(1, 5):
        quoted = fwf("evidence", "--source", str(source), "--line", "3", "--case", case, "--json")
        assert quoted.stdout.count(b"FW-DROP") == 1, quoted.stderr
    assert fwf("verify", "--case", case).returncode == 0
    path.write_bytes(lzma.compress(tarred(**{"logs/fw.zip": zipped(other=b"x"), "a.log": log[2]})))
    assert fwf("verify", "--case", case, "--json").stdout.count(b'"missing"') == 2
    assert [s.status for s in take(case, tmp_path / "outer.zip").sources] == ["duplicate"]


def test_archives_nest_only_so_deep_and_only_so_far(tmp_path: Path) -> None:
    """What lies deeper than the bound, or unpacks to too much in all, is an error of that member alone."""
    deep = TEXT
    for _ in range(6):
        deep = zipped(deep=deep, log=TEXT)
    (tmp_path / "deep.zip").write_bytes(deep)
    found = list(expand([str(tmp_path / "deep.zip")]))
    failed = []
    for source in found:
        try:
            with source.open() as content:
                assert content.read() == TEXT
        except SourceError as error:
            failed.append(str(error))
    assert len(failed) == 1
    assert "more than 4 deep" in failed[0]
    bomb = zipped(**{f"{n}.zip": zipped(big=bytes(4 << 20)) for n in range(10)})
    for _ in range(2):
        bomb = zipped(**{f"{n}.zip": bomb for n in range(10)})
    (tmp_path / "bomb.zip").write_bytes(bomb)
    refused = 0
    for source in expand([str(tmp_path / "bomb.zip")], Limits(ratio=20, grace=1 << 20)):
        try:
            with source.open() as content:
                content.read()
        except BombError:
            refused += 1
    assert refused


def test_an_encrypted_member_says_so(tmp_path: Path) -> None:
    """A member behind a password is an error with the remedy; its neighbours are read."""
    data = bytearray(zipped(secret=b"abc" * 100))
    for magic, flag in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(magic) + flag] |= 1
    (tmp_path / "x.zip").write_bytes(data)
    [source] = expand([str(tmp_path / "x.zip")])
    with pytest.raises(SourceError, match="encrypted"), source.open():
        pass


def test_a_pipe_in_a_folder_is_left_and_a_named_one_is_an_error(tmp_path: Path) -> None:
    """Nothing waits for a writer that never comes."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "fw.log").write_text(iptables_line(1) + "\n")
    assert [s.name for s in expand([str(tmp_path)])] == ["fw.log"]
    [source] = expand([str(tmp_path / "pipe")])
    with pytest.raises(SourceError, match="pipe"), source.open():
        pass


def test_two_files_of_which_nothing_can_be_read_are_no_copies(tmp_path: Path) -> None:
    """Broken files that give nothing are told one by one, and the same one twice is taken once."""
    (tmp_path / "a.gz").write_bytes(b"\x1f\x8bjunk")
    (tmp_path / "b.gz").write_bytes(gzip.compress(TEXT)[:14])
    case = tmp_path / "cases.duckdb"
    report = take(case, tmp_path / "a.gz", tmp_path / "b.gz")
    assert [s.status for s in report.sources] == ["new", "new"]
    assert all("lost" in s.message for s in report.sources)
    assert [s.status for s in take(case, tmp_path / "b.gz").sources] == ["duplicate"]
