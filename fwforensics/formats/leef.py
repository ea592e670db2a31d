"""LEEF (Log Event Extended Format) records of any product, versions 1.0 and 2.0.

`LEEF:1.0|vendor|product|version|event|key=value<tab>key=value…`; version 2.0 declares the delimiter, as a character
or as its code (`^`, `x09`, `0x7c`); Palo Alto Networks writes pipes. Tabs may have become `#011`, `\\t` or blanks on
the way. Read are all records that name two ends, or one end and the host that it asked for; others are ignored as "no
traffic". Products with a format of their own here are read by that.

Reference: https://www.ibm.com/docs/en/dsm?topic=leef-overview

Time: `devTime`, as milliseconds since 1970, by the pattern in `devTimeFormat`, or in one of the usual forms; local to
the device where no zone follows it. The action is read from `action` or `act`, else from the event id where that is
such a word (`Deny`). Addresses before a translation are the ends; those after it the NAT columns.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._cef import Leef
from fwforensics.formats._extension_columns import ENDS, IDS, KEEP, LOGGED, STANDARD, STARTS, WORD, moment, with_times
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE
from fwforensics.formats._verdicts import verdict

EVENT = pl.when(pl.col("EventID").str.contains(r"^[A-Za-z]{3,12}$")).then(pl.col("EventID"))

FORMAT = Format(
    name="leef",
    title="LEEF (Log Event Extended Format) of any product",
    reference="https://www.ibm.com/docs/en/dsm?topic=leef-overview",
    notes="Times without zone are local to the device: --tz. Records without two ends are ignored.",
    is_record=LINE.str.contains(r"LEEF: ?\d+(?:\.\d+)?\|[^|]*\|[^|]*\|"),
    layout=with_times(Leef(keep=KEEP), moment("devTime", *STARTS, *LOGGED, *ENDS)),
    columns={
        **STANDARD,
        "action": pl.coalesce(verdict(WORD, IDS), verdict(EVENT, IDS)),
        "disposition": pl.coalesce(WORD, EVENT).str.to_lowercase(),
    },
    priority=90,
)
