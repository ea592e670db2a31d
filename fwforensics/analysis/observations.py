"""What the statistics look at: plain frames, times in seconds since the epoch, no knowledge of logs or of the case.

A *view* is a set of sensors that see a pattern together: patterns of one view could be seen at the same times. A
*place* is the machine that a bout comes from and on which calls are made; `EVERYWHERE` where the bout's machine is
not known (a shared address, no address in the trace): then all calls of the run count.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

EVERYWHERE = "*"

#: Columns of each frame and their types.
FRAMES: dict[str, dict[str, type[pl.DataType]]] = {
    "patterns": {"pattern_id": pl.String, "view": pl.Int64, "rate_limited": pl.Boolean},
    "attempts": {
        "pattern_id": pl.String, "host": pl.String, "run_id": pl.String, "at": pl.Float64, "aggregated": pl.Boolean,
    },
    "bouts": {
        "pattern_id": pl.String, "bout_no": pl.Int64, "host": pl.String, "place": pl.String, "run_id": pl.String,
        "at": pl.Float64,
    },
    "observed": {"view": pl.Int64, "run_id": pl.String, "place": pl.String, "low": pl.Float64, "high": pl.Float64},
    "alive": {"view": pl.Int64, "low": pl.Float64, "high": pl.Float64},
    "calls": {"run_id": pl.String, "place": pl.String, "at": pl.Float64, "tool": pl.String, "command_class": pl.String},
    "phases": {"run_id": pl.String, "name": pl.String, "low": pl.Float64, "high": pl.Float64},
    "clocks": {"view": pl.Int64, "place": pl.String, "offset_s": pl.Float64, "bound_s": pl.Float64},
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Observations:
    """Everything that patterns are judged by.

    Attributes:
        patterns: one row a pattern; `rate_limited`: its rule hits a logging limit.
        attempts: rows of one 5-tuple close in time are one attempt; `host` is the address it came from, `run_id` NULL
            outside of runs; `aggregated`: a summary of several hits, whose time tells nothing of intervals.
        bouts: attempts on one host at most 60 s apart; `at` by the sensor's clock.
        observed: when each run could be seen on each of its places: disjoint for each view, run and place.
        alive: when the sensors of a view were alive at all, inside and outside of runs: disjoint for each view.
        calls: starts of tool calls by the trace's clock; `command_class` is finer than `tool`, or NULL.
        phases: phases of runs, by the trace's clock.
        clocks: what to add to a sensor's time for the trace's, and by how much that may be wrong. Where a view and
            place are missing, nothing is known: 0, and the bound that the caller gives.
    """

    patterns: pl.DataFrame
    attempts: pl.DataFrame
    bouts: pl.DataFrame
    observed: pl.DataFrame
    alive: pl.DataFrame
    calls: pl.DataFrame
    phases: pl.DataFrame
    clocks: pl.DataFrame
