"""Detections against a recorded incident with ground truth, recorded scans, and ordinary traffic.

    python benchmarks/detections.py --lab LAB_FOLDER --corpus CORPUS_FOLDER > docs/accuracy-detections.md
    python benchmarks/detections.py --flows 10000000          # how long each detection takes on a made case

The lab is read through each of its sensors alone and through all together, with the networks that its inventory calls
internal declared, as an analyst would. A flow counts as found where a detection of the label's category marks it as
medium or worse, by its 5-tuple as the firewall sees it and its time. "Not evaluable" is what was not found by a sensor
on which a detection by shape of that category could not be evaluated. The corpus has logs of scans (`iptables/psad`),
whose names say what they are, and connection logs of ordinary traffic (`zeek_conn`).
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attribution
import numpy as np
import polars as pl
from lab import TOLERANCE_S, read_truth

from fwforensics import derive, knowledge, queries
from fwforensics import hunt as hunting
from fwforensics.ingest import Options, ingest
from fwforensics.manifest import import_manifest
from fwforensics.store import Case

CATEGORY = {
    "stratum": "mining", "reverse_ssh_tunnel": "tunnel", "internal_probe": "probe", "metadata_access": "metadata",
    "exfil_upload": "upload",
}  # fmt: skip
SENSORS = {
    "firewall kernel log": ["syslog/fw1.kern.log.gz"],
    "NetFlow v9": ["netflow/softflowd_v9/nfcapd"],
    "Suricata": ["suricata/eve.json.gz"],
    "Zeek": ["zeek/tsv/conn.log.gz"],
}
#: Words in the name of a log that say that it holds a scan.
SCANS = ("scan", "sweep")
#: Connection logs of machines at their usual work. Others of the folder are recorded attacks or fragments.
ORDINARY = ("rita/proxy__conn.log", "slips/test10-mixed-zeek-dir__conn.log", "zat/conn.log")
SEVERE = ("medium", "high", "critical")


@contextmanager
def hunted(logs: Sequence[Path], inside: Sequence[str] = (), manifest: Path | None = None) -> Iterator[Any]:
    """A case with these logs, hunted: the case and the outcome."""
    with tempfile.TemporaryDirectory() as folder, Case(Path(folder) / "case.duckdb", create=True) as case:
        queries.install(case)
        ingest(case, [str(p) for p in logs], Options())
        if manifest:
            import_manifest(case, str(manifest))
        for cidr in inside:
            case.add_network(cidr, None, "internal")
        case.execute("UPDATE meta SET derived_dirty = true")
        yield case, hunting.hunt(case)


def inside_of(lab: Path) -> list[str]:
    """Networks that the lab's inventory calls internal."""
    inventory = json.loads((lab / "scenario" / "inventory.json").read_text())
    named = [n["cidr"] for n in inventory["sandbox_networks"]] + [c for c in inventory["internal"] if "/" in c]
    own = [f"{ip}/{128 if ':' in ip else 32}" for h in inventory["training_servers"].values() for ip in h.values()]
    return sorted(set(named + own))


def labelled(case: Case, lab: Path) -> pl.DataFrame:
    """Each connection of the case with what the truth says of it, and what detections say: one row a connection."""
    marked = case.sql(
        """
        SELECT c.connection_id, c.protocol, c.client_ip, c.client_port, c.server_ip, c.server_port,
            epoch(c.first_ts) AS ts,
            list_sort(list(DISTINCT v.category) FILTER (v.category IS NOT NULL)) AS categories,
            list_sort(list(DISTINCT v.category) FILTER (v.severity IN ('medium', 'high', 'critical'))) AS severe
        FROM connections AS c
        LEFT JOIN connection_events AS o ON o.connection_id = c.connection_id
        LEFT JOIN violation_events AS e
            ON e.source_id = o.source_id AND e.line_no = o.line_no AND e.record_no = o.record_no
        LEFT JOIN violations AS v ON v.violation_id = e.violation_id
        GROUP BY ALL ORDER BY c.connection_id
        """
    ).pl()
    flows = pl.read_csv(lab / "truth" / "flows.csv.gz", infer_schema_length=None).select(
        "label", "lookalike", "truth_id", "actor", protocol="proto", client_ip="src_at_firewall",
        client_port="sport_at_firewall", server_ip="dst", server_port="dport", true_ts="ts",
    )  # fmt: skip
    key = ["protocol", "client_ip", "client_port", "server_ip", "server_port"]
    ports = [pl.col("client_port", "server_port").cast(pl.Int64)]
    near = marked.with_columns(ports).join(flows.with_columns(ports), on=key, how="left")
    near = near.with_columns(apart=(pl.col("ts") - pl.col("true_ts")).abs())
    own = near.filter(pl.col("apart") <= TOLERANCE_S).sort("apart").unique("connection_id", keep="first")
    rest = near.join(own, on="connection_id", how="anti").unique("connection_id")
    unknown = pl.lit(None, pl.String)
    return pl.concat([own, rest.with_columns(label=unknown, lookalike=unknown, truth_id=unknown, actor=unknown)])


def blind(outcome: hunting.Outcome) -> set[str]:
    """Categories in which a detection by shape could not be evaluated on these sources."""
    known = queries.library()
    silent = outcome.detections.filter(state="not evaluable")["detection"]
    return {known[n].category for n in silent if known[n].evidence == "shape"}


def recall_rows(
    seen: pl.DataFrame, aimed: pl.DataFrame, actions: Sequence[Mapping[str, Any]], dark: set[str]
) -> list[list[str]]:
    """For each label: actions found, flows found, and what became of the rest."""
    rows = []
    for label, category in CATEGORY.items():
        mine = seen.filter(
            pl.col("truth_id").is_in(list(aimed.filter(label=label)["truth_id"])) & (pl.col("label") == label)
        )
        hit = mine.filter(pl.col("severe").list.contains(category))
        other = mine.filter(
            (pl.col("severe").list.len() > 0) & ~pl.col("severe").list.contains(category).fill_null(False)
        )
        total = [a for a in actions if a["label"] == label]
        found = {a["truth_id"] for a in total} & set(hit["truth_id"])
        missed = [a for a in total if a["truth_id"] not in found]
        low = {a["truth_id"] for a in missed} & set(
            mine.filter(pl.col("categories").list.contains(category))["truth_id"]
        )
        word = "not evaluable" if category in dark else "marked low" if len(low) == len(missed) else "missed"
        visible = len({a["truth_id"] for a in total} & set(mine["truth_id"]))
        text = f"{len(missed)} {word}: {', '.join(a['technique'] for a in missed)}" if missed else "–"
        rows.append([
            label, f"{len(found)} of {len(total)}", str(visible), f"{hit.height} of {mine.height}", str(other.height),
            text,
        ])  # fmt: skip
    return rows


def precision_rows(seen: pl.DataFrame) -> list[list[str]]:
    """For each category: what the connections that were marked with it, medium or worse, really are."""
    rows = []
    for category in ("mining", "tunnel", "probe", "metadata", "upload", "policy", "other"):
        marked = seen.filter(pl.col("severe").list.contains(category))
        kinds = Counter(_kind(r) for r in marked.to_dicts())
        right = sum(n for k, n in kinds.items() if CATEGORY.get(k) == category)
        bad = sum(n for k, n in kinds.items() if k in CATEGORY)
        rest = ", ".join(f"{n} {k}" for k, n in kinds.most_common() if CATEGORY.get(k) != category)
        rows.append([
            category, str(marked.height), str(right), _share(right, marked.height), _share(bad, marked.height),
            rest or "–",
        ])  # fmt: skip
    return rows


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "–"


def _kind(row: Mapping[str, Any]) -> str:
    """What a connection really is, in one word."""
    if row["label"] is None:
        return "not in the truth"
    if row["label"] in CATEGORY:
        return str(row["label"])
    return f"lookalike {row['lookalike']}" if row["lookalike"] else str(row["label"])


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a Markdown table."""
    print("| " + " | ".join(head) + " |\n|" + " --- |" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def show_lab(lab: Path) -> None:
    """Recall and precision by sensor."""
    actions, aimed = read_truth(lab)
    views = {**SENSORS, "all four": [p for ps in SENSORS.values() for p in ps]}
    for title, names in views.items():
        logs = [lab / n for n in names]
        with hunted(logs, inside_of(lab), lab / "scenario" / "runs.jsonl") as (case, outcome):
            seen = labelled(case, lab)
            print(f"### {title}\n")
            silent = outcome.detections.filter(state="not evaluable")
            said = [f"{r['detection']} ({r['missing']})" for r in silent.to_dicts()]
            print(f"Not evaluable: {'; '.join(said) or 'nothing'}.\n")
            head = [
                "label",
                "actions found",
                "actions with a record",
                "flows found",
                "flows found as something else",
                "rest",
            ]
            table(head, recall_rows(seen, aimed, actions, blind(outcome)))
            head = ["marked as", "connections", "right", "precision", "any violation", "what the rest is"]
            table(head, precision_rows(seen))
            by = outcome.patterns.group_by("category", "severity").len().sort("category", "severity")
            print(
                "Patterns: " + ", ".join(f"{r['len']} {r['category']} {r['severity']}" for r in by.to_dicts()) + ".\n"
            )


def show_scans(corpus: Path) -> None:
    """Which recorded scans are found, and as what."""
    rows = []
    for path in sorted((corpus / "iptables" / "psad").glob("*.log")):
        with hunted([path]) as (case, _):
            found = case.sql("SELECT detection, count(*) AS n FROM violations GROUP BY ALL ORDER BY detection").rows()
            lines = case.sql("SELECT count(*) FROM connections").scalar()
        names = [f["detection"] for f in found]
        is_scan = any(word in path.name for word in SCANS)
        hit = any(n.startswith("probe-") for n in names)
        word = ("found" if hit else "**missed**") if is_scan else ("marked as a scan" if hit else "–")
        rows.append([f"`{path.name}`", str(lines), "yes" if is_scan else "no", word, ", ".join(names) or "–"])
    table(["log", "connections", "a scan by its name", "result", "detections"], rows)
    print(
        "Probing is what an internal client does to three internal targets or more: two ports of one host, packets to"
    )
    print("a multicast group, and single packets from outside are not called so.\n")


def show_ordinary(corpus: Path) -> None:
    """Findings a day of each detection."""
    rows = []
    hours: dict[str, float] = {}
    for name in ORDINARY:
        with hunted([corpus / "zeek_conn" / name]) as (case, outcome):
            span = case.sql("SELECT epoch(max(last_ts) - min(first_ts)) / 3600, count(*) FROM connections").pl().row(0)
            hours[name] = span[0]
            said = ", ".join(f"{r['detection']} ({r['severity']})" for r in outcome.patterns.to_dicts()) or "none"
            severe = outcome.patterns.filter(pl.col("severity").is_in(SEVERE)).height
            rows.append([f"`{name}`", f"{span[0]:.1f}", str(span[1]), str(outcome.patterns.height), str(severe), said])
    table(["log", "hours", "connections", "findings", "medium or worse", "by"], rows)
    total = sum(hours.values())
    print(f"{total:.1f} hours in all.\n")


def made_flows(n: int, first: int, hosts: int, denied: float, rng: np.random.Generator) -> pl.DataFrame:
    """Records of `attribution.py` with counters, and with a third of the targets inside and a million outside."""
    inner = rng.random(n) < 0.3
    near = pl.select(pl.format("10.30.{}.{}", pl.Series(rng.integers(0, 4, n)), pl.Series(rng.integers(1, 250, n))))
    parts = [pl.Series(rng.integers(low, high, n)) for low, high in ((11, 200), (0, 8), (0, 50), (1, 250))]
    far = pl.select(pl.format("{}.{}.{}.{}", *parts))
    return attribution.events(n, first, hosts, denied, rng).with_columns(
        dst_ip=pl.select(pl.when(pl.Series(inner)).then(near.to_series()).otherwise(far.to_series())).to_series(),
        bytes_out=pl.Series(rng.integers(100, 20_000, n), dtype=pl.UInt64),
        bytes_in=pl.Series(rng.integers(0, 50_000, n) * (rng.random(n) < 0.9), dtype=pl.UInt64),
        packets_out=pl.Series(rng.integers(1, 50, n), dtype=pl.UInt64),
        packets_in=pl.Series(rng.integers(0, 50, n), dtype=pl.UInt64), duration=pl.Series(rng.exponential(10, n)),
    )  # fmt: skip


def show_speed(flows: int) -> None:
    """CPU seconds of each detection on a made case, and of what they share."""
    rows = []
    rng = np.random.default_rng(7)
    with tempfile.TemporaryDirectory() as folder:
        case = Case(Path(folder) / "case.duckdb", create=True, memory_limit="2500MB", threads=2)
        queries.install(case)
        for first in range(1, flows + 1, 500_000):
            case.append("events", made_flows(min(500_000, flows + 1 - first), first, 200, 0.01, rng))
        derive.refresh(case, force=True)
        steps: dict[str, Callable[[], Any]] = {
            "indicators and warning lists": lambda: knowledge.refresh(case),
            "what they share": lambda: queries.run_build(case, "prepared"),
        }
        for query in queries.library().values():
            if query.kind == "detection":
                counted = f"SELECT count(*) FROM ({query.body})"
                steps[query.name] = lambda sql=counted, q=query: case.sql(sql, q.bind({})).scalar()
        for name, step in steps.items():
            began, cpu = time.perf_counter(), time.process_time()
            step()
            rows.append([name, f"{time.process_time() - cpu:.1f}", f"{time.perf_counter() - began:.1f}"])
        case.close()
    table(["step", "CPU seconds", "seconds"], rows)
    print(f"{sum(float(r[1]) for r in rows):.0f} CPU seconds in all, {flows:,} flows.\n")


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lab", type=Path, help="folder of the recorded incident")
    parser.add_argument("--corpus", type=Path, help="folder of logs of other projects")
    parser.add_argument("--flows", type=int, help="time the detections on a case of so many made flows, and stop")
    given = parser.parse_args()
    if given.flows:
        show_speed(given.flows)
        return
    print("# Accuracy of the detections\n")
    print(
        "Made by `python benchmarks/detections.py --lab LAB --corpus CORPUS`. "
        + knowledge.warning_lists_state()
        + ".\n"
    )
    print(str(__doc__).split("\n\n")[2].replace("\n", " ").strip() + "\n")
    if given.lab:
        print("## The recorded incident\n")
        show_lab(given.lab)
    if given.corpus:
        print("## Recorded scans\n")
        show_scans(given.corpus)
        print("## Ordinary traffic\n")
        show_ordinary(given.corpus)


if __name__ == "__main__":
    main()
