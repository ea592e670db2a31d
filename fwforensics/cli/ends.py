"""What enrichment knows of the two ends of a finding, for people."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from fwforensics.cli import render
from fwforensics.queries import listing
from fwforensics.store import Case


def print_ends(case: Case, ips: Sequence[str]) -> None:
    """What enrichment knows of both ends, outside first; who says so, and of which day."""
    ends = listing(case, "ends", ips=list(ips))
    known = ends.filter(~pl.all_horizontal(pl.exclude("ip").is_null()))
    if known.is_empty():
        render.say("nothing is known of its addresses: fwf enrich")
        return
    shown = known.select(c for c in known.columns if c == "ip" or known[c].null_count() < known.height)
    render.show(shown, title="what is known of its addresses", limit=12)
    said = listing(case, "statements", ips=list(ips)).filter(pl.col("key") != "tag")
    render.show(said, title="who says so, and of which day", limit=30)
