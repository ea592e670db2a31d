"""New cases are copies of a kept one, and nothing depends on it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from fwforensics import blank
from fwforensics.queries import install, is_installed
from fwforensics.store import Case
from tests.support import fwf_process, take, write_log

CATALOGUE = """
    SELECT 'table' AS what, table_name AS name, '' AS part, comment, sql FROM duckdb_tables()
    UNION ALL SELECT 'view', view_name, '', comment, sql FROM duckdb_views() WHERE NOT internal
    UNION ALL SELECT 'column', table_name, column_name, comment, data_type FROM duckdb_columns() WHERE NOT internal
    UNION ALL SELECT 'macro', function_name, '', comment, macro_definition FROM duckdb_functions() WHERE NOT internal
    ORDER BY ALL
"""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with an empty case in it."""
    folder = tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        blank.writable(folder / "c.duckdb", create=True).close()
    return folder / "cache"


@pytest.fixture(autouse=True)
def cache(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own for each test."""
    shutil.copytree(kept, tmp_path / "cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "fwforensics"


def test_a_copy_is_what_is_made_anew(tmp_path: Path, cache: Path) -> None:
    """Tables, views, macros and all comments; the first case keeps one, the second is a copy of it."""
    shutil.rmtree(cache)
    with Case(tmp_path / "anew.duckdb", create=True) as case:
        install(case)
        anew = case.sql(CATALOGUE).rows()
        networks = case.sql("FROM networks").rows()
    for name in ("first", "second"):
        with blank.writable(tmp_path / f"{name}.duckdb", create=True) as case:
            assert case.has_fresh_views
            assert case.sql(CATALOGUE).rows() == anew
            assert case.sql("FROM networks").rows() == networks
            assert case.sql("SELECT count(created_at) FROM meta").scalar() == 1
    assert len(anew) > 800


def test_nothing_is_left_beside_the_case(tmp_path: Path, cache: Path) -> None:
    """One file, with the rights that any new file has, and one in the cache."""
    folder = tmp_path / "cases"
    folder.mkdir()
    blank.writable(folder / "c.duckdb", create=True).close()
    (folder / "plain").touch()
    assert {p.name for p in folder.iterdir()} == {"c.duckdb", "plain"}
    assert (folder / "c.duckdb").stat().st_mode == (folder / "plain").stat().st_mode
    assert [p.suffix for p in cache.iterdir()] == [".zst"]


@pytest.mark.parametrize("harm", [lambda b: b[: len(b) // 2], lambda _: b"", lambda b: b[:-20] + bytes(20)])
def test_a_damaged_one_is_made_anew(tmp_path: Path, cache: Path, harm: object) -> None:
    """A torn, an empty and a changed file: the case is as ever, and the next one is a copy again."""
    blank.writable(tmp_path / "a.duckdb", create=True).close()
    (kept,) = cache.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(harm(whole))  # type: ignore[operator]
    with blank.writable(tmp_path / "b.duckdb", create=True) as case:
        assert is_installed(case)
    assert len(list(cache.iterdir())) == 1
    assert len(kept.read_bytes()) > len(whole) // 2
    with blank.writable(tmp_path / "c.duckdb", create=True) as case:
        assert case.has_fresh_views


def test_without_a_place_to_keep_it(tmp_path: Path) -> None:
    """A home that cannot be written to: the case is made all the same, and no word is said of it."""
    (tmp_path / "file").touch()
    log = write_log(tmp_path / "fw.log", 0, 3)
    env = {"XDG_CACHE_HOME": str(tmp_path / "file")}
    done = fwf_process("ingest", log, "--case", tmp_path / "c.duckdb", "-q", env=env)
    assert done.returncode == 0, done.stderr
    assert done.stderr == b""


def test_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without links, as sticks have: made anew."""

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    with blank.writable(tmp_path / "c.duckdb", create=True) as case:
        assert is_installed(case)
    assert {p.name for p in tmp_path.iterdir()} == {"c.duckdb", "cache"}


def test_a_case_that_another_process_has_made_meanwhile_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look and the copy: what is there is taken, not replaced."""
    path = tmp_path / "c.duckdb"
    take(path, write_log(tmp_path / "fw.log", 0, 3))
    monkeypatch.setattr(Path, "exists", lambda self, **_: self != path)
    with blank.writable(path, create=True) as case:
        assert case.sql("SELECT count(*) FROM events").scalar() == 3


def test_the_analysts_own_queries_are_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy would lack them."""
    header = '/* ---\nname = "mine"\ntitle = "Mine"\nkind = "explore"\ncolumns = {n = "Events"}\n--- */\n'
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "mine.sql").write_text(header + "SELECT count(*) AS n FROM events ORDER BY n\n")
    monkeypatch.setenv("FWF_QUERIES", str(folder))
    with blank.writable(tmp_path / "c.duckdb", create=True) as case:
        assert case.sql("FROM mine()").scalar() == 0
