"""Zeek logs, as tab-separated text with `#fields` and as JSON: conn.log, and all others whose records have two ends.

The columns may stand in any order and number (labelled data sets add some, clusters put `_node_name` first); a file may
begin in its middle or end in it, and several logs may follow each other. Logs without ends (x509, stats, packet_filter,
files before release 5.1) are no traffic.

Reference: https://docs.zeek.org/en/master/logs/conn.html
Reference: https://docs.zeek.org/en/master/log-formats.html

Time: `ts` is epoch seconds or ISO 8601 (UTC); a trace read without its date counts from 1970 and stays there. Zeek
observes and decides nothing: `action` is NULL but for notices, which are alerts; `disposition` is `conn_state`. Bytes
are IP bytes where Zeek counted them (`orig_bytes`, the payload, stays in `extra`). ICMP: the type stands in
`id.orig_p`; the code in `id.resp_p`, but for types that have an answer, where Zeek writes the answer's type. `history`
mixes both directions and gives no `tcp_flags`. A queried DNS name is not the name of the server asked and stays in
`extra`. Logs that do not say their transport (http, ssl, ssh, …) get the one that their protocol runs on.
Not covered: rows without ends that the `#fields` line promises; binary and SQLite writers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from fwforensics.formats._delimited import Delimited
from fwforensics.formats._fields import epoch, host_name, iso, iso_local, lower, mapped, number, port, text, uint
from fwforensics.formats._format import Context, Fields, Format
from fwforensics.formats._json import Json
from fwforensics.formats._layouts import LINE, ROW, bad_rows
from fwforensics.formats._lines import Lines, Mask, Positions

#: Fields of a conn.log without `#fields`, as Zeek has written them since release 2.5.
CONN = (
    "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto service duration orig_bytes resp_bytes conn_state local_orig "
    "local_resp missed_bytes history orig_pkts orig_ip_bytes resp_pkts resp_ip_bytes tunnel_parents ip_proto"
)
ENDS = ("id.orig_h", "id.resp_h", "id_orig_h", "id_resp_h", "src", "dst")
#: A record of any log begins, but for a node's name, with time, id and the two ends; elsewhere `#fields` says so.
ROWS = r"^(?:[\w.-]+\t)?\d+\.\d{6}\t(?:-|\w{5,24})\t[0-9A-Fa-f:.]{2,39}\t\d{1,5}\t[0-9A-Fa-f:.]{2,39}\t\d{1,5}(?:\t|$)"
DIRECTIVE = r"^\s*#(?:separator|set_separator|empty_field|unset_field|path|open|close|fields|types)\b"
#: JSON records of logs without ends, which name themselves by their second key alone.
ENDLESS = (
    r"^\s*\{\"ts\": ?(?:\d+\.\d+|\"\d{4}-[^\"]+Z\"), ?"
    r"\"(?:uid\": ?\"C|id\": ?\"F|level\": ?\"Reporter|fuid\"|node\"|peer\"|host\"|ts_delta\")"
)
HEX = set("0123456789abcdefABCDEF")
WITH_ANSWER = (
    "0",
    "8",
    "10",
    "13",
    "14",
    "15",
    "16",
    "17",
    "18",
    "128",
    "129",
    "133",
    "134",
    "135",
    "136",
    "144",
    "145",
)
KINDS = {
    **dict.fromkeys(("conn", "conn_long", "conn_red", "openconn", "open_conn"), "flow"),
    "dns": "dns",
    **dict.fromkeys(("http", "ssl", "socks", "quic", "websocket"), "proxy"),
    **dict.fromkeys(("notice", "notice_alarm", "signatures", "intel", "weird", "dpd", "analyzer"), "ids"),
    **dict.fromkeys(("kerberos", "ntlm", "radius", "ldap"), "auth"),
}
#: JSON key → log, where a record names its log nowhere.
MARKS = {
    "conn_state": "conn", "qclass": "dns", "trans_depth": "http", "established": "ssl", "auth_attempts": "ssh",
    "failure_reason": "dpd", "note": "notice", "seen.indicator": "intel", "mailfrom": "smtp",
    "request_type": "kerberos", "addl": "weird", "stratum": "ntp",
}  # fmt: skip
TCP = ("http", "ssl", "ssh", "smtp", "ftp", "irc", "rdp", "rfb", "ntlm", "smb_files", "smb_mapping", "dce_rpc", "mysql")
UDP = ("ntp", "dhcp", "snmp", "radius", "quic", "tftp", "ptp")
PATH = pl.coalesce("_path", "@path")


@dataclass(frozen=True, slots=True)
class ZeekLog:
    """Rows below `#` lines, which name separator, path and fields, and JSON objects, in one source.

    `@path` is the log's name, as `#path` or the fields tell it; `@udp` marks TLS and HTTP over datagrams.
    """

    reads_json = True

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`. The directives seen last are remembered for the next batch."""
        shown = lines.text.to_frame().select(
            json=LINE.str.contains(r"^[^\t#]*\{"), directive=LINE.str.contains(r"^\s*#"), line="line"
        )
        is_json, is_directive = shown["json"].to_numpy(), shown["directive"].to_numpy()
        state = context.state
        state.setdefault("directives", {"separator": "\t", "path": None, "fields": None})
        headers, rows = np.flatnonzero(is_directive), np.flatnonzero(~is_json & ~is_directive)
        parts = [_json(lines, np.flatnonzero(is_json), wanted, context)] if is_json.any() else []
        for said, below in _sections(shown["line"], headers, rows, state):
            parts.append(_section(lines, below, said, wanted, context))
        return _joined(parts, headers)


def _sections(
    text: pl.Series, headers: Positions, rows: Positions, state: dict[str, dict[str, str | None]]
) -> Iterable[tuple[dict[str, str | None], Positions]]:
    """The directives in force and the rows below them, for each run of rows."""
    place = np.searchsorted(headers, rows)
    done = 0
    for after in np.unique(place).tolist():
        _read_directives(text, headers[done:after], state)
        done = after
        yield dict(state["directives"]), rows[place == after]
    _read_directives(text, headers[done:], state)


def _read_directives(text: pl.Series, headers: Positions, state: dict[str, dict[str, str | None]]) -> None:
    for row in headers.tolist():
        said = state["directives"]
        name, _, value = text[row].strip().lstrip("#").partition(said["separator"] or "\t")
        if name.startswith("fields") and name != "fields":  # another separator than was said, or none was
            said["separator"], name, value = name[6:7], "fields", text[row].strip()[8:]
        if name.startswith("separator"):
            code = text[row].split()[-1]
            is_hex = code.startswith("\\x") and len(code) == 4 and set(code[2:]) <= HEX
            mark = bytes.fromhex(code[2:]).decode("latin-1") if is_hex else code if len(code) == 1 else "\t"
            state["directives"] = {"separator": mark, "path": None, "fields": None}
        elif name in ("path", "fields"):
            said[name] = value


def _section(lines: Lines, rows: Positions, said: dict[str, str | None], wanted: set[str], context: Context) -> Fields:
    """Rows of one log."""
    separator = said["separator"] or "\t"
    given = said["fields"]
    names = given.split(separator) if given else CONN.split()
    if not set(names) & set(ENDS):
        return Fields(pl.DataFrame(schema={ROW: pl.Int64}), skipped=bad_rows(rows, "no traffic"))
    if "orig_ip_bytes" not in names:  # the writer counted the payload only
        names = [{"orig_bytes": "orig_ip_bytes", "resp_bytes": "resp_ip_bytes"}.get(n, n) for n in names]
    layout = Delimited(names=names, separator=separator, null=("", "-", "(empty)"))
    part = layout.fields(lines.take(rows), wanted, context)
    path = said["path"] or ("conn" if "conn_state" in names else None)
    frame = part.frame.with_columns(pl.lit(path, pl.String).alias("@path"), over_udp(lines.take(rows), part.frame))
    whole = has_ends(frame)
    cut = bad_rows(rows[frame[ROW].to_numpy()[~whole]], "no address in it")
    return Fields(_placed(frame.filter(whole), rows), cut if cut.height else None)


def _json(lines: Lines, rows: Positions, wanted: set[str], context: Context) -> Fields:
    """JSON objects; those without ends are no traffic."""
    mine = lines.take(rows)
    part = Json(begin=LINE.str.find("{", literal=True)).fields(mine, wanted, context)
    marked = [pl.when(LINE.str.contains(f'"{key}"', literal=True)).then(pl.lit(path)) for key, path in MARKS.items()]
    paths = mine.text.to_frame().select(pl.coalesce(marked).alias("@path")).to_series().gather(part.frame[ROW])
    frame = part.frame.with_columns(paths, over_udp(mine, part.frame))
    whole = has_ends(frame)
    none = bad_rows(rows[frame[ROW].to_numpy()[~whole]], "no traffic")
    bad = None if part.bad is None else _placed(part.bad, rows)
    return Fields(_placed(frame.filter(whole), rows), bad, none if none.height else None)


def has_ends(frame: pl.DataFrame) -> Mask:
    """Which records have an address."""
    ends = [pl.col(c).is_not_null() for c in ENDS if c in frame.columns]
    if not ends:
        return np.zeros(frame.height, np.bool_)
    result: Mask = frame.select(pl.any_horizontal(ends).alias("has"))["has"].to_numpy()
    return result


def over_udp(lines: Lines, frame: pl.DataFrame) -> pl.Series:
    """Which records of TLS or HTTP say that they ran over datagrams."""
    found = lines.text.to_frame().select(LINE.str.contains(r"[\t\"](?:DTLSv\d+|h3(?:-\d+)?)[\t\"]").alias("@udp"))
    return found.to_series().gather(frame[ROW])


def _placed(frame: pl.DataFrame, rows: Positions) -> pl.DataFrame:
    """Positions among all lines for positions among `rows`."""
    return frame.with_columns(pl.Series(ROW, rows[frame[ROW].to_numpy()], pl.Int64))


def _joined(parts: list[Fields], headers: Positions) -> Fields:
    """All parts in line order."""
    frames = [p.frame for p in parts]
    frame = pl.concat(frames, how="diagonal").sort(ROW) if frames else pl.DataFrame(schema={ROW: pl.Int64})
    skipped = [p.skipped for p in parts if p.skipped is not None]
    if len(headers):
        skipped.append(bad_rows(headers, "header"))
    bad = [p.bad for p in parts if p.bad is not None]
    return Fields(frame, pl.concat(bad) if bad else None, pl.concat(skipped) if skipped else None)


def rows_below(header: str) -> pl.Expr:
    """Lines with no more fields than `header` names; a file may end within a row."""
    separator = header.strip()[7:8] or "\t"
    return LINE.str.count_matches(separator, literal=True).is_between(
        2, header.strip().count(separator) - 1
    ) & ~LINE.str.contains(r"^\s*[{<#]")


IS_ICMP = pl.col("proto") == "icmp"
SIX = text("id.orig_h", "id_orig_h", "src").str.contains(":", literal=True)
PROTOCOL = (
    pl.when(IS_ICMP & SIX).then(pl.lit("ipv6-icmp"))
    .when(pl.col("proto") == "unknown_transport").then(pl.coalesce("ip_proto", "proto"))
    .when(pl.col("proto").is_not_null()).then(lower("proto"))
    .when(pl.col("@udp") & PATH.is_in(TCP)).then(pl.lit("udp"))
    .when(PATH.is_in(TCP)).then(pl.lit("tcp"))
    .when(PATH.is_in(UDP)).then(pl.lit("udp"))
)  # fmt: skip
LOCAL = pl.concat_str([pl.col("local_orig").str.head(1), pl.col("local_resp").str.head(1)])
START = pl.coalesce(iso("ts"), epoch("ts", "s"))
DURATION = number("duration")

FORMAT = Format(
    name="zeek_conn",
    title="Zeek logs (conn.log and others with two ends; TSV and JSON)",
    reference="https://docs.zeek.org/en/master/logs/conn.html",
    notes="Zeek decides nothing: action is NULL but for notices. Bytes are IP bytes.",
    kind="flow",
    opens=LINE.str.contains(r"^\s*#fields\W"),
    follows=rows_below,
    priority=30,
    is_record=LINE.str.contains(ROWS)
    | (LINE.str.contains('"id.orig_h"', literal=True) & LINE.str.contains('"ts"', literal=True))
    | (LINE.str.contains('"_path"', literal=True) & LINE.str.contains('"ts"', literal=True))
    | LINE.str.contains(ENDLESS)
    | LINE.str.contains(DIRECTIVE),
    layout=ZeekLog(),
    columns={
        "ts": START,
        "ts_local": iso_local("ts"),
        "ts_end": pl.when(DURATION.is_not_null()).then(START + pl.duration(microseconds=(DURATION * 1e6).round())),
        "kind": mapped(PATH, KINDS),
        "sensor": pl.coalesce("_system_name", "_node_name", "_sensor_name", "@host"),
        "action": pl.when(PATH.is_in(["notice", "notice_alarm", "signatures", "intel"])).then(pl.lit("alert")),
        "disposition": lower("conn_state"),
        "direction": mapped(LOCAL, {"tt": "internal", "tf": "outbound", "ft": "inbound", "ff": "external"}),
        "protocol": PROTOCOL,
        "src_ip": text("id.orig_h", "id_orig_h", "src"),
        "src_port": port("id.orig_p", "id_orig_p"),
        "dst_ip": text("id.resp_h", "id_resp_h", "dst"),
        "dst_port": port("id.resp_p", "id_resp_p", "p"),
        "bytes_out": uint("orig_ip_bytes"),
        "bytes_in": uint("resp_ip_bytes"),
        "packets_out": uint("orig_pkts"),
        "packets_in": uint("resp_pkts"),
        "duration": DURATION,
        "icmp_type": pl.when(IS_ICMP).then(uint("id.orig_p", "id_orig_p", bits=8)),
        "icmp_code": pl.when(IS_ICMP & ~text("id.orig_p", "id_orig_p").is_in(WITH_ANSWER))
        .then(uint("id.resp_p", "id_resp_p", bits=8)),
        "app": lower("service"),
        "dst_name": pl.coalesce(host_name(pl.col("server_name")), host_name(pl.col("host"))),
        "user_name": text("username", "user"),
        "signature": pl.coalesce(text("note", "sig_id"), pl.when(PATH == "weird").then(pl.col("name"))),
        "reason": text("failure_reason", "last_alert"),
        "session_id": pl.col("uid"),
    },
)  # fmt: skip
