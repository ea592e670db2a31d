"""Recurrence against hand-computed values; target groups; manifests."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from fwforensics.analysis.recurrence import exact_interval, recurrence
from fwforensics.analysis.targets import network_of, registrable_domain, target_groups
from fwforensics.errors import UsageError
from fwforensics.manifest import read


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        (0, 10, 0.0, 0.3084971),  # 1 − 0.025^(1/10)
        (10, 10, 0.6915029, 1.0),  # 0.025^(1/10)
        (1, 1, 0.025, 1.0),
        (4, 6, 0.2227781, 0.9567281),  # published tables
        (2, 6, 0.0432719, 0.7772219),  # the mirror of 4 of 6
        (0, 0, 0.0, 1.0),
    ],
)
def test_exact_interval(k: int, n: int, low: float, high: float) -> None:
    """Clopper–Pearson limits."""
    got = exact_interval(np.array([k]), np.array([n]))
    assert (got[0][0], got[1][0]) == pytest.approx((low, high), abs=1e-6)


def test_exact_interval_covers_at_least_its_level() -> None:
    """Whatever the true share, the interval holds it with probability 0.95 or more (checked exactly, n = 12)."""
    from scipy.stats import binom

    k = np.arange(13)
    low, high = exact_interval(k, np.full(13, 12))
    for share in np.linspace(0.01, 0.99, 99):
        covered = (low <= share) & (share <= high)
        assert binom.pmf(k, 12, share)[covered].sum() >= 0.95


def per_run(rows: list[tuple[str, str, int, bool, bool | None, float]]) -> pl.DataFrame:
    """The frame that `recurrence` takes."""
    names = ["pattern_id", "run_id", "violations", "possible", "exposed", "seconds"]
    return pl.DataFrame(rows, schema=names, orient="row")


def test_a_run_without_coverage_is_no_clean_run() -> None:
    """Only exposed runs are in the denominator."""
    rows = [("P", "a", 3, True, True, 3600.0), ("P", "b", 0, True, True, 1800.0), ("P", "c", 0, False, False, 0.0)]
    bouts = pl.DataFrame({"pattern_id": ["P", "P", "P"], "run_id": ["a", "a", None]})
    [row] = recurrence(per_run(rows), bouts).to_dicts()
    assert (row["runs_hit"], row["runs_possible"], row["runs_exposed"], row["recurrence"]) == (1, 2, 2, 0.5)
    assert row["rate_per_run_hour"] == pytest.approx(2 / 1.5)


def test_unobservable_denominator_stays_null() -> None:
    """Where no sensor could show a clean run, there is no share."""
    rows = [("P", "a", 3, True, None, 0.0), ("P", "b", 0, False, None, 0.0)]
    [row] = recurrence(per_run(rows), pl.DataFrame(schema={"pattern_id": pl.String, "run_id": pl.String})).to_dicts()
    assert (row["runs_hit"], row["runs_exposed"], row["recurrence"], row["recurrence_low"]) == (1, None, None, None)
    assert row["recurrence_high"] is None


def test_another_pattern_changes_nothing() -> None:
    """Results of a pattern do not depend on what else is in the case."""
    rows = [("P", "a", 1, True, True, 10.0), ("P", "b", 0, False, True, 10.0)]
    bouts = pl.DataFrame({"pattern_id": ["P"], "run_id": ["a"]})
    alone = recurrence(per_run(rows), bouts)
    both = recurrence(per_run([*rows, ("Q", "a", 0, False, True, 10.0), ("Q", "b", 5, True, True, 10.0)]), bouts)
    assert both.filter(pl.col("pattern_id") == "P").equals(alone)


def test_target_groups() -> None:
    """One name is its registrable domain, inside is internal, the rest is a network."""
    frame = pl.DataFrame(
        {
            "ip": ["192.0.2.7", "10.0.0.1", "203.0.113.9", "2001:db8:1:2::3", "192.0.2.8"],
            "name": ["pool.mine.example.co.uk", None, None, None, "localhost"],
            "scope": ["external", "internal", "external", "external", "external"],
        }
    )
    targets = dict(target_groups(frame).iter_rows())
    assert targets["192.0.2.7"] == "example.co.uk"
    assert targets["10.0.0.1"] == "internal"
    assert targets["203.0.113.9"] == "203.0.113.0/24"
    assert targets["2001:db8:1:2::3"] == "2001:db8:1::/48"
    assert registrable_domain("192.0.2.1") is None
    assert network_of("198.51.100.77") == "198.51.100.0/24"


MANIFESTS = {
    "csv, one address a row": "run_id,start,end,host,address\n"
    "r1,2026-03-01T00:00:00Z,2026-03-01T01:00:00Z,h1,10.0.0.1\nr1,,,h2,10.0.0.2\n",
    "json list": '[{"run_id": "r1", "started_at": "2026-03-01T00:00:00Z", "end": 1772326800, "hosts": ["h1", "h2"], '
    '"addresses": ["10.0.0.1", {"ip": "10.0.0.2"}]}]',
    "jsonl": '{"run_id": "r1", "start_ts": "2026-03-01T01:00:00+01:00", "end_ts": "2026-03-01T01:00:00Z", '
    '"hosts": "h1 h2", "addresses": "10.0.0.1;10.0.0.2"}\n',
    "json object": '{"runs": [{"run_id": "r1", "start": "2026-03-01 00:00:00", "end": "2026-03-01 01:00:00", '
    '"hosts": ["h1","h2"], "ips": ["10.0.0.1","10.0.0.2"]}]}',
}


@pytest.mark.parametrize("form", MANIFESTS)
def test_manifests_of_every_form_say_the_same(form: str) -> None:
    """CSV, JSON and JSONL, lists and one row each, give the same run."""
    [run] = read(MANIFESTS[form])
    assert (run.run_id, str(run.started_at), str(run.ended_at)) == ("r1", "2026-03-01 00:00:00", "2026-03-01 01:00:00")
    assert run.hosts == ["h1", "h2"]
    assert [a[0] for a in run.addresses] == ["10.0.0.1", "10.0.0.2"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no run"),
        ("run_id,start\nr1,soon\n", "no time"),
        ("run_id,end\nr1,2026-03-01\n", "no start"),
        ("run_id,start,end\nr1,2026-03-02,2026-03-01\n", "ends before"),
        ("run_id,start,address\nr1,2026-03-01,10.0.0.999\n", "no address"),
        ("start\n2026-03-01\n", "run_id"),
        ('{"run_id": "r1", "start"', "JSON"),
    ],
)
def test_wrong_manifests_are_refused_with_their_place(text: str, said: str) -> None:
    """A manifest that cannot be understood is a usage error, not a guess."""
    with pytest.raises(UsageError, match=said):
        read(text)
