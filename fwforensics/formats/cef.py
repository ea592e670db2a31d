"""CEF (Common Event Format) records of any product.

`CEF:0|vendor|product|version|class|name|severity|key=value …`, behind any syslog header or none. Read are all records
that name two ends, or one end and the host that it asked for; others are ignored as "no traffic". Products with a
format of their own here are read by that. Keys are those of ArcSight's dictionary, short or long, in any case; custom
fields (`cs1`, `cn1`, `flexString1`, …) are known by their labels; the keys that FortiGate, PAN-OS, UniFi and others put
a prefix before are known without it.

Reference: https://www.microfocus.com/documentation/arcsight/arcsight-smartconnectors/pdfdoc/cef-implementation-standard/cef-implementation-standard.pdf

Time: `start`, else `rt`, else `end`; milliseconds since 1970 or text, which is local to the device where neither a zone
nor `dtz` follows it. The action is read from `act`: what it does not say is NULL. In a record about an attack what was
not stopped is an alert. What kind of event it is, is read from category, class and name.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._cef import Cef
from fwforensics.formats._extension_columns import KEEP, STANDARD, with_times
from fwforensics.formats._fields import text
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE

#: What vendors write before their own keys.
PREFIXES = (
    "FTNTFGT",
    "FortinetFortiGate",
    "FTNTFAD",
    "FTNTFWB",
    "FTNTFML",
    "PanOS",
    "UNIFI",
    "TrendMicroDs",
    "ad.",
    "JNPR",
)
IS_FORTINET = pl.col("deviceVendor").str.to_lowercase() == "fortinet"

FORMAT = Format(
    name="cef",
    title="CEF (Common Event Format) of any product",
    reference=(
        "https://www.microfocus.com/documentation/arcsight/arcsight-smartconnectors/pdfdoc/"
        "cef-implementation-standard/cef-implementation-standard.pdf"
    ),
    notes="Times without zone are local to the device: --tz. Records without two ends are ignored.",
    is_record=LINE.str.contains(r"CEF: ?\d+(?:\.\d+)?\|(?:[^|\\]|\\.)*\|(?:[^|\\]|\\.)*\|")
    | LINE.str.contains(r"^\s*[01]\|[^|=]+\|[^|=]+\|[^|]*\|[^|]*\|[^|]*\|[^|]*\|\s*[\w.-]+="),
    layout=with_times(Cef(prefixes=PREFIXES, keep=(*KEEP, "externalId"))),
    columns={
        **STANDARD,
        "session_id": pl.coalesce(STANDARD["session_id"], pl.when(IS_FORTINET).then(text("externalId"))),
    },
    priority=90,
)
