"""Clavister cOS Core (NetWall): connections, rule drops, ALG, application control, IPsec and login events.

`prio=1 id=00600001 rev=1 event=conn_open connipproto=TCP connsrcip=… conndestip=…`, as the firewall sends it to a
syslog server (`[2026-03-02 10:00:00] EFW: CONN: prio=…`), and as InControl streams it, with groups of fields in nested
brackets. Events that name no address are ignored as "no traffic".

Reference: https://docs.clavister.com/repo/cos-core-log-reference/doc/index.html

Time: that of the header, in brackets or of syslog, local to the firewall. A connection's ends are `conn…`, after
translation `newconn…`; a packet's `srcip` and `destip`. A connection that was opened or closed was allowed; everything
else that was dropped, rejected or closed was denied. Counters in rounded form (`4.52 K`) are no counts and stay in
`extra`. Of a negotiation the local end is the source. Not covered: the binary FWLog format.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._fields import host_name, lower, mapped, naive, number, tcp_flag_words, text, uint
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE, KeyValue
from fwforensics.formats._rewritten import Rewritten

EVENT = r"(?:^|[\s\]])id=0?\d{5,8} (?:rev=\d+ )?event=[a-z]\w+"
#: What is done to a line before its pairs are read: (pattern, replacement).
STEPS = (
    (r"(\w+sent)=([\d.]+) ([KMGT])\b", "$1=$2$3"),
    (r"message=([^\[\]\"=]*?)(\s+[\w#]+=|\s*\])", 'message="$1"$2'),
    (r"\[[A-Za-z]+ \[", " ["),
    (r"\[(?:[A-Za-z]+ )+([\w#]+=)", " $1"),
    (r"[\[\]]", " "),
    (r" {2,}", " "),
)


DENIED = "drop,reject,close,deny,block,blocked,blacklist,disallow,denied,dropped,terminate,discard"
ACTIONS = dict.fromkeys(DENIED.split(","), "deny") | dict.fromkeys(("allow", "accept", "allow_processing"), "allow")
FLAGS = ("CWR", "ECE", "URG", "ACK", "PSH", "RST", "SYN", "FIN")


def count(key: str) -> pl.Expr:
    """A counter: `695` or `59.0`; NULL where it was rounded."""
    return number(key).cast(pl.UInt64, strict=False)


NAME = pl.col("event")
OPENED = NAME.str.contains(r"^(?:conn_(?:open|close|usage)|alg_session_|application_end)").fill_null(False)
REFUSED = NAME.str.contains(r"drop|disallow|denied|invalid|illegal|refused|reject|blacklist").fill_null(False)
IS_VPN = NAME.str.contains(r"^(?:ike|ipsec)_").fill_null(False)
IS_AUTH = NAME.str.contains(r"user|radius|login|logout|admin").fill_null(False)
#: The Ethernet header has a protocol, too.
PROTOCOL = pl.coalesce(
    "connipproto",
    pl.when(pl.col("ipproto").str.contains("(?i)^(?:ip[46]?|arp|vlan)$"))
    .then(pl.col("ipproto#2"))
    .otherwise(pl.col("ipproto")),
)
STAMP = pl.col("@line").str.extract(r"\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\]")
HEADED = STAMP.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us")
FLAG_TEXT = pl.concat_str([pl.when(pl.col(f) == "1").then(pl.lit(f + " ")).otherwise(pl.lit("")) for f in FLAGS])
ENDS = ("connsrcip", "conndestip", "srcip", "destip", "local_ip", "remote_ip", "client_ip")
AT = LINE.str.find(r"\b(?:prio=\d+ )?id=0?\d{5,8} (?:rev=\d+ )?event=")

FORMAT = Format(
    name="clavister",
    title="Clavister cOS Core (NetWall)",
    reference="https://docs.clavister.com/repo/cos-core-log-reference/doc/index.html",
    notes="Built from the vendor's documentation and other projects' test data. Times are local: --tz.",
    is_record=LINE.str.contains("event=", literal=True) & LINE.str.contains(EVENT),
    layout=Rewritten(
        layout=KeyValue(anchor=AT, quote='"', keep=("rule", "event", "url")), steps=STEPS, begin=AT
    ),
    columns={
        "ignored": pl.when(pl.all_horizontal(pl.col(c).is_null() for c in ENDS)).then(pl.lit("no traffic")),
        "ts": pl.when(HEADED.is_null()).then(pl.col("@ts")),
        "ts_local": pl.coalesce(HEADED, "@ts_local", naive("time")),
        "kind": pl.when(IS_VPN).then(pl.lit("vpn"))
        .when(IS_AUTH & pl.col("connsrcip").is_null()).then(pl.lit("auth"))
        .when(pl.col("idrule").is_not_null() | pl.col("signatureid").is_not_null()).then(pl.lit("ids"))
        .when(NAME.str.contains("url|wcf|http|server_name")).then(pl.lit("proxy")),
        "sensor": pl.col("@host"),
        "action": pl.when(OPENED).then(pl.lit("allow"))
        .when(~IS_VPN & ~(IS_AUTH & pl.col("connsrcip").is_null()))
        .then(pl.coalesce(mapped("action", ACTIONS), pl.when(REFUSED).then(pl.lit("deny")))),
        "disposition": pl.coalesce(lower("action"), NAME),
        "protocol": PROTOCOL.str.to_lowercase(),
        "src_ip": text("connsrcip", "srcip", "local_ip", "client_ip"),
        "src_port": uint("connsrcport", "srcport", "local_port", bits=16),
        "dst_ip": text("conndestip", "destip", "remote_ip"),
        "dst_port": uint("conndestport", "destport", "remote_port", bits=16),
        "src_nat_ip": pl.col("newconnsrcip"),
        "src_nat_port": uint("newconnsrcport", bits=16),
        "dst_nat_ip": pl.col("newconndestip"),
        "dst_nat_port": uint("newconndestport", bits=16),
        "bytes_out": pl.coalesce(
            count("origsent"), pl.when(pl.col("connsrcip").is_null()).then(uint("iptotlen"))
        ),
        "bytes_in": count("termsent"),
        "duration": number("conntime"),
        "tcp_flags": tcp_flag_words(FLAG_TEXT),
        "icmp_type": uint("icmptype", "connsrcid", bits=8),
        "in_iface": text("connrecvif", "recvif"),
        "out_iface": pl.col("conndestif"),
        "src_zone": text("connrecvzone", "recvzone"),
        "dst_zone": pl.col("conndestzone"),
        "rule": text("rule", "satsrcrule"),
        "reason": pl.when(~OPENED & (mapped("action", ACTIONS) == "deny")).then(text("reason", "message")),
        "app": pl.col("application"),
        "dst_name": host_name(text("domain", "url", "fqdn")),
        "user_name": text("username", "user"),
        "signature": pl.col("description"),
        "signature_id": text("signatureid", "idrule"),
    },
)  # fmt: skip
