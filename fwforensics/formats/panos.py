"""Palo Alto Networks PAN-OS logs in the vendor's default CSV form, as sent by firewalls, Panorama and Cortex.

Read are TRAFFIC, THREAT (url, vulnerability, spyware, virus, wildfire, file, data, flood, scan, packet), tunnel
inspection (START, END), GTP, SCTP, DECRYPTION and GLOBALPROTECT logs of the releases 6 to 11; releases append columns
and never move one. USERID, HIPMATCH, AUTHENTICATION, SYSTEM, CONFIG, CORRELATION, IPTAG and AUDIT logs name no
peer and are ignored as "no traffic".

Reference: https://docs.paloaltonetworks.com/pan-os/11-1/pan-os-admin/monitoring/use-syslog-for-monitoring/syslog-field-descriptions

Time: the columns are local to the firewall. From release 10 on a last time with milliseconds and zone fixes the
instant; its distance to the local one is the zone of the session's start as well. A session record runs from its start
to the time at which it was logged, often after a time-out; `duration` is the vendor's elapsed time between packets.

ICMP has ports 0 here: type and code are not in the log. `direction` (client-to-server) is that of a threat inside its
session and stays in `extra`. A file name in the URL column of a file or virus log is no name of the destination.
The CEF output is read by `panos_cef_prisma`, the LEEF output by `leef`. Not covered: custom formats.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._derived import Derived
from fwforensics.formats._either import Either
from fwforensics.formats._fields import host_name, lower, mapped, number, port, text, uint
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE, Delimited
from fwforensics.formats._panos_columns import OTHER_TYPES, SESSION_COLUMNS, columns_of, columns_without_first
from fwforensics.formats._stamps import as_utc, as_written

REFERENCE = (
    "https://docs.paloaltonetworks.com/pan-os/11-1/pan-os-admin/monitoring/use-syslog-for-monitoring/"
    "syslog-field-descriptions"
)
TYPES = "|".join([*SESSION_COLUMNS, *OTHER_TYPES])
TIME = r"\d{4}[/-]\d\d[/-]\d\d[ T]\d\d:\d\d:\d\d[^,]{0,14}"
#: From the time of receipt to the log type; before it stands a column that is reserved (`1`).
FIRST = rf"{TIME},[^,]{{0,40}},(?:{TYPES}),"
KEPT = ("serial", "misc", "threatid", "type", "subtype")
QUARTER = 15 * 60 * 1_000_000
YEAR = 365 * 86_400_000_000
INSTANT = pl.Datetime("us")

DENIED = (
    "deny drop drop-icmp drop-packet drop-all-packets random-drop reset-client reset-server reset-both block block-url "
    "block-ip block-continue block-override override-lockout sinkhole blocked"
)
PASSED = "allow continue override"
NOTED = "alert syncookie-sent forward upload wildfire-upload-success wildfire-upload-skip wildfire-upload-fail"
ACTIONS = (
    dict.fromkeys(DENIED.split(), "deny")
    | dict.fromkeys(PASSED.split(), "allow")
    | dict.fromkeys(NOTED.split(), "alert")
)
#: In the log of a threat, what was not stopped was an alert.
THREAT_ACTIONS = ACTIONS | dict.fromkeys(PASSED.split(), "alert")
SEVERITIES = {word: word for word in ("informational", "low", "medium", "high", "critical")}
NO_REASON = ["N/A", "n/a", "unknown", "none"]


def written(key: str) -> pl.Expr:
    """Microseconds of a time as written; NULL for the start of 1970, which stands for no time."""
    micro = pl.col(key).map_batches(as_written, return_dtype=INSTANT).cast(pl.Int64)
    return pl.when(micro > YEAR).then(micro)


#: Times in microseconds; the precise one is UTC.
PRECISE_UTC = pl.col("high_res_timestamp").map_batches(as_utc, return_dtype=INSTANT).cast(pl.Int64)
TIMES = {
    "@generated": written("time_generated"),
    "@start": written("start"),
    "@precise": pl.when(PRECISE_UTC > YEAR).then(PRECISE_UTC),
    "@elapsed": (number("elapsed") * 1_000_000).cast(pl.Int64, strict=False),
}
GENERATED, START, PRECISE, ELAPSED = map(pl.col, TIMES)
#: Microseconds by which the local times are ahead of UTC; NULL where the record does not tell.
AHEAD = (
    pl.when(pl.col("time_generated").str.ends_with("Z"))
    .then(pl.lit(0, pl.Int64))
    .otherwise((GENERATED - PRECISE + QUARTER // 2) // QUARTER * QUARTER)
)
LOGGED = pl.coalesce(PRECISE, GENERATED - AHEAD)


def end(logged: pl.Expr, start: pl.Expr) -> pl.Expr:
    """End of a record with a start: it runs until it is logged, which is when the session left the table."""
    return pl.when(logged >= start).then(logged).otherwise(start + ELAPSED).cast(INSTANT)


#: Most records repeat the original ends here.
IS_SRC_NAT = (pl.col("natsrc") != pl.col("src")) | (pl.col("natsport") != pl.col("sport"))
IS_DST_NAT = (pl.col("natdst") != pl.col("dst")) | (pl.col("natdport") != pl.col("dport"))

TYPE, SUBTYPE = pl.col("type"), pl.col("subtype")
IS_THREAT = TYPE == "THREAT"
THREAT_NAME = pl.col("threatid").str.extract(r"^(.+?)\s*\(\d+\)$")
HAS_URL = (SUBTYPE == "url") | (
    SUBTYPE.is_in(["spyware", "vulnerability"])
    & (pl.col("misc").str.contains("/", literal=True) | pl.col("app").str.starts_with("dns"))
)
PUBLIC = pl.when(~pl.col("public_ip").is_in(["0.0.0.0", ""])).then(pl.col("public_ip"))  # noqa: S104

FORMAT = Format(
    name="panos",
    title="Palo Alto Networks PAN-OS traffic, threat and tunnel logs (CSV)",
    reference=REFERENCE,
    notes="Before release 10 times are local to the firewall: --tz. Logs without a peer (SYSTEM, …) are ignored.",
    is_record=LINE.str.contains(FIRST),
    layout=Derived(
        Either(
            Delimited(names=columns_of, quote='"', begin=LINE.str.find(rf"[^\s,:>]*,{FIRST}"), pick=3, keep=KEPT),
            Delimited(names=columns_without_first, quote='"', begin=LINE.str.find(FIRST), pick=2, keep=KEPT),
            ~LINE.str.contains(rf",{FIRST}"),
        ),
        TIMES,
    ),
    columns={
        "ignored": pl.when(TYPE.is_in(OTHER_TYPES) | ((TYPE == "GLOBALPROTECT") & PUBLIC.is_null())).then(
            pl.lit("no traffic")
        ),
        "ts": pl.coalesce(START - AHEAD, LOGGED).cast(INSTANT),
        "ts_local": pl.coalesce(START, GENERATED, written("receive_time")).cast(INSTANT),
        "ts_end": end(LOGGED, START - AHEAD),
        "ts_end_local": end(GENERATED, START),
        "kind": pl.when(IS_THREAT)
        .then(pl.when(SUBTYPE == "url").then(pl.lit("proxy")).otherwise(pl.lit("ids")))
        .when(TYPE == "GLOBALPROTECT")
        .then(pl.lit("vpn"))
        .otherwise(pl.lit("firewall")),
        "sensor": text("device_name", "@host", "serial"),
        "action": pl.when(IS_THREAT & (SUBTYPE != "url"))
        .then(mapped(lower("action").str.replace(" ", "-", literal=True), THREAT_ACTIONS))
        .otherwise(mapped(lower("action").str.replace(" ", "-", literal=True), ACTIONS)),
        "disposition": lower("action", "status"),
        "protocol": lower("proto"),
        "src_ip": pl.coalesce(pl.col("src"), PUBLIC, pl.col("public_ipv6")),
        "src_port": port("sport"),
        "dst_ip": pl.col("dst"),
        "dst_port": port("dport"),
        "src_nat_ip": pl.when(IS_SRC_NAT).then(pl.col("natsrc")),
        "src_nat_port": pl.when(IS_SRC_NAT).then(port("natsport")),
        "dst_nat_ip": pl.when(IS_DST_NAT).then(pl.col("natdst")),
        "dst_nat_port": pl.when(IS_DST_NAT).then(port("natdport")),
        "bytes": uint("bytes"),
        "bytes_out": uint("bytes_sent"),
        "bytes_in": uint("bytes_received"),
        "packets": uint("packets"),
        "packets_out": uint("pkts_sent"),
        "packets_in": uint("pkts_received"),
        "duration": number("elapsed"),
        "in_iface": pl.col("inbound_if"),
        "out_iface": pl.col("outbound_if"),
        "src_zone": pl.col("from"),
        "dst_zone": pl.col("to"),
        "rule": text("rule"),
        "reason": pl.when(~text("session_end_reason", "reason", "error").is_in(NO_REASON)).then(
            text("session_end_reason", "reason", "error")
        ),
        "app": pl.col("app"),
        "dst_name": host_name(pl.coalesce(pl.when(HAS_URL).then(pl.col("misc")), pl.col("sni"))),
        "user_name": pl.col("srcuser"),
        "signature": pl.when(SUBTYPE != "url").then(pl.coalesce(THREAT_NAME, pl.col("threatid"))),
        "signature_id": pl.when(SUBTYPE != "url").then(pl.col("threatid").str.extract(r"\((\d+)\)$")),
        "severity": mapped("severity", SEVERITIES),
        "session_id": pl.when(pl.col("sessionid") != "0").then(pl.col("sessionid")),
        "repeat_count": pl.when(pl.col("repeatcnt") != "0").then(uint("repeatcnt", bits=32)),
    },
)
