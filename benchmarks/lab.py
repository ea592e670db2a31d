"""Attribution against a recorded incident with ground truth: what is found, and whose tool call ranks first.

    python benchmarks/lab.py LAB_FOLDER

The folder has `truth/truth.jsonl` (violating actions with their tool call), `truth/flows.csv.gz` (every connection,
before and after each translation), `scenario/` (trace and runs) and the logs. Views that are compared: everything, the
firewall's log alone, the outer side of the firewall with the tables of its translations, and the outer side alone.
"""

from __future__ import annotations

import argparse
import gzip
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from fwforensics import hunt as hunting
from fwforensics.ingest import Options, ingest
from fwforensics.manifest import import_manifest
from fwforensics.store import Case

#: Seconds by which a log may be earlier or later than the truth; kernel logs cut to whole seconds and are early.
TOLERANCE_S = 4.0
MARKS = """/* ---
name = "known"
title = "Connections that the truth calls violations"
question = "How good is attribution, given perfect detection?"
kind = "detection"
severity = "high"
category = "other"
technique = ["T1071"]
false_positives = ["none"]
next = "timeline"
columns = { connection_id = "connection", reason = "why" }
--- */
SELECT DISTINCT c.connection_id, 'known' AS reason
FROM connections AS c
JOIN (VALUES %s) AS t(src, sport, dst, dport, proto, ts)
  ON c.client_ip = t.src AND c.client_port = t.sport AND c.server_ip = t.dst AND c.server_port = t.dport
 AND c.protocol = t.proto AND abs(epoch(c.first_ts) - t.ts) <= %s
"""


@dataclass(slots=True)
class Score:
    """What became of the violating actions."""

    actions: int = 0
    found: int = 0
    first: int = 0
    top3: int = 0
    wrong_names: int = 0
    words: dict[str, int] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)
    behind: list[str] = field(default_factory=list)


def read_truth(lab: Path) -> tuple[list[dict[str, Any]], pl.DataFrame]:
    """Violating actions, and their flows."""
    actions = [json.loads(line) for line in (lab / "truth" / "truth.jsonl").read_text().splitlines()]
    with gzip.open(lab / "truth" / "flows.csv.gz") as f:
        flows = pl.read_csv(f.read(), infer_schema_length=None)
    own = flows.filter(pl.col("truth_id").is_not_null() & (pl.col("truth_id") != ""))
    # A look-up of the name belongs to the action, and is no violation.
    aims = {(a["truth_id"], d, p) for a in actions for d in a["dst"] for p in a["dports"]}
    keep = [(r["truth_id"], r["dst"], r["dport"]) in aims for r in own.to_dicts()]
    return actions, own.filter(pl.Series(keep))


def inside_logs(lab: Path) -> list[Path]:
    """What an analyst has who has everything."""
    names = [
        "syslog/fw1.kern.log.gz",
        "syslog/train1.kern.log.gz",
        "conntrack",
        "zeek/tsv/conn.log.gz",
        "suricata/eve.json.gz",
    ]
    return [lab / n for n in names if (lab / n).exists()]


def outer_log(lab: Path, folder: Path) -> Path:
    """The first packets of connections outside of the firewall, as a log of our own columns."""
    with gzip.open(lab / "tshark" / "fw1_outside.syn.csv.gz") as f:
        packets = pl.read_csv(f.read(), infer_schema_length=None)
    source, target = pl.coalesce("ip.src", "ipv6.src"), pl.coalesce("ip.dst", "ipv6.dst")
    opening = pl.col("tcp.flags.str").str.contains("S") & ~pl.col("tcp.flags.str").str.contains("A")
    rows = packets.filter(opening).select(
        ts="frame.time_epoch", sensor=pl.lit("outer"), protocol=pl.lit("tcp"), src_ip=source, src_port="tcp.srcport",
        dst_ip=target, dst_port="tcp.dstport", tcp_flags=pl.lit("S"), action=pl.lit("allow"),
    )  # fmt: skip
    path = folder / "outer.csv"
    rows.write_csv(path)
    return path


def run(
    lab: Path, folder: Path, logs: Sequence[Path], flows: pl.DataFrame, side: tuple[str, str], *, known: bool
) -> Case:
    """Ingest and hunt as an analyst would; with `known`, what is a violation is taken from the truth."""
    case = Case(folder / "case.duckdb", create=True)
    trace = [lab / "scenario" / "trace.jsonl.gz", lab / "scenario" / "episodes.jsonl"]
    ingest(case, [str(p) for p in (*logs, *trace)], Options())
    import_manifest(case, str(lab / "scenario" / "runs.jsonl"))
    queries: list[str] = []
    scope = hunting.Scope()
    if known:
        rows = flows.filter(pl.col(side[0]).is_not_null() & pl.col("dport").is_not_null())
        values = ", ".join(
            f"('{r[side[0]]}', {r[side[1]]}, '{r['dst']}', {r['dport']}, '{r['proto']}', {r['ts']})"
            for r in rows.filter(pl.col(side[1]).is_not_null()).to_dicts()
        )
        (folder / "queries").mkdir()
        (folder / "queries" / "known.sql").write_text(MARKS % (values, TOLERANCE_S))
        queries, scope = [str(folder / "queries")], hunting.Scope(detections=("known",))
    hunting.hunt(case, scope, queries)
    return case


def judge(case: Case, actions: list[dict[str, Any]], flows: pl.DataFrame, side: tuple[str, str]) -> Score:
    """Hold violations and candidates against the truth."""
    score = Score(actions=len(actions))
    marked = case.sql(
        "SELECT DISTINCT violation_id, attribution, attribution_reason, client_ip, client_port, "
        "server_ip, server_port, c.protocol, epoch(c.first_ts) AS ts FROM violations "
        "JOIN violation_events USING (violation_id) JOIN connection_events USING (source_id, line_no, record_no) "
        "JOIN connections AS c USING (connection_id)"
    ).rows()
    by_tuple: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in marked:
        key = (row["client_ip"], row["client_port"], row["server_ip"], row["server_port"], row["protocol"])
        by_tuple.setdefault(key, []).append(row)
    ranked: dict[str, list[dict[str, Any]]] = {}
    for row in case.sql("SELECT * FROM candidates ORDER BY violation_id, rank").rows():
        ranked.setdefault(row["violation_id"], []).append(row)
    for action in actions:
        mine = flows.filter(pl.col("truth_id") == action["truth_id"]).to_dicts()
        hits = [
            row
            for f in mine
            for row in by_tuple.get((f[side[0]], f[side[1]], f["dst"], f["dport"], f["proto"]), [])
            if abs(row["ts"] - f["ts"]) <= TOLERANCE_S
        ]
        name = f"{action['truth_id']} {action['label']}{' (detached)' if action['detached'] else ''}"
        if not hits:
            score.missed.append(name)
            continue
        score.found += 1
        ranks = []
        for hit in {h["violation_id"]: h for h in hits}.values():
            calls = ranked.get(hit["violation_id"], [])
            right = [c["rank"] for c in calls if (c["episode_id"], c["step"]) == (action["episode_id"], action["step"])]
            ranks.append(min(right, default=99))
            word = hit["attribution"]
            score.words[word] = score.words.get(word, 0) + 1
            if word in ("exact", "host") and calls and calls[0]["episode_id"] != action["episode_id"]:
                score.wrong_names += 1
        # The action's rank is that of most of its violations.
        usual = sorted(ranks)[len(ranks) // 2]
        score.first += usual == 1
        score.top3 += usual <= 3
        if usual > 1:
            score.behind.append(
                f"{name}: rank {usual if usual < 99 else 'none'} of {len(ranks)} violations, "
                f"e.g. {hits[0]['attribution_reason']}"
            )
    return score


def main() -> None:
    """All views, with the shipped detections and with perfect ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lab", type=Path)
    lab = parser.parse_args().lab
    actions, flows = read_truth(lab)
    inner, outer = ("src_at_firewall", "sport_at_firewall"), ("outer_src", "outer_sport")
    with tempfile.TemporaryDirectory() as top:
        views = {
            "all logs, shipped detections": (inside_logs(lab), inner, False),
            "all logs, known violations": (inside_logs(lab), inner, True),
            "firewall log alone, known violations": ([lab / "syslog/fw1.kern.log.gz"], inner, True),
            "outer side and conntrack": ([outer_log(lab, Path(top)), lab / "conntrack"], outer, True),
            "outer side alone": ([outer_log(lab, Path(top))], outer, True),
        }
        for number, (title, (logs, side, known)) in enumerate(views.items()):
            folder = Path(top) / str(number)
            folder.mkdir()
            visible = flows.filter(pl.col(side[1]).is_not_null())
            shown = [a for a in actions if a["truth_id"] in set(visible["truth_id"])]
            case = run(lab, folder, logs, visible, side, known=known)
            score = judge(case, shown, visible, side)
            print(f"\n{title}: {len(shown)} of {len(actions)} actions could be seen there")
            print(
                f"  found {score.found}/{score.actions}, true call first {score.first}, in top three {score.top3}, ",
                end="",
            )
            print(f"wrong episode named {score.wrong_names}; violations by attribution {score.words}")
            for line in score.missed:
                print(f"  missed: {line}")
            for line in score.behind:
                print(f"  behind: {line}")


if __name__ == "__main__":
    main()
