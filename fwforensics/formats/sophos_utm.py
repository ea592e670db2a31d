"""Sophos UTM 9 (Astaro): packet filter, intrusion prevention, web, reverse and mail proxy, logins.

`id="2001" severity="info" sys="SecureNet" sub="packetfilter" … action="drop" … srcip=… dstip=…`, behind the UTM's
own header (`2023:04:28-00:50:54 host ulogd[12511]:`), another syslog header, or none. What its DHCP, DNS and other
services write behind that header is ignored as "other program".

Reference: https://community.sophos.com/utm-firewall/f/recommended-reads/22065/utm-packetfilter-logfiles-on-sophos-utm

Time: that of the header, local to the firewall (--tz). DNS requests and other notes of the packet filter take no
decision. `length` is the packet's. Of the web proxy `size` is what came back; of the reverse proxy the local address
is the destination and `server` its name. A login names the client alone. Not covered: mail logs without addresses.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._fields import host_name, lower, mapped, number, port, tcp_flag_words, text, uint
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE, KeyValue

FIRST = r"\bid=\"\d{4}\" (?:severity=\"[^\"]*\" sys=\"|srcip=\")"
STAMP = r"^(?:<\d+>)?\d{4}:\d\d:\d\d-\d\d:\d\d:\d\d "
IS_RECORD = LINE.str.contains('id="', literal=True) & LINE.str.contains(FIRST)
#: A MAC address is none.
ADDRESSES = LINE.str.count_matches(r"\d+\.\d+\.\d+\.\d+|[0-9a-f]::|(?:[0-9a-f]{1,4}:){7}")
ACTIONS = {
    "drop": "deny", "reject": "deny", "block": "deny", "blocked": "deny", "deny": "deny", "denied": "deny",
    "accept": "allow", "allow": "allow", "pass": "allow", "warn": "allow", "passed": "allow", "log": "alert",
    "alert": "alert",
}  # fmt: skip
KINDS = {"http": "proxy", "reverseproxy": "proxy", "ftp": "proxy", "smtp": "proxy", "pop3": "proxy", "ips": "ids",
         "auth": "auth", "vpn": "vpn", "afc": "firewall"}  # fmt: skip
SEVERITIES = {"1": "high", "2": "medium", "3": "low", "4": "informational"}

SUB = lower("sub")
#: Apache's lines for the web application firewall have neither severity nor section.
IS_WAF = pl.col("sub").is_null() & pl.col("localip").is_not_null()
REFUSED = pl.col("reason").is_not_null() & (pl.col("reason") != "-")
PROXY = SUB == "http"
#: `10:18-10:42:59`: what is left of a header whose year was cut off is no time.
NO_ENDS = pl.all_horizontal(pl.col(c).is_null() for c in ("srcip", "dstip", "localip"))

FORMAT = Format(
    name="sophos_utm",
    title="Sophos UTM 9 (packet filter, IPS, web and reverse proxy)",
    reference="https://community.sophos.com/utm-firewall/f/recommended-reads/22065/utm-packetfilter-logfiles-on-sophos-utm",
    notes="Times are local to the firewall: --tz.",
    is_record=IS_RECORD,
    is_noise={"other program": LINE.str.contains(STAMP) & ~IS_RECORD & (ADDRESSES < 2)},
    layout=KeyValue(anchor=LINE.str.find(FIRST), quote='"', keep=("sub", "url", "name")),
    columns={
        "ignored": pl.when(NO_ENDS).then(pl.lit("no traffic")),
        "kind": pl.when(IS_WAF).then(pl.lit("proxy")).otherwise(mapped(SUB, KINDS)),
        "sensor": pl.col("@host"),
        "action": pl.when(IS_WAF)
        .then(pl.when(REFUSED).then(pl.lit("deny")).otherwise(pl.lit("allow")))
        .when(SUB != "auth")
        .then(mapped("action", ACTIONS)),
        "disposition": lower("action"),
        "protocol": lower("proto"),
        "src_ip": pl.col("srcip"),
        "src_port": port("srcport"),
        "dst_ip": text("dstip", "localip"),
        "dst_port": port("dstport", "port"),
        "bytes_out": pl.when(~PROXY & ~IS_WAF).then(uint("length")),
        "bytes_in": uint("size"),
        "duration": pl.when(IS_WAF).then(number("time") / 1_000_000),
        "tcp_flags": tcp_flag_words(pl.col("tcpflags")),
        "icmp_type": uint("type", bits=8),
        "icmp_code": uint("code", bits=8),
        "in_iface": pl.col("initf"),
        "out_iface": pl.col("outitf"),
        "rule": pl.coalesce("fwrule", pl.when(PROXY).then(pl.col("filteraction"))),
        "reason": pl.when(pl.col("reason") != "-").then(pl.col("reason")),
        "app": pl.when(PROXY).then(text("app-id", "application")).otherwise(pl.col("application")),
        "dst_name": pl.when(IS_WAF).then(lower("server")).otherwise(host_name(pl.col("url"))),
        "user_name": pl.when(pl.col("user") != "-").then(pl.col("user")),
        "signature": pl.when(SUB == "ips").then(text("reason", "name")),
        "signature_id": pl.when(SUB == "ips").then(pl.col("sid")),
        "severity": mapped("priority", SEVERITIES),
    },
)
