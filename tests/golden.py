"""Golden rows of the sample logs.

`python -m tests.golden --update [FORMAT …]` writes `<case>.expected.ndjson` beside each sample. A golden file is a
claim: read every row before it is committed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from fwforensics import derive
from fwforensics.blank import writable
from fwforensics.ingest import Options, ingest
from fwforensics.samples import CHECKOUT
from fwforensics.schema import CANONICAL

SAMPLES = CHECKOUT
#: Samples have no age of their own in a checkout: year-less times are read as of this day.
WRITTEN = datetime(2026, 6, 1, tzinfo=UTC).timestamp()
HIDDEN = {"source_id"}


def samples() -> list[Path]:
    """All sample logs that have, or should have, golden rows."""
    skipped = (".expected.ndjson", ".md")
    return sorted(
        p for p in SAMPLES.glob("*/*") if p.is_file() and not p.name.endswith(skipped) and p.parent.name != "incident"
    )


def expected_path(sample: Path) -> Path:
    """Where the golden rows of a sample stand."""
    return sample.with_name(sample.name + ".expected.ndjson")


def read(sample: Path, folder: Path) -> list[dict[str, Any]]:
    """Ingest one sample into a case of its own; returns all that came of it, one dictionary a row, with its table.

    What is derived of the rows is made only for activity, which gives leases.
    """
    copied = folder / sample.name
    copied.write_bytes(sample.read_bytes())
    os.utime(copied, (WRITTEN, WRITTEN))
    out: list[dict[str, Any]] = []
    with writable(folder / "case.duckdb", create=True) as case:
        with patch("fwforensics.derive.refresh"):
            ingest(case, [str(copied)], Options())
        if case.sql("SELECT count(*) FROM activity").scalar():
            derive.refresh(case)
        row = case.sql(
            "SELECT format, lines, parsed, rejects, ignored, tz_basis, year_basis, sensor_basis FROM sources"
        ).rows()
        out += [{"table": "sources", **r} for r in row]
        full = case.sql("SELECT list(table_name) FROM duckdb_tables() WHERE estimated_size > 0").scalar()
        for table in (*CANONICAL, "rejects", "ignored"):
            if table == "hosts" or table not in full:
                continue
            frame = case.sql(f"SELECT * FROM {table} ORDER BY ALL").pl()
            for r in frame.to_dicts():
                out.append(
                    {"table": table, **{k: _plain(k, v) for k, v in r.items() if v is not None and k not in HIDDEN}}
                )
    key = {"sources": 0, "events": 1}
    return sorted(out, key=lambda r: (key.get(r["table"], 2), r["table"], r.get("line_no", 0), r.get("record_no", 0)))


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if name == "extra" and isinstance(value, str):
        return json.loads(value)
    return value


def dump(rows: list[dict[str, Any]]) -> str:
    """Rows as they stand in the golden file."""
    return "".join(json.dumps(r, ensure_ascii=False, sort_keys=False) + "\n" for r in rows)


def main() -> None:
    """Write golden files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--update", action="store_true", required=True)
    parser.add_argument("formats", nargs="*")
    args = parser.parse_args()
    if os.environ.get("CI"):
        sys.exit("golden files are not written in CI")
    for sample in samples():
        if args.formats and sample.parent.name not in args.formats:
            continue
        with tempfile.TemporaryDirectory() as folder:
            expected_path(sample).write_text(dump(read(sample, Path(folder))), encoding="utf-8")
        print(expected_path(sample).relative_to(SAMPLES))  # noqa: T201


if __name__ == "__main__":
    main()
