"""Windows Firewall log (`pfirewall.log`), from the Internet Connection Firewall of XP to Windows 11 and Server 2025.

Rows of fields between blanks, named by `#Fields:` in any order and number (`pid` since 2022); trailing fields may be
missing, and a log may begin in its middle. `INFO-EVENTS-LOST` is no traffic and counts as `lost`.

Reference: https://learn.microsoft.com/en-us/windows/security/operating-system-security/network-security/windows-firewall/configure-logging
Reference: https://learn.microsoft.com/en-us/previous-versions/windows/it-pro/windows-server-2003/cc758040(v=ws.10)

Time: local to the machine, UTC where `#Time Format: UTC` says so. `path` (SEND, RECEIVE) is the direction; OPEN and
CLOSE are allowed connections. Not covered: Windows events 5152–5159 of the filtering platform.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from fwforensics.formats._delimited import Delimited
from fwforensics.formats._fields import lower, mapped, port, tcp_flag_letters, uint
from fwforensics.formats._format import Context, Fields, Format
from fwforensics.formats._layouts import LINE, ROW, bad_rows
from fwforensics.formats._lines import Lines

NAMES = [
    "date", "time", "action", "protocol", "src-ip", "dst-ip", "src-port", "dst-port", "size", "tcpflags", "tcpsyn",
    "tcpack", "tcpwin", "icmptype", "icmpcode", "info", "path", "pid",
]  # fmt: skip
WORDS = "ALLOW|DROP|OPEN|OPEN-INBOUND|CLOSE|INFO-EVENTS-LOST"
BEGIN = rf"\d{{4}}-\d\d-\d\d[ \t]\d\d:\d\d:\d\d[ \t](?:{WORDS})[ \t]"
DIRECTIVE = r"^\ufeff?#(?:Version|Verson|Software|Time ?Format|Fields): ?"


@dataclass(frozen=True, slots=True)
class FirewallLog:
    """Rows below `#` lines, which name the fields and say whether times are local."""

    rows: Delimited

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`. What the `#` lines said is remembered for the next batch."""
        text = lines.text
        heads = text.str.contains(DIRECTIVE).fill_null(False).to_numpy()
        said = context.state.setdefault("said", {"names": NAMES, "utc": False})
        parts: list[Fields] = []
        at = np.flatnonzero(heads)
        for head, first, last in zip([None, *at.tolist()], [0, *(at + 1)], [*at, len(lines)], strict=True):
            if head is not None:
                _note(text[head], said)
            if last > first:
                parts.append(self._rows(lines, np.arange(first, last), said, wanted, context))
        frames = [p.frame for p in parts if p.frame.height]
        frame = (
            pl.concat(frames, how="diagonal") if frames else pl.DataFrame(schema={ROW: pl.Int64, "extra": pl.String})
        )
        bad = [p.bad for p in parts if p.bad is not None]
        return Fields(frame, pl.concat(bad) if bad else None, bad_rows(at, "header") if len(at) else None)

    def _rows(
        self,
        lines: Lines,
        at: np.ndarray[tuple[int], np.dtype[np.int64]],
        said: dict[str, object],
        wanted: set[str],
        context: Context,
    ) -> Fields:
        """Rows of one run, all under the same `#` lines."""
        tabs = lines.text[int(at[0])][19:].count("\t") > 3
        layout = replace(self.rows, names=said["names"], separator="\t" if tabs else " ")  # type: ignore[arg-type]
        part = layout.fields(lines.take(at), wanted, context)
        mark = pl.lit("utc" if said["utc"] else None, pl.String).alias("@zone")
        part.frame = part.frame.with_columns(pl.Series(ROW, at[part.frame[ROW].to_numpy()]), mark)
        if part.bad is not None:
            part.bad = part.bad.with_columns(pl.Series(ROW, at[part.bad[ROW].to_numpy()]))
        return part


def _note(head: str, said: dict[str, object]) -> None:
    """Remember what a `#` line says."""
    name, _, value = head.lstrip("\ufeff#").partition(":")
    if name == "Fields":
        said["names"] = value.split()
    elif name.startswith("Time"):
        said["utc"] = value.strip().upper() in ("UTC", "GMT")


WHEN = pl.concat_str(["date", "time"], separator=" ").str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us")
IS_UTC = pl.col("@zone") == "utc"

FORMAT = Format(
    name="windows_firewall",
    title="Windows Firewall (pfirewall.log)",
    reference="https://learn.microsoft.com/en-us/windows/security/operating-system-security/network-security/windows-firewall/configure-logging",
    notes="Times are local to the machine unless the header says UTC.",
    is_record=LINE.str.contains(rf"^(?:.{{1,120}}[\s:])??{BEGIN}") | LINE.str.contains(DIRECTIVE),
    layout=FirewallLog(
        Delimited(names=NAMES, begin=LINE.str.extract(rf"^(.*?){BEGIN}").str.len_bytes(), null=("-", ""))
    ),
    columns={
        "ignored": pl.when(pl.col("action") == "INFO-EVENTS-LOST").then(pl.lit("events lost")),
        "lost": pl.when(pl.col("action") == "INFO-EVENTS-LOST").then(uint("info")),
        "ts": pl.when(IS_UTC).then(WHEN),
        "ts_local": pl.when(IS_UTC.fill_null(False).not_()).then(WHEN),
        "sensor": pl.col("@host"),
        "action": mapped(
            "action", {"drop": "deny", **dict.fromkeys(("allow", "open", "open-inbound", "close"), "allow")}
        ),
        "disposition": lower("action"),
        "direction": pl.coalesce(
            mapped("path", {"send": "outbound", "receive": "inbound"}),
            pl.when(pl.col("action") == "OPEN-INBOUND").then(pl.lit("inbound")),
        ),
        "protocol": lower("protocol"),
        "src_ip": pl.col("src-ip"),
        "src_port": port("src-port"),
        "dst_ip": pl.col("dst-ip"),
        "dst_port": port("dst-port"),
        "bytes_out": uint("size"),
        "tcp_flags": tcp_flag_letters(pl.col("tcpflags")),
        "icmp_type": uint("icmptype", bits=8),
        "icmp_code": uint("icmpcode", bits=8),
    },
)
