"""What is exported is taken by those whom it is for."""

from __future__ import annotations

import csv
import io
import json
import re
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fwforensics import exports, queries
from fwforensics.cli.export import export
from fwforensics.cli.timeline import GAP, HEIGHTS, _cell, _check
from fwforensics.errors import UsageError
from fwforensics.store import Case
from tests.case_builder import event, make_case
from tests.support import fwf

#: Fields of the schema that an export may use, of what type each is: https://github.com/elastic/ecs (generated/csv).
ECS = {
    "@timestamp": str, "ecs.version": str, "event.kind": str, "event.category": list, "event.type": list,
    "event.action": str, "event.reason": str, "event.code": str, "event.start": str, "event.end": str,
    "event.duration": int, "event.id": str, "event.module": str, "event.dataset": str, "source.ip": str,
    "source.address": str, "source.port": int, "source.bytes": int, "source.packets": int, "source.nat.ip": str,
    "source.nat.port": int, "destination.ip": str, "destination.address": str, "destination.port": int,
    "destination.bytes": int, "destination.packets": int, "destination.domain": str, "destination.nat.ip": str,
    "destination.nat.port": int, "network.transport": str, "network.type": str, "network.bytes": int,
    "network.packets": int, "network.application": str, "network.direction": str, "observer.name": str,
    "observer.ingress.interface.name": str, "observer.ingress.zone": str, "observer.egress.interface.name": str,
    "observer.egress.zone": str, "rule.name": str, "rule.description": str, "user.name": str, "related.ip": list,
    "threat.framework": str, "threat.technique.id": list, "tags": list, "log.file.path": str,
}  # fmt: skip
HOSTILE = "x\x1b[31m\u202e</script>=cmd|'\"\\\n"


def written(demo: Path, folder: Path, kind: str, name: str, what: str | None = None) -> Path:
    """What the command writes, without the time that a process takes to start."""
    export(what, folder / name, kind, case=demo)
    return folder / name


@pytest.mark.parametrize("name", exports.exporters())
def test_each_says_what_it_is(name: str) -> None:
    exporter = exports.exporter(name)
    assert exporter.name == name
    assert exporter.reference.startswith("https://")
    assert (exporter.rows is None) != (exporter.document is None)


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_timesketch_has_what_its_importer_asks_for(demo: Path, tmp_path: Path, ending: str) -> None:
    """Mandatory columns, ISO 8601 with an offset, microseconds that say the same, tags that it splits at commas."""
    text = written(demo, tmp_path, "timesketch", f"timeline{ending}", "violations").read_text()
    rows: list[dict[str, Any]] = (
        list(csv.DictReader(io.StringIO(text))) if ending == ".csv" else [json.loads(x) for x in text.splitlines()]
    )
    assert len(rows) > 20
    for row in rows:
        assert row["message"]
        assert row["timestamp_desc"]
        at = datetime.fromisoformat(row["datetime"])
        assert at.tzinfo is not None
        assert round(at.timestamp() * 1_000_000) == int(row["timestamp"])
    assert any("P-" in (row["tag"] or "") for row in rows)


def test_timesketch_has_every_event_and_activity_with_a_time(demo: Path) -> None:
    with Case(demo, read_only=True) as case:
        rows = sum(f.height for f in exports.exporter("timesketch").rows(case, "timeline"))  # type: ignore[misc]
        timed = "SELECT (SELECT count(ts) FROM events) + (SELECT count(started_at) FROM activity)"
        assert rows == case.sql(timed).scalar()


def test_the_navigator_takes_the_layer(demo: Path, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mitreattack.navlayers import Layer
    document = json.loads(written(demo, tmp_path, "navigator", "layer.json").read_text())
    layer = Layer(document, strict=True)
    assert layer.layer is not None
    assert layer.layer.versions.layer == "4.5"
    ids = [t["techniqueID"] for t in document["techniques"]]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"T\d{4}(\.\d{3})?", i) for i in ids)
    with Case(demo, read_only=True) as case:
        found = case.sql("SELECT DISTINCT unnest(string_split(technique, ', ')) AS t FROM patterns").pl()["t"]
    assert {t["techniqueID"] for t in document["techniques"] if t.get("score")} == set(found)


def test_a_technique_nobody_could_see_is_no_zero(tmp_path: Path) -> None:
    with make_case(tmp_path, [event("08:00:00", "10.0.0.5 4000", "203.0.113.9 3333", "deny")]) as opened:
        document = exports.exporter("navigator").document(opened)  # type: ignore[misc]
    assert all("score" not in t for t in document["techniques"])  # type: ignore[attr-defined]


def test_stix_reads_its_own_bundle(demo: Path, tmp_path: Path) -> None:
    import stix2

    text = written(demo, tmp_path, "stix", "bundle.json").read_text()
    bundle = stix2.parse(text, allow_custom=False)
    kinds = [o["type"] for o in bundle.objects]
    with Case(demo, read_only=True) as case:
        patterns = case.sql("SELECT count(*) FROM patterns WHERE suppressed_by IS NULL").scalar()
    assert kinds.count("observed-data") == kinds.count("note") == patterns
    assert kinds.count("indicator") == kinds.count("sighting") > 0
    ids = {o["id"] for o in bundle.objects}
    refs = set(re.findall(r'"([a-z0-9-]+--[0-9a-f-]{36})"', text)) - {bundle.id}
    assert refs == ids
    again = written(demo, tmp_path, "stix", "again.json").read_text()
    assert again == text


def test_names_do_not_leave_a_stix_pattern() -> None:
    from stix2patterns.validator import run_validator

    from fwforensics.exports.stix import _quoted

    for name in ("a' OR file:name = 'b", "back\\", "\\'", "plain.example"):
        assert run_validator(f"[domain-name:value = '{_quoted(name)}']") == []


def flat(value: Any, at: str = "") -> dict[str, Any]:
    if isinstance(value, dict) and not at.startswith("labels"):
        return {k: v for key, inner in value.items() for k, v in flat(inner, f"{at}.{key}".strip(".")).items()}
    return {at: value}


def test_ecs_has_the_schemas_fields_and_no_others(demo: Path, tmp_path: Path) -> None:
    lines = written(demo, tmp_path, "ecs", "events.ndjson").read_text().splitlines()
    with Case(demo, read_only=True) as case:
        assert len(lines) == case.sql("SELECT count(*) FROM events").scalar()
    for line in lines:
        for key, value in flat(json.loads(line)).items():
            if key != "labels":
                assert type(value) is ECS[key], (key, value)


def test_ecs_comes_back_as_the_same_events(demo: Path) -> None:
    with Case(demo, read_only=True) as case:
        documents = [d for f in exports.exporter("ecs").rows(case, "violations") for d in f["document"]]  # type: ignore[misc]
        asked = "SELECT DISTINCT source_id, line_no, record_no FROM violation_events"
        assert len(documents) == case.sql(f"SELECT count(*) FROM ({asked})").scalar()
        events = case.sql(f"SELECT e.* FROM events AS e SEMI JOIN ({asked}) USING (source_id, line_no, record_no)").pl()
    by_id = {f"{r['source_id']}-{r['line_no']}-{r['record_no']}": r for r in events.iter_rows(named=True)}
    for document in map(json.loads, documents):
        row = by_id[document["event"]["id"]]
        assert document["source"].get("ip") == row["src_ip"]
        assert document["destination"].get("port") == row["dst_port"]
        assert ("denied" in document["event"]["type"]) == (row["action"] == "deny")
        assert datetime.fromisoformat(document["@timestamp"]) == row["ts"].replace(tzinfo=UTC)
        assert document["tags"]


def test_hostile_text_is_data(tmp_path: Path) -> None:
    hostile = event("08:00:00", "10.0.0.5 4000", "203.0.113.9 3333", "deny", rule=HOSTILE, dst_name=HOSTILE)
    with make_case(tmp_path, [hostile]) as opened:
        case = opened.path
    target = tmp_path / "e.ndjson"
    export(None, target, "ecs", case=case)
    text = target.read_bytes()
    assert b"\x1b" not in text
    assert "\u202e".encode() not in text
    assert json.loads(text)["rule"]["name"] == HOSTILE


@pytest.mark.parametrize(
    ("what", "name", "kind", "remedy"),
    [
        (None, "x.json", "nessus", "one of ecs"),
        (None, "x.csv", "stix", ".json"),
        ("events", "x.json", "stix", "patterns"),
        (None, "x.json", None, "fwf export events"),
        ("events", None, None, "-o FILE"),
    ],
)
def test_errors_name_the_remedy(
    demo: Path, tmp_path: Path, what: str | None, name: str | None, kind: str | None, remedy: str
) -> None:
    with pytest.raises(UsageError) as raised:
        export(what, tmp_path / name if name else None, kind, case=demo)
    assert remedy in str(raised.value.remedy)
    assert not list(tmp_path.iterdir())


def test_lanes_hold_every_bout_and_call(demo: Path) -> None:
    with Case(demo, read_only=True) as case:
        cells = queries.listing(case, "timeline-lanes", finding=None, one_run=None, cells=60)
        bouts = case.sql(
            "SELECT count(*) FROM pattern_bouts JOIN patterns USING (pattern_id) JOIN runs USING (run_id) "
            "WHERE suppressed_by IS NULL AND ts >= started_at AND ts < ended_at"
        ).scalar()
        calls = case.sql(
            "SELECT count(*) FROM activity AS a JOIN runs AS r USING (run_id) "
            "WHERE a.kind = 'tool_call' AND a.started_at >= r.started_at AND a.started_at < r.ended_at"
        ).scalar()
    assert (cells["bouts"].sum(), cells["calls"].sum()) == (bouts, calls)
    assert cells.group_by("run_id").agg(pl.len())["len"].max() == 60
    assert cells["observed"].is_between(0, 1).all()


def test_a_gap_is_no_clean_cell() -> None:
    assert _cell(0, 9, 0.0) == GAP
    assert _cell(0, 9, None) == GAP
    assert _cell(0, 9, 1.0) == HEIGHTS[0]
    assert _cell(1, 900, 0.0) == HEIGHTS[1]
    assert _cell(900, 900, 1.0) == HEIGHTS[-1]


def test_the_timeline_of_a_finding_is_its_lines(demo: Path) -> None:
    with Case(demo, read_only=True) as case:
        pattern = case.sql("SELECT pattern_id FROM patterns ORDER BY n_bouts DESC, pattern_id LIMIT 1").scalar()
        lines = case.sql(
            "SELECT count(DISTINCT (source_id, line_no, record_no)) FROM pattern_violations "
            "JOIN violation_events USING (violation_id) WHERE pattern_id = ?", [pattern]
        ).scalar()  # fmt: skip
    done = fwf("timeline", pattern, "--json", "--limit", "0", "--case", demo)
    rows = json.loads(done.stdout)
    assert len([r for r in rows if r["what"] == "event"]) == lines
    assert [r["ts"] for r in rows] == sorted(r["ts"] for r in rows)
    for finding, run in (("P-000000000000", None), (None, "no such run")):
        with Case(demo, read_only=True) as case, pytest.raises(UsageError):
            _check(case, finding, run)
