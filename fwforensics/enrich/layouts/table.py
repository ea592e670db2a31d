"""CSV with a header, as of abuse.ch (Feodo Tracker, ThreatFox, URLhaus, SSLBL) and of most others.

The header may stand in the last line of the comments. Columns are known by the names that feeds give them; the first
that holds addresses or names counts.

Reference: https://feodotracker.abuse.ch/blocklist/
Reference: https://threatfox.abuse.ch/export/
"""

from __future__ import annotations

import io

import polars as pl

from fwforensics.enrich.layouts import plain
from fwforensics.enrich.layouts._layout import Feed, Layout, category, entries, moments
from fwforensics.errors import UsageError
from fwforensics.formats._cells import cells

VALUE = (
    "ioc_value", "ioc", "indicator", "indicator_value", "dst_ip", "dstip", "ip", "ip_address", "ipaddress", "address",
    "ip_dst", "src_ip", "cidr", "network", "subnet", "prefix", "domain", "hostname", "host", "fqdn", "url", "value",
)  # fmt: skip
FIRST = (
    "first_seen_utc", "first_seen", "firstseen", "dateadded", "date_added", "added", "created", "date", "timestamp",
    "last_online", "last_seen_utc", "last_seen", "lastseen",
)  # fmt: skip
END = ("valid_until", "expires", "expires_at", "expiration")
LABEL = ("malware_printable", "malware", "label", "name", "threat", "description", "signature", "comment", "tags")
CATEGORY = ("category", "threat_type", "kind", "type", "threat", "tags", "classification", "malware")


def knows(head: str, name: str) -> bool:
    """Some line of the first ones is a header with a column of values and another one."""
    del name
    return _header(head) is not None


def read(text: str) -> Feed:
    """Rows below the header."""
    found = _header(text[:65536])
    if found is None:
        raise UsageError("there is no header with a column of addresses or names")
    names, separator = found
    body = "\n".join(line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    try:
        frame = pl.read_csv(
            io.StringIO(body), has_header=False, infer_schema=False, separator=separator, truncate_ragged_lines=True,
            new_columns=names,
        )  # fmt: skip
    except pl.exceptions.PolarsError as error:
        raise UsageError(f"this is no CSV: {str(error).splitlines()[0]}") from error
    frame = frame.select(pl.all().str.strip_chars(' "').replace("", None))
    value = next(n for n in VALUE if n in frame.columns)
    frame = frame.filter(pl.col(value).is_not_null() & (pl.col(value).str.to_lowercase() != value))
    out = entries(raw=frame[value]).with_columns(
        frame.select(
            _first(frame, LABEL, value).alias("label"),
            category(_first(frame, CATEGORY, value)).alias("category"),
            moments(_first(frame, FIRST, value)).alias("as_of"),
            moments(_first(frame, END, value)).alias("expires_at"),
        )
    )
    return Feed(out, {}, plain.day(text))


def _first(frame: pl.DataFrame, names: tuple[str, ...], but: str) -> pl.Expr:
    """The first of these columns that says something."""
    return pl.coalesce([pl.col(n) for n in names if n in frame.columns and n != but] or [pl.lit(None, pl.String)])


def _header(head: str) -> tuple[list[str], str] | None:
    """Names of the columns, and what is between them: the first line that is no comment, or the comment before it."""
    last = ""
    for line in head.splitlines()[:200]:
        bare = line.strip()
        if not bare:
            continue
        if (found := _names(bare)) is not None:
            return found
        if not bare.startswith("#"):
            return _names(last) if last else None
        last = bare
    return None


def _names(line: str) -> tuple[list[str], str] | None:
    bare = line.lstrip("#").strip()
    separator = max(",;\t|", key=bare.count)
    if not bare.count(separator):
        return None
    found = cells(bare, separator, skip_blanks=True)
    names = [cell.strip().strip('"').lower().replace(" ", "_") for cell in found]
    known = set(names) & set(VALUE)
    return (names, separator) if known and len(set(names)) == len(names) > 1 else None


LAYOUT = Layout(name="table", title="CSV with a header (abuse.ch and others)", order=50, knows=knows, read=read)
