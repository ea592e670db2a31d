"""From rows to attempts and bouts: what is one thing, and what only looks like a clock."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from fwforensics import hunt
from tests.case_builder import alive, at, event, make_case

AGENT, POOL = "10.0.0.5", "203.0.113.9"
RUNS = {"r1": ("08:00:00", "12:00:00")}
COVERAGE = alive("fw", "07:50:00", "12:10:00")
DROP = {"disposition": "drop", "tcp_flags": "S", "rule": "out"}
SYN_RETRIES = (0, 1, 3, 7, 15, 31, 63)


def clock(second: float) -> str:
    """Seconds after eight."""
    whole, part = divmod(second, 1)
    return f"{8 + int(whole) // 3600:02}:{int(whole) // 60 % 60:02}:{int(whole) % 60:02}.{round(part * 1000):03}"


def denied(seconds: tuple[float, ...], **more: Any) -> list[dict[str, Any]]:
    """One denial at each of these seconds after eight; nobody logged the source port."""
    return [event(clock(s), AGENT, f"{POOL} 3333", "deny", **DROP | more) for s in seconds]


def hunted(folder: Path, events: list[dict[str, Any]], **more: Any) -> tuple[dict[str, Any], pl.DataFrame]:
    """The one pattern that a hunt finds, and its bouts."""
    with make_case(folder, events, runs=RUNS, owned={"r1": [AGENT]}, source_coverage=COVERAGE, **more) as case:
        [pattern] = hunt.hunt(case).patterns.to_dicts()
        return pattern, case.sql("SELECT * FROM pattern_bouts ORDER BY bout_no").pl()


def test_a_chain_of_dropped_syns_is_one_attempt(tmp_path: Path) -> None:
    """Gaps of 1, 2, 4, 8, 16 and 32 s without a source port: one SYN and its retransmissions, twice."""
    pattern, bouts = hunted(tmp_path, denied((*SYN_RETRIES, *(200 + s for s in SYN_RETRIES))))
    assert (pattern["n_attempts"], pattern["n_bouts"]) == (2, 2)
    assert bouts["n_events"].to_list() == [7, 7]
    assert bouts["ts"].to_list() == [at("08:00:00"), at("08:03:20")]


def test_retries_that_grow_slowly_are_a_chain_too(tmp_path: Path) -> None:
    """Some systems send several SYNs at one second first."""
    pattern, _ = hunted(tmp_path, denied((0, 1, 2, 3, 4, 6, 10, 18)))
    assert pattern["n_attempts"] == 1


def test_a_steady_beat_is_no_chain(tmp_path: Path) -> None:
    """Twelve drops, 50 s apart, begin with no short gap: twelve attempts, and a clock behind them."""
    pattern, _ = hunted(tmp_path, denied(tuple(50.0 * i for i in range(12))))
    assert (pattern["n_attempts"], pattern["n_bouts"]) == (12, 1)
    pattern_later, _ = hunted_again(tmp_path, denied(tuple(100.0 * i for i in range(24))))
    assert pattern_later["timing"] == "periodic"
    assert abs(pattern_later["period_s"] - 100) < 2


def hunted_again(folder: Path, events: list[dict[str, Any]]) -> tuple[dict[str, Any], pl.DataFrame]:
    """A second case beside the first."""
    (folder / "again").mkdir()
    return hunted(folder / "again", events)


def test_udp_and_rejects_are_never_chained(tmp_path: Path) -> None:
    """A burst of UDP, or of connections that were refused and tried again, is what it looks like."""
    pattern, _ = hunted(tmp_path, denied(SYN_RETRIES, protocol="udp", tcp_flags=None))
    assert pattern["n_attempts"] == len(SYN_RETRIES)
    pattern, _ = hunted_again(tmp_path, denied(SYN_RETRIES, disposition="reject"))
    assert pattern["n_attempts"] == len(SYN_RETRIES)


def test_with_a_source_port_three_minutes_are_one_attempt(tmp_path: Path) -> None:
    """The 5-tuple says what belongs together, whatever the gaps."""
    rows = [event(clock(s), f"{AGENT} 40001", f"{POOL} 3333", "deny", **DROP) for s in (0, 100, 250, 500)]
    pattern, _ = hunted(tmp_path, rows)
    assert (pattern["n_attempts"], pattern["n_bouts"]) == (2, 2)


def test_two_sensors_on_the_path_do_not_double_attempts(tmp_path: Path) -> None:
    """The same packets, logged by both, are counted once."""
    rows = denied(SYN_RETRIES) + denied(tuple(s + 0.01 for s in SYN_RETRIES), sensor="gw")
    coverage = COVERAGE + alive("gw", "07:50:00", "12:10:00")
    with make_case(tmp_path, rows, runs=RUNS, owned={"r1": [AGENT]}, source_coverage=coverage) as case:
        [pattern] = hunt.hunt(case).patterns.to_dicts()
    assert pattern["n_attempts"] == 1


def summary(second: float, hits: int, interval: str, port: int = 40001) -> dict[str, Any]:
    """A Cisco 106100 record."""
    extra = f'{{"message_id": "106100", "interval": "{interval}"}}'
    more = {"rule": "OUT", "disposition": "denied", "extra": extra, "repeat_count": hits}
    return event(clock(second), f"{AGENT} {port}", f"{POOL} 3333", "deny", **more)


def test_summaries_of_an_interval_are_no_beacon(tmp_path: Path) -> None:
    """One denied flow, whose hits are told every 300 s for two hours, is one attempt and no clock."""
    rows = [summary(0, 1, "first hit"), *(summary(300.0 * i, 40, "300-second interval") for i in range(1, 25))]
    pattern, bouts = hunted(tmp_path, rows)
    assert (pattern["n_attempts"], pattern["n_bouts"], pattern["timing"]) == (1, 1, "one-off")
    assert bouts["ts"].to_list() == [at("08:00:00")]
    assert pattern["n_connections"] == 25  # nothing is lost


def test_a_summary_whose_first_hit_is_missing_stands_for_itself(tmp_path: Path) -> None:
    """It happened, at a time that is known to five minutes; its time says nothing of intervals."""
    rows = [summary(4000.0 * i, 7, "300-second interval", port=40001 + i) for i in range(3)]
    pattern, _ = hunted(tmp_path, rows)
    assert (pattern["n_attempts"], pattern["n_bouts"]) == (3, 3)


def ruled(seconds: list[float], targets: tuple[str, ...]) -> list[dict[str, Any]]:
    """Denials by one rule, of one target after the other."""
    return [
        event(clock(s), f"{AGENT} {41000 + i}", f"{targets[i % len(targets)]} 3333", "deny", **DROP)
        for i, s in enumerate(seconds)
    ]


LIMITED = [s for m in range(12) for s in (m * 300.0 + i * 6 for i in range(10))] + [3900.0, 4200.0, 4230.0, 4800.0]
SWEEP = tuple(f"203.0.113.{i}" for i in range(1, 100))


def test_a_ceiling_of_a_rule_is_a_logging_limit(tmp_path: Path) -> None:
    """A rule that logs ten rows a minute of whatever comes, again and again, and sometimes fewer, is limited."""
    pattern, _ = hunted(tmp_path, ruled(LIMITED, SWEEP))
    assert pattern["rate_limited"]
    assert "ceiling" in pattern["verdict"]


def test_neither_chance_nor_a_clock_is_a_logging_limit(tmp_path: Path) -> None:
    """Poisson counts have no ceiling; three rows a minute of one client to two servers are clocks."""
    free = np.sort(np.random.default_rng(5).uniform(0, 4 * 3600, 700)).tolist()
    pattern, _ = hunted(tmp_path, ruled(free, SWEEP))
    assert not pattern["rate_limited"]
    beat = [60.0 * m + s for m in range(30) for s in (0, 20, 40)]
    pattern, _ = hunted_again(tmp_path, ruled(beat, SWEEP[:2]))
    assert not pattern["rate_limited"]
    assert pattern["timing"] == "periodic"


def test_suppressed_rows_are_a_logging_limit(tmp_path: Path) -> None:
    """Callbacks were suppressed while the pattern went on."""
    coverage = [*COVERAGE, *alive("fw", "08:00:00", "08:01:00", lost=12)]
    rows = denied((0, 300))
    with make_case(tmp_path, rows, runs=RUNS, owned={"r1": [AGENT]}, source_coverage=coverage) as case:
        [pattern] = hunt.hunt(case).patterns.to_dicts()
    assert pattern["rate_limited"]


def test_each_bout_leads_to_its_lines(tmp_path: Path) -> None:
    """Bouts are joined with connections, and those with lines."""
    rows = denied((*SYN_RETRIES, 1000))
    with make_case(tmp_path, rows, runs=RUNS, owned={"r1": [AGENT]}, source_coverage=COVERAGE) as case:
        hunt.hunt(case)
        found = case.sql(
            "SELECT b.bout_no, list(e.line_no ORDER BY e.line_no) AS line_numbers "
            "FROM bout_connections AS b JOIN connection_events AS e USING (connection_id) "
            "GROUP BY b.bout_no ORDER BY b.bout_no"
        ).rows()
    assert found == [{"bout_no": 1, "line_numbers": [1, 2, 3, 4, 5, 6, 7]}, {"bout_no": 2, "line_numbers": [8]}]
