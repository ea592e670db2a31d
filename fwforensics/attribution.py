"""Which tool calls does a violation coincide with? Un-NAT, interval join, ranking; never one name by default.

The steps are build scripts in `queries/build/`; what a command says is read in `analysis.commands`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl

from fwforensics.analysis.clocks import RESIDUAL_S, estimate_offset
from fwforensics.analysis.commands import meanings, suits
from fwforensics.queries import listing, run_build
from fwforensics.schema import TABLES
from fwforensics.store import Case

#: Translators one behind the other: sandbox, host, firewall, provider; more than this is a loop.
MAX_HOPS = 4


def estimate_clocks(case: Case) -> pl.DataFrame:
    """Estimate the offset of each sensor against each host's trace, where the data allow it; fills `clocks`.

    Returns:
        The rows of `fwf clock`, with `warning` where an offset looks like a time zone that was read wrongly.
    """
    case.execute("DELETE FROM clocks WHERE basis = 'estimated'")
    if case.sql("SELECT EXISTS (SELECT 1 FROM activity WHERE host IS NOT NULL)").scalar():
        times = listing(case, "clock-anchors")
        calls = {str(h[0]): f["call_s"].to_numpy() for h, f in _by(times.filter(pl.col("sensor").is_null()), "host")}
        rows = []
        for (sensor, host), flows in _by(times.filter(pl.col("sensor").is_not_null()), "sensor", "host"):
            found = estimate_offset(calls.get(str(host), np.empty(0)), flows["flow_s"].to_numpy())
            if found is not None:
                rows.append((sensor, host, found.offset_s, RESIDUAL_S, found.z, found.n_anchors, "estimated"))
        if rows:
            case.append("clocks", pl.DataFrame(rows, schema=TABLES["clocks"].dtypes, orient="row"))
    return listing(case, "clock-list")


def _by(frame: pl.DataFrame, *keys: str) -> Iterable[tuple[tuple[object, ...], pl.DataFrame]]:
    return frame.sort(keys).group_by(keys, maintain_order=True)


def trace_origins(case: Case) -> None:
    """Go back from each grouped connection to the first address that translations show; fills `origins`."""
    run_build(case, "mappings")
    run_build(case, "origins_begin")
    for hop in range(MAX_HOPS):
        run_build(case, "origins_step", {"hop": hop})
        if not case.sql("SELECT EXISTS (SELECT 1 FROM stepped)").scalar():
            break
    run_build(case, "origins_end")


def attribute(case: Case, given: dict[str, Any] | None = None) -> dict[str, Any]:
    """Fill `candidates` and the attribution of violations and patterns; needs `grouped` and `origins`.

    Args:
        case: an open case.
        given: values for parameters of the build scripts, by name.

    Returns:
        The parameters that it was run with.
    """
    case.replace("commands", meanings(listing(case, "commands").get_column("command")))
    used = run_build(case, "calls", given)
    used |= run_build(case, "suspects", given)
    case.temporary("suits", suits())
    run_build(case, "fitting")
    return used | run_build(case, "candidates", given)
