"""Each detection on what it must mark and on what looks alike and must be left alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fwforensics import hunt as hunting
from fwforensics import queries
from fwforensics.store import Case
from tests.case_builder import at, event, make_case

DETECTIONS = {q.name: q for q in queries.library().values() if q.kind == "detection"}
AGENT, OTHER, THIRD, BOX = "10.0.0.5", "10.0.0.6", "10.0.0.7", "10.0.9.9"
OUTSIDE, ELSEWHERE, WEB = "203.0.113.9", "198.51.100.20", "192.0.2.80"
Events = Sequence[Mapping[str, Any]]


def flow(clock: str, src: str, dst: str, seconds: float, out: int, back: int, **more: Any) -> dict[str, Any]:
    """One finished session, as a flow exporter records it; a packet for each 150 bytes unless told."""
    given = {
        "kind": "flow", "sensor": "flow", "bytes_out": out, "bytes_in": back, "packets_out": 1 + out // 150,
        "packets_in": 1 + back // 150 if back else 0, "duration": seconds,
    }  # fmt: skip
    row = event(clock, src, dst, **given | more)
    return {**row, "ts_end": row["ts"] + timedelta(seconds=seconds)}


def tried(clock: str, src: str, dst: str, back: int = 0) -> dict[str, Any]:
    """One SYN without an answer, or with one small packet."""
    return flow(clock, src, dst, 0.0, 60, back, packets_out=1, packets_in=1 if back else 0)


def browsing(client: str, hosts: int) -> list[dict[str, Any]]:
    """Short visits to many external addresses: a client with many peers."""
    return [
        flow(
            f"07:{n // 60:02}:{n % 60:02}",
            f"{client} {20000 + n}",
            f"198.51.{n // 200}.{n % 200 + 1} 443",
            1,
            900,
            9000,
        )
        for n in range(hosts)
    ]


@dataclass(frozen=True)
class Sample:
    """What must be marked, and what must not."""

    marked: Events
    left: Events
    tables: Mapping[str, Any] = field(default_factory=dict)


def every(minutes: Sequence[int], make: Any, hour: int = 9) -> list[dict[str, Any]]:
    """The same thing at each of these minutes."""
    return [make(f"{hour:02}:{m:02}:00", 30000 + hour * 100 + m) for m in minutes]


SAMPLES = {
    "denied-egress": Sample(
        [event("08:00:00", f"{AGENT} 1001", f"{OUTSIDE} 8081", "deny", rule="drop-out")],
        [
            event("08:00:01", f"{AGENT} 1002", f"{OUTSIDE} 443", "allow"),
            event("08:00:02", f"{AGENT} 1003", f"{BOX} 22", "deny"),
            event("08:00:03", f"{OUTSIDE} 1004", f"{AGENT} 22", "deny"),
            event("08:00:04", AGENT, "224.0.0.251 5353", "deny", protocol="udp"),
        ],
    ),
    "denied-internal": Sample(
        [event("08:00:00", f"{AGENT} 1001", f"{BOX} 22", "deny")],
        [
            event("08:00:01", f"{AGENT} 1002", f"{BOX} 80", "allow"),
            event("08:00:02", f"{AGENT} 1003", f"{OUTSIDE} 22", "deny"),
            event("08:00:03", f"{OUTSIDE} 1004", f"{AGENT} 22", "deny"),
        ],
    ),
    "vendor-alert": Sample(
        [
            event("08:00:00", f"{AGENT} 1001", f"{OUTSIDE} 443", "alert", kind="ids", signature="Mining Behavior"),
            event("08:00:01", f"{AGENT} 1002", f"{OUTSIDE} 80", "deny", kind="ids", signature="挖矿行为",
                  severity="high"),
        ],
        [
            event("08:00:02", f"{AGENT} 1003", f"{OUTSIDE} 80", "alert", kind="ids",
                  signature="SURICATA STREAM bad window", severity="low"),
            event("08:00:03", f"{AGENT} 1004", f"{OUTSIDE} 80", "alert", kind="ids", signature="GeoIP lookup",
                  severity="informational"),
            event("08:00:04", f"{AGENT} 1005", f"{OUTSIDE} 80", "allow"),
        ],
    ),
    "listed-destination": Sample(
        [
            flow("08:00:00", f"{AGENT} 1001", f"{OUTSIDE} 443", 5, 900, 900),
            flow("08:00:01", f"{AGENT} 1002", f"{WEB} 443", 5, 900, 900, dst_name="deep.evil.example.org"),
        ],
        [
            flow("08:00:02", f"{AGENT} 1003", f"{ELSEWHERE} 443", 5, 900, 900),
            flow("08:00:03", f"{AGENT} 1004", f"{ELSEWHERE} 443", 5, 900, 900, dst_name="notevil.example.org"),
        ],
        tables={
            "indicators": [
                {"kind": kind, "value": value, "label": "a list", "category": category, "source": "feed: list.txt"}
                for kind, value, category in (
                    ("ip", OUTSIDE, "c2"),
                    ("domain", "evil.example.org", "malware"),
                    ("ip", ELSEWHERE, "mining"),
                )
            ]
        },
    ),
    "mining-destination": Sample(
        [
            flow("08:00:00", f"{AGENT} 1001", f"{OUTSIDE} 443", 5, 900, 900, dst_name="gulf.moneroocean.stream"),
            flow("08:00:01", f"{AGENT} 1002", f"{ELSEWHERE} 443", 5, 900, 900, app="tls.stratum"),
        ],
        [
            flow("08:00:02", f"{AGENT} 1003", f"{WEB} 443", 5, 900, 900, dst_name="notmoneroocean.stream.example.org"),
            flow("08:00:03", f"{AGENT} 1004", f"{WEB} 443", 5, 900, 900, app="data-mining"),
        ],
    ),
    "mining-port": Sample(
        [
            event("08:00:00", f"{AGENT} 1001", f"{OUTSIDE} 3333", "deny"),
            event("08:00:01", f"{AGENT} 1002", f"{ELSEWHERE} 14444", "allow"),
        ],
        [
            event("08:00:02", f"{AGENT} 1003", f"{BOX} 3333", "allow"),  # a dashboard of one's own
            event("08:00:03", f"{AGENT} 1004", f"{OUTSIDE} 3333", "allow", protocol="udp"),
            # What all use.
            *(event(f"08:10:0{n}", f"{c} 100{n}", f"{WEB} 3333", "allow") for n, c in enumerate((AGENT, OTHER, THIRD))),
        ],
    ),
    "blockchain-port": Sample(
        [
            event("08:00:00", f"{AGENT} 1001", f"{OUTSIDE} 8333", "allow"),
            event("08:00:01", f"{AGENT} 1002", f"{OUTSIDE} 30303", "allow", protocol="udp"),
            event("08:00:02", f"{AGENT} 1003", f"{WEB} 443", "allow", dst_name="mainnet.infura.io"),
        ],
        [
            event("08:00:03", f"{AGENT} 1004", f"{BOX} 8545", "allow"),
            event("08:00:04", f"{AGENT} 1005", f"{OUTSIDE} 443", "allow"),
        ],
    ),
    "mining-shape": Sample(
        [
            flow("08:00:00", f"{AGENT} 1001", f"{OUTSIDE} 443", 3600, 150_000, 400_000),
            # Re-opened: none of its sessions is long.
            *every(range(0, 20, 2), lambda t, p: flow(t, f"{AGENT} {p}", f"{ELSEWHERE} 443", 60, 2500, 7000)),
        ],
        [
            flow("08:00:01", f"{AGENT} 1002", f"{WEB} 443", 300, 40_000, 9_000_000),  # a download
            flow("08:00:02", f"{AGENT} 1003", "192.0.2.81 443", 1.5, 2000, 6000),  # an API call
            flow("08:00:03", f"{AGENT} 1004", "192.0.2.82 443", 7200, 900, 2000),  # a push channel that waits
            flow("08:00:04", f"{AGENT} 1005", f"{BOX} 443", 3600, 150_000, 400_000),  # inside
            flow("08:00:05", f"{AGENT} 1006", "192.0.2.83 80", 3600, 150_000, 400_000, app="http"),
            # What all use.
            *(
                flow(f"08:10:0{n}", f"{c} 100{n}", "192.0.2.84 443", 120, 9000, 20_000)
                for n, c in enumerate((AGENT, OTHER, THIRD))
            ),
        ],
    ),
    "tunnel-shape": Sample(
        [
            flow("08:00:00", f"{AGENT} 1001", f"{OUTSIDE} 443", 1800, 180_000, 120_000),
            flow("08:00:00", f"{AGENT} 1002", f"{ELSEWHERE} 2222", 45, 8000, 6200, app="ssh"),
        ],
        [
            flow("08:00:01", f"{AGENT} 1003", f"{WEB} 443", 300, 40_000, 400_000),  # the server speaks
            flow("08:00:02", f"{AGENT} 1004", "192.0.2.81 443", 300, 250_000, 9_000),  # the client delivers
            flow("08:00:03", f"{AGENT} 1005", "192.0.2.82 443", 2, 9000, 7000),  # short
            flow("08:00:04", f"{AGENT} 1006", f"{BOX} 22", 1800, 180_000, 120_000),
            flow("08:00:05", f"{AGENT} 1007", "192.0.2.83 25", 1800, 180_000, 120_000, app="smtp"),
        ],
    ),
    "tunnel-service": Sample(
        [
            event("08:00:00", f"{AGENT} 1001", f"{OUTSIDE} 443", "allow", dst_name="connect.ngrok-agent.com"),
            event("08:00:01", f"{AGENT} 1002", f"{ELSEWHERE} 7844", "allow", app="cloudflared"),
        ],
        [event("08:00:02", f"{AGENT} 1003", f"{WEB} 443", "allow", dst_name="ngrok.example.org")],
    ),
    "remote-access-egress": Sample(
        [
            event("08:00:00", f"{AGENT} 1001", f"{OUTSIDE} 22", "allow"),
            event("08:00:01", f"{AGENT} 1002", f"{OUTSIDE} 2222", "deny"),
            event("08:00:01", f"{AGENT} 1009", f"{OUTSIDE} 7844", "allow"),
        ],
        [
            event("08:00:02", f"{AGENT} 1003", f"{BOX} 22", "allow"),
            event("08:00:02", f"{AGENT} 1010", f"{BOX} 7000", "allow"),
            event("08:00:03", f"{OUTSIDE} 1004", f"{AGENT} 22", "allow"),
            # Code hosting that all use.
            *(event(f"08:01:0{n}", f"{c} 100{n}", f"{WEB} 22", "allow") for n, c in enumerate((AGENT, OTHER, THIRD))),
        ],
    ),
    "app-port-mismatch": Sample(
        [
            flow("08:00:00", f"{AGENT} 1001", f"{OUTSIDE} 443", 40, 8000, 6000, app="ssh"),
            flow("08:00:01", f"{AGENT} 1002", f"{OUTSIDE} 53", 40, 8000, 6000, app="openvpn", protocol="udp"),
        ],
        [
            flow("08:00:02", f"{AGENT} 1003", f"{OUTSIDE} 22", 40, 8000, 6000, app="ssh"),
            flow("08:00:03", f"{AGENT} 1004", f"{OUTSIDE} 443", 40, 8000, 6000, app="ssl"),
            flow("08:00:04", f"{WEB} 1005", f"{AGENT} 443", 40, 8000, 6000, app="ssh"),
        ],
    ),
    "metadata-access": Sample(
        [
            event("08:00:00", f"{AGENT} 1001", "169.254.169.254 80", "deny"),
            event("08:00:01", f"{AGENT} 1002", "100.100.100.200 80", "allow"),
            event("08:00:02", f"{AGENT} 1003", "fd00:ec2::254 80", "allow"),
        ],
        [
            event("08:00:03", f"{AGENT} 1004", "169.254.1.1 80", "allow"),
            event("08:00:04", f"{AGENT} 1005", "100.100.100.201 80", "allow"),
        ],
    ),
    "control-endpoint": Sample(
        [
            event("08:00:00", f"{AGENT} 1001", f"{BOX} 10250", "deny"),
            event("08:00:01", f"{AGENT} 1002", f"{BOX} 2375", "allow"),
            event("08:00:02", f"{AGENT} 1003", f"{OUTSIDE} 6443", "allow"),
        ],
        [
            flow("08:00:03", f"{AGENT} 1004", f"{BOX} 6379", 1, 500, 900),  # its cache answers
            event("08:00:04", f"{AGENT} 1005", f"{BOX} 443", "deny"),
        ],
    ),
    "probe-ports": Sample(
        [
            tried(f"08:00:0{n}", f"{AGENT} 100{n}", f"{BOX} {port}", 40 * (n % 2))
            for n, port in enumerate((22, 80, 5432, 6379))
        ],
        [
            # Two closed doors are no search, nor is a service that answered before.
            *(tried(f"08:00:0{n}", f"{OTHER} 100{n}", f"{BOX} {port}") for n, port in enumerate((22, 80))),
            *(flow(f"07:00:0{n}", f"{THIRD} 100{n}", f"{BOX} {8000 + n}", 1, 900, 900) for n in range(4)),
            *(tried(f"08:00:0{n}", f"{THIRD} 110{n}", f"{BOX} {8000 + n}") for n in range(4)),
            # Four hours apart each.
            *(tried(f"{h:02}:30:00", f"10.0.0.8 10{h:02}", f"{BOX} {9000 + h}") for h in (1, 5, 9, 13)),
        ],
    ),
    "probe-hosts": Sample(
        [event(f"08:00:0{n}", f"{AGENT} 100{n}", f"10.0.9.{n + 1} 22", "deny") for n in range(4)],
        [
            event("08:01:00", f"{OTHER} 1001", "10.0.9.1 22", "deny"),
            event("08:01:01", f"{OTHER} 1002", "10.0.9.1 22", "deny"),
            event("08:01:02", f"{OTHER} 1003", "10.0.9.1 22", "deny"),
            # The same four dead targets every five minutes: somebody's configuration.
            *(
                event(f"{h:02}:{m:02}:0{n}", f"{THIRD} {2000 + 240 * h + 4 * m + n}", f"10.0.9.{n + 20} 9100", "deny")
                for h in (8, 9) for m in range(0, 60, 5) for n in range(4)
            ),
        ],
    ),
    "probe-slow": Sample(
        [tried(f"{h:02}:30:00", f"{AGENT} 10{h:02}", f"10.0.9.{h} {1000 + h}") for h in range(1, 14, 2)],
        [
            *(tried(f"{h:02}:40:00", f"{OTHER} 10{h:02}", f"10.0.9.{h} {1000 + h}") for h in (1, 9, 17)),
            # A log shipper sends and sends; its protocol has no answers.
            *(
                flow(f"{h:02}:50:00", f"{THIRD} 20{h:02}", f"10.0.8.{h} 514", 60, 90_000, 0, protocol="udp")
                for h in range(9)
            ),
        ],
    ),
    "new-peers": Sample(
        [event(f"08:00:0{n}", f"{AGENT} 100{n}", f"{BOX} {20 + n}", "allow") for n in range(7)],
        [
            *(event(f"08:00:0{n}", f"{OTHER} 100{n}", f"{BOX} {20 + n}", "allow") for n in range(4)),
            *(flow(f"08:00:0{n}", f"{THIRD} 100{n}", f"{BOX} {20 + n}", 1, 900, 900) for n in range(7)),
            *(event(f"08:00:0{n}", f"10.0.0.8 100{n}", f"{BOX} 443", "allow") for n in range(7)),
        ],
    ),
    "anonymizer": Sample(
        [
            event("08:00:00", f"{AGENT} 1001", f"{OUTSIDE} 9001", "allow"),
            event("08:00:01", f"{AGENT} 1002", f"{OUTSIDE} 51820", "allow", protocol="udp"),
            event("08:00:02", f"{AGENT} 1003", f"{WEB} 443", "allow", app="tor"),
        ],
        [
            event("08:00:03", f"{AGENT} 1004", f"{BOX} 3128", "allow"),
            event("08:00:04", f"{AGENT} 1005", f"{OUTSIDE} 443", "allow", app="tls"),
        ],
    ),
    "unapproved-dns": Sample(
        [event("08:30:00", f"{AGENT} 9001", f"{OUTSIDE} 53", "allow", protocol="udp")],
        [
            *(event(f"08:00:{n:02}", f"{AGENT} {1000 + n}", f"{WEB} 53", "allow", protocol="udp") for n in range(40)),
            event("08:30:01", f"{AGENT} 9002", f"{BOX} 53", "allow", protocol="udp"),
        ],
    ),
    "encrypted-dns": Sample(
        [
            event("08:00:00", f"{AGENT} 1001", f"{OUTSIDE} 853", "allow"),
            event("08:00:01", f"{AGENT} 1002", "1.1.1.1 443", "allow"),
            event("08:00:02", f"{AGENT} 1003", f"{WEB} 443", "allow", dst_name="dns.google"),
        ],
        [
            event("08:00:03", f"{AGENT} 1004", "1.1.1.1 53", "allow", protocol="udp"),
            event("08:00:04", f"{AGENT} 1005", "192.0.2.81 443", "allow"),
        ],
    ),
    "dns-volume": Sample(
        [
            flow(f"09:0{n % 10}:{n // 20:02}", f"{AGENT} {2000 + n}", f"{OUTSIDE} 53", 0.1, 190, 190, protocol="udp")
            for n in range(1100)
        ],
        [
            *(
                flow(f"{h:02}:10:{n:02}", f"{AGENT} {100 * h + n}", f"{OUTSIDE} 53", 0.1, 60, 90, protocol="udp")
                for h in range(1, 6) for n in range(40)
            ),
            *(
                flow(f"09:30:{n:02}", f"{OTHER} {1000 + n}", f"{OUTSIDE} 53", 0.1, 60, 90, protocol="udp")
                for n in range(50)
            ),
        ],
    ),
    "large-upload": Sample(
        [flow("08:00:00", f"{AGENT} 1001", f"{OUTSIDE} 443", 30, 9_000_000, 40_000)],
        [
            *(flow(f"08:0{n}:00", f"{AGENT} 200{n}", f"192.0.2.{n + 1} 443", 2, 4000, 90_000) for n in range(1, 6)),
            flow("08:10:00", f"{AGENT} 3001", f"{WEB} 443", 600, 9_000_000, 8_000_000),  # a meeting
            flow("08:20:00", f"{AGENT} 3002", f"{BOX} 443", 30, 9_000_000, 40_000),  # inside
            flow("08:30:00", f"{AGENT} 3003", f"{ELSEWHERE} 443", 300, 60_000, 900_000_000),  # a download
            flow("08:40:00", f"{OTHER} 3004", f"{WEB} 443", 30, 9_000_000, 40_000, action="deny"),
        ],
    ),
    "drop-service": Sample(
        [
            event("08:00:00", f"{AGENT} 1001", f"{OUTSIDE} 443", "allow", dst_name="pastebin.com"),
            event("08:00:01", f"{AGENT} 1002", f"{ELSEWHERE} 443", "allow", dst_name="x7.oast.fun"),
        ],
        [event("08:00:02", f"{AGENT} 1003", f"{WEB} 443", "allow", dst_name="mypastebin.com")],
    ),
    "detour": Sample(
        [event("08:00:10", f"{AGENT} 1002", f"{OUTSIDE} 443", "allow")],
        [
            event("08:00:00", f"{AGENT} 1001", f"{OUTSIDE} 3333", "deny"),
            event("08:00:11", f"{OTHER} 1003", f"{OUTSIDE} 443", "allow"),  # another client
            event("08:30:00", f"{AGENT} 1004", f"{OUTSIDE} 8443", "allow"),  # much later
            event("08:00:12", f"{AGENT} 1005", f"{WEB} 443", "allow"),  # another target
            # HTTP/3 falls back.
            event("09:00:00", f"{AGENT} 1006", f"{ELSEWHERE} 443", "deny", protocol="udp"),
            event("09:00:01", f"{AGENT} 1007", f"{ELSEWHERE} 443", "allow"),
            # What it used before is no way round.
            event("09:50:00", f"{AGENT} 1008", "192.0.2.90 443", "allow"),
            event("10:00:00", f"{AGENT} 1009", "192.0.2.90 8081", "deny"),
            event("10:00:05", f"{AGENT} 1010", "192.0.2.90 443", "allow"),
        ],
    ),
    "icmp-volume": Sample(
        [flow("08:00:00", AGENT, OUTSIDE, 60, 200_000, 200_000, protocol="icmp", packets_out=200, packets_in=200)],
        [
            flow("08:00:00", OTHER, OUTSIDE, 60, 5040, 5040, protocol="icmp", packets_out=60, packets_in=60),
            flow("08:10:00", THIRD, OUTSIDE, 3000, 252_000, 252_000, protocol="icmp", packets_out=3000,
                 packets_in=3000),
        ],
    ),
    "beacon": Sample(
        [
            flow(f"{h:02}:{m:02}:00", f"{AGENT} {1000 + 60 * h + m}", f"{OUTSIDE} 443", 0.5, 500, 800)
            for h in range(24) for m in range(0, 60, 10)
        ],
        [
            *(  # as often, at odd times and with odd sizes
                flow(f"{(h * h) % 24:02}:{(7 * h * h + 3 * h) % 60:02}:{(11 * h) % 60:02}", f"{OTHER} {1000 + h}",
                     f"{ELSEWHERE} 443", 0.5, 500 + (h * h * 977) % 90_000, 800)
                for h in range(60)
            ),
            *(
                flow(f"{h:02}:{m:02}:00", f"{AGENT} {1000 + 60 * h + m}", f"{WEB} 123", 0.1, 76, 76, protocol="udp")
                for h in range(24) for m in range(0, 60, 10)
            ),
        ],
    ),
    "returning-destination": Sample(
        [
            event("10:30:00", f"{AGENT} 1001", f"{OUTSIDE} 443", "allow"),
            event("16:30:00", f"{AGENT} 1002", f"{OUTSIDE} 443", "allow"),
        ],
        [
            *(event(f"{h:02}:10:00", f"{AGENT} 20{h:02}", f"{WEB} 443", "allow") for h in range(8, 20, 2)),
            event("12:30:00", f"{AGENT} 1003", f"{ELSEWHERE} 443", "allow"),  # once only
            # From then on.
            *(event(f"{h:02}:20:00", f"{AGENT} 30{h:02}", "192.0.2.99 443", "allow") for h in range(10, 20, 2)),
        ],
        {
            "runs": {f"r{h:02}": (f"{h:02}:00:00", f"{h:02}:59:00") for h in range(8, 20, 2)},
            "owned": {f"r{h:02}": [AGENT] for h in range(8, 20, 2)},
        },
    ),
    "gpu-mining": Sample(
        [flow("08:00:00", f"{AGENT} 1001", f"{OUTSIDE} 443", 1800, 90_000, 250_000)],
        [
            flow("12:00:00", f"{AGENT} 1002", f"{OUTSIDE} 443", 1800, 90_000, 250_000),  # only the training's program
            flow("08:00:00", f"{OTHER} 1003", f"{ELSEWHERE} 443", 1800, 90_000, 250_000),  # another host
        ],
        {
            "hosts": [{"host": "node1", "ip": AGENT}, {"host": "node2", "ip": OTHER}],
            "gpu_samples": [
                {"ts": at("08:10:00"), "host": "node1", "gpu": "0", "process": "./bench", "utilization": 97.0,
                 "source_id": 1, "line_no": 1},
                {"ts": at("12:10:00"), "host": "node1", "gpu": "0", "process": "python3 train.py", "utilization": 97.0,
                 "source_id": 1, "line_no": 2},
            ],
        },
    ),
}  # fmt: skip


def lines(case: Case, name: str, **given: str) -> set[int]:
    """Lines of the events that a detection marks."""
    found = queries.run(case, DETECTIONS[name], given)
    rows = case.sql(
        "SELECT line_no FROM connection_events WHERE connection_id IN (SELECT unnest(?))",
        [found["connection_id"].to_list()],
    ).rows()
    return {row["line_no"] for row in rows}


def test_every_detection_has_a_sample() -> None:
    """None ships that was not shown to find something, and to leave something alone."""
    assert set(SAMPLES) == set(DETECTIONS)
    assert all(s.marked and s.left for s in SAMPLES.values())


@pytest.mark.parametrize("name", DETECTIONS)
def test_marks_what_it_is_for_and_nothing_else(tmp_path: Path, name: str) -> None:
    """All of what it must mark, and none of what looks alike; a connection that is marked twice would count twice."""
    sample = SAMPLES[name]
    with make_case(tmp_path, [*sample.marked, *sample.left], **sample.tables) as case:
        assert lines(case, name) == set(range(1, len(sample.marked) + 1))
        found = queries.run(case, DETECTIONS[name])
    assert found["connection_id"].is_unique().all()
    assert found["reason"].is_not_null().all()


@pytest.mark.parametrize("name", DETECTIONS)
def test_header_says_what_it_rests_on(name: str) -> None:
    """Kind of evidence, technique and threshold names are words of this project or of ATT&CK."""
    query = DETECTIONS[name]
    assert query.evidence
    assert all(t[0] == "T" and t[1:5].isdigit() for t in query.technique)


def test_no_number_hides_in_a_detection() -> None:
    """What is compared with is a parameter; what RITA's formula says is RITA's."""
    import re

    for name, query in DETECTIONS.items():
        body = re.sub(r"--[^\n]*|'[^']*'", "", query.body)
        found = re.findall(r"(?:>=|<=|[<>=])\s*(?!0\b|1\b)(\d[\d.]*)", body)
        known = {"beacon": {"10", "11", "3", "6"}, "unapproved-dns": {"53"}, "dns-volume": {"53"}}
        assert set(found) <= known.get(name, set()), (name, found)


def test_metadata_of_a_host_that_always_asks_is_low(tmp_path: Path) -> None:
    """What a client does nearly all the time is its configuration; the first of another client is not."""
    asks = [
        event(f"{h:02}:{m:02}:00", f"{AGENT} {1000 + 60 * h + m}", "169.254.169.254 80", "allow")
        for h in (8, 9)
        for m in range(60)
    ]
    with make_case(tmp_path, [*asks, event("09:30:30", f"{OTHER} 1", "169.254.169.254 80", "allow")]) as case:
        found = queries.run(case, DETECTIONS["metadata-access"])
    assert sorted(found["severity"]) == ["high", *["low"] * 120]


def test_one_of_many_peers_is_low(tmp_path: Path) -> None:
    """A desk reaches any port sooner or later, and holds idle sessions; a server does not."""
    rows = [event("08:00:00", f"{c} 1005", f"{OUTSIDE} {port}", "allow") for c, port in ((AGENT, 3333), (OTHER, 4444))]
    slow = [
        flow("08:00:00", f"{c} 1006", f"{ELSEWHERE} {port}", 120, 6000, 16_000)
        for c, port in ((AGENT, 444), (OTHER, 445))
    ]
    with make_case(tmp_path, [*rows, *slow, *browsing(OTHER, 150)]) as case:
        found = queries.run(case, DETECTIONS["mining-port"])
        assert sorted(found["severity"]) == ["low", "medium"]
        assert lines(case, "mining-shape") == {3}


def test_a_scan_that_comes_back_is_found_again(tmp_path: Path) -> None:
    """Targets of an earlier run's scan are not old acquaintances."""
    scans = [
        tried(f"{h:02}:00:0{n}", f"{AGENT} {1000 + 10 * h + n}", f"{BOX} {20 + n}")
        for h in (8, 15, 22)
        for n in range(4)
    ]
    with make_case(tmp_path, scans) as case:
        assert len(lines(case, "probe-ports")) == len(scans)


def test_a_threshold_can_be_changed(tmp_path: Path) -> None:
    """And a hunt keeps what it was run with."""
    sample = SAMPLES["probe-ports"]
    with make_case(tmp_path, [*sample.marked, *sample.left]) as case:
        assert not lines(case, "probe-ports", probe_targets="9")
        scope = hunting.Scope(detections=("probe-ports",), thresholds={"probe_targets": "9"})
        assert not hunting.hunt(case, scope).patterns.height
        kept = case.sql("SELECT json_extract(parameters, '$.detection_parameters') AS p FROM hunts").scalar()
    assert '"probe_targets":9' in str(kept).replace(" ", "")
