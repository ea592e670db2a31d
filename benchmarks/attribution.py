"""Attribution at scale: events × tool calls on many hosts, from marked connections to ranked candidates.

The case is made, not parsed: what is measured is the hunt, and within it un-NAT, interval join and ranking.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl

from fwforensics import attribution, derive, queries
from fwforensics import hunt as hunting
from fwforensics.store import Case

START = np.datetime64("2026-03-01T00:00:00", "us")
SLOTS, STEPS = 8, 20
DAY_US = 86_400_000_000


def calls(n: int, hosts: int, rng: np.random.Generator) -> pl.DataFrame:
    """Tool calls: each host has `SLOTS` sandboxes at a time, whose episodes of `STEPS` calls follow each other."""
    index = np.arange(n)
    host, rest = index % hosts, index // hosts
    slot, order = rest % SLOTS, rest // SLOTS
    gap = DAY_US // max(1, order.max() + 1)
    start = order * gap + rng.integers(0, max(gap // 3, 1), n)
    length = rng.integers(100_000, max(gap // 2, 200_000), n)
    episode = order // STEPS
    who = [f"sb-{h}-{s}-{e}" for h, s, e in zip(host, slot, episode, strict=True)]
    commands = np.array(
        [f"pytest -q tests/t{k}.py" for k in range(500)]
        + [f"curl -s http://203.0.113.{k}:8080/x" for k in range(1, 120)]
        + [f"ssh -N -R {k}:localhost:22 u@198.51.100.{k}" for k in range(1, 80)]
    )
    return pl.DataFrame({
        "source_id": pl.Series(np.ones(n), dtype=pl.UInt32), "line_no": pl.Series(index + 1, dtype=pl.UInt64),
        "activity_id": pl.Series(index).cast(pl.String), "kind": pl.Series(["tool_call"]).new_from_index(0, n),
        "run_id": [f"run-{h % 20}" for h in host], "episode_id": who, "step": pl.Series(order % STEPS, dtype=pl.Int64),
        "tool": pl.Series(["bash"]).new_from_index(0, n), "command": commands[rng.integers(0, len(commands), n)],
        "started_at": START + start.astype("timedelta64[us]"),
        "ended_at": START + (start + length).astype("timedelta64[us]"),
        "host": [f"node{h}" for h in host], "sandbox_id": who,
        "ip": [f"10.{50 + h // 250}.{h % 250}.{s + 10}" for h, s in zip(host, slot, strict=True)],
    })  # fmt: skip


def events(n: int, first: int, hosts: int, denied: float, rng: np.random.Generator) -> pl.DataFrame:
    """Firewall records: half show the sandbox's address, half the host's; `denied` of them are violations."""
    host, slot = rng.integers(0, hosts, n), rng.integers(0, SLOTS, n)
    behind = rng.random(n) < 0.5
    own = [f"10.{50 + h // 250}.{h % 250}.{s + 10}" for h, s in zip(host, slot, strict=True)]
    node = [f"10.20.{h // 250}.{h % 250 + 1}" for h in host]
    src = pl.select(pl.when(pl.Series(behind)).then(pl.Series(node)).otherwise(pl.Series(own))).to_series()
    ts = START + rng.integers(0, DAY_US, n).astype("timedelta64[us]")
    return pl.DataFrame({
        "source_id": pl.Series(np.full(n, 2), dtype=pl.UInt32),
        "line_no": pl.Series(np.arange(first, first + n), dtype=pl.UInt64),
        "ts": ts, "kind": pl.Series(["firewall"]).new_from_index(0, n),
        "sensor": pl.Series(["fw"]).new_from_index(0, n),
        "action": np.where(rng.random(n) < denied, "deny", "allow"),
        "protocol": pl.Series(["tcp"]).new_from_index(0, n), "src_ip": src,
        "src_port": pl.Series(rng.integers(1024, 65535, n), dtype=pl.UInt16),
        "dst_ip": [f"203.0.113.{k}" for k in rng.integers(1, 250, n)],
        "dst_port": pl.Series(rng.choice([22, 80, 443, 3333, 8080], n), dtype=pl.UInt16),
    })  # fmt: skip


def build(path: Path, n_events: int, n_calls: int, hosts: int, denied: float, memory: str) -> Case:
    """The case, with derived tables."""
    rng = np.random.default_rng(7)
    case = Case(path, create=True, memory_limit=memory, threads=2)
    queries.install(case)
    done = 0
    while done < n_events:
        part = min(500_000, n_events - done)
        case.append("events", events(part, done + 1, hosts, denied, rng))
        done += part
    case.append("activity", calls(n_calls, hosts, rng))
    leases = [(f"10.20.{h // 250}.{h % 250 + 1}", "host", f"node{h}") for h in range(hosts)]
    case.append("leases", pl.DataFrame(leases, schema=["ip", "owner_kind", "owner_id"], orient="row"))
    derive.refresh(case, force=True)
    return case


@contextmanager
def timed(name: str, into: dict[str, tuple[float, float]]) -> Iterator[None]:
    """Wall and CPU seconds of a block."""
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    into[name] = (time.perf_counter() - wall, time.process_time() - cpu)


def main() -> None:
    """Build, hunt, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--hosts", type=int, default=200)
    parser.add_argument("--denied", type=float, default=0.01, help="share of events that are violations")
    parser.add_argument("--memory", default="3GB", help="limit of the database")
    given = parser.parse_args()
    spent: dict[str, tuple[float, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        with timed("build the case", spent):
            case = build(
                Path(folder) / "case.duckdb", given.events, given.calls, given.hosts, given.denied, given.memory
            )
        at_build = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        original = {name: getattr(hunting, name) for name in ("trace_origins", "attribute", "estimate_clocks", "judge")}
        for name, function in original.items():

            def measured(*args: object, _name: str = name, _function: object = function) -> object:
                with timed(f"  {_name}", spent):
                    return _function(*args)  # type: ignore[operator]

            setattr(hunting, name, measured)
        with timed("hunt", spent):
            hunting.hunt(case)
        counts = case.sql(
            "SELECT (SELECT count(*) FROM violations) AS violations, (SELECT count(*) FROM candidates) AS candidates, "
            "(SELECT count(*) FROM connections) AS connections"
        ).rows()[0]
        shares = case.sql("SELECT attribution, count(*) AS n FROM violations GROUP BY ALL ORDER BY ALL").rows()
    for name, (wall, cpu) in spent.items():
        print(f"{name:<24} {wall:8.1f} s wall {cpu:8.1f} s CPU")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**counts, "attribution": shares, "peak_mb": round(peak), "peak_after_build_mb": round(at_build)}))
    print(f"measured {datetime.now():%Y-%m-%d}, attribution {attribution.MAX_HOPS} hops at most")  # noqa: DTZ005


if __name__ == "__main__":
    main()
