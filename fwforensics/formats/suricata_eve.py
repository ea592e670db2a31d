"""Suricata's EVE JSON: alerts, drops, anomalies, flows, netflow records, DNS, HTTP, TLS and other protocol events.

One JSON object a line, bare or behind a syslog header. Every event with addresses gives a row; `stats` and others
without any are no traffic, but show that the sensor was alive.

Reference: https://docs.suricata.io/en/latest/output/eve/eve-json-format.html

Time: `timestamp` with its offset (`+0200`, without colon); flow and netflow events are dated by the flow's own start
and end. The two ends stay as written: a DNS answer or a file runs from server to client. `bytes_toserver` goes from
source to destination unless the event says that it, or its flow, runs the other way (`direction`, `flow.src_ip`).
An alert's action is deny where the engine blocked or dropped, else alert. A queried DNS name is not the name of the
server asked and stays in `extra`; so do `community_id`, rule metadata and everything else.
Not covered: EVE inside other documents (AWS Network Firewall has its own format), unified2.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._fields import code, iso, iso_local, lower, mapped, port, tcp_flag_bits, text, uint
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE, Json

EVENT = pl.col("event_type")
#: Events whose source is always the client.
FROM_CLIENT = ("http", "http2", "tls", "quic", "ssh", "flow")
APPLICATIONS = (
    "dns", "mdns", "http", "http2", "tls", "quic", "ssh", "smtp", "ftp", "ftp_data", "smb", "nfs", "tftp", "krb5",
    "ike", "dhcp", "snmp", "sip", "rfb", "mqtt", "rdp", "dnp3", "modbus", "enip", "dcerpc", "pgsql", "telnet", "ldap",
    "websocket", "bittorrent_dht", "pop3", "doh2",
)  # fmt: skip
SEVERITIES = {"1": "high", "2": "medium", "3": "low"}

#: The packet or file runs against the flow, by the event's own word.
BACKWARDS = (
    (pl.col("direction") == "to_client")
    | (pl.col("flow.src_ip").is_not_null() & (pl.col("flow.src_ip") != pl.col("src_ip")))
).fill_null(False)
TOWARDS_SERVER = (
    EVENT.is_in(FROM_CLIENT)
    | (pl.col("direction") == "to_server")
    | (pl.col("flow.dest_ip") == pl.col("dest_ip")).fill_null(False)
    | (pl.col("direction").is_null() & pl.col("flow.dest_ip").is_null() & (port("dest_port") < port("src_port")))
).fill_null(False)
NAME = text("tls.sni", "quic.sni", "http.hostname").str.replace(r":\d+$", "")
IS_ADDRESS = r"^(?:[0-9.]+|\[?[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*\]?)$"
START, END = iso("flow.start", "netflow.start"), iso("flow.end", "netflow.end")
HAS_FLOW_TIME = EVENT.is_in(["flow", "netflow"])
DROPPED = (EVENT == "drop") | (pl.col("alert.action") == "blocked") | pl.col("verdict.action").is_in(["drop", "reject"])


def towards(out: str, back: str, one_way: str | None = None) -> pl.Expr:
    """The counter of the event's own direction; a netflow event has but one."""
    counter = pl.when(BACKWARDS).then(uint(f"flow.{back}")).otherwise(uint(f"flow.{out}"))
    return pl.coalesce(counter, uint(one_way)) if one_way else counter


FORMAT = Format(
    name="suricata_eve",
    title="Suricata EVE JSON",
    reference="https://docs.suricata.io/en/latest/output/eve/eve-json-format.html",
    notes="All event types with addresses; one conversation may leave a flow event and several others.",
    kind="flow",
    is_record=LINE.str.contains('"event_type"', literal=True)
    & LINE.str.contains('"timestamp"', literal=True)
    & (LINE.str.contains('"dest_ip"', literal=True) | LINE.str.contains(r'"event_type": ?"(?:stats|arp|anomaly)"'))
    & ~LINE.str.contains('"firewall_name"', literal=True),
    layout=Json(begin=LINE.str.find("{", literal=True)),
    columns={
        "ts": pl.when(HAS_FLOW_TIME).then(pl.coalesce(START, iso("timestamp"))).otherwise(iso("timestamp")),
        "ts_local": iso_local("timestamp"),
        "ts_end": pl.when(HAS_FLOW_TIME).then(END),
        "kind": mapped(
            EVENT,
            {
                **dict.fromkeys(("alert", "drop", "anomaly"), "ids"),
                **dict.fromkeys(("dns", "mdns"), "dns"),
                **dict.fromkeys(("http", "http2", "tls", "quic", "doh2"), "proxy"),
            },
            "flow",
        ),
        "sensor": pl.coalesce(
            pl.when(~pl.col("host").str.starts_with("{")).then(pl.col("host")), pl.col("host.name"), pl.col("@host")
        ),
        "action": pl.when(DROPPED).then(pl.lit("deny"))
        .when(EVENT == "alert").then(pl.lit("alert"))
        .otherwise(mapped("flow.action", {"drop": "deny", "reject": "deny", "pass": "allow"})),
        "disposition": pl.when(EVENT == "drop").then(pl.lit("drop"))
        .when(EVENT == "alert").then(lower("alert.action"))
        .otherwise(lower("flow.action", "flow.state")),
        "protocol": pl.col("proto").str.replace(r"^0+(\d)", "$1"),
        "src_ip": pl.col("src_ip"),
        "src_port": port("src_port"),
        "dst_ip": pl.col("dest_ip"),
        "dst_port": port("dest_port"),
        "bytes_out": towards("bytes_toserver", "bytes_toclient", "netflow.bytes"),
        "bytes_in": towards("bytes_toclient", "bytes_toserver"),
        "packets_out": towards("pkts_toserver", "pkts_toclient", "netflow.pkts"),
        "packets_in": towards("pkts_toclient", "pkts_toserver"),
        "duration": pl.when(HAS_FLOW_TIME).then((END - START).dt.total_microseconds() / 1e6),
        "tcp_flags": tcp_flag_bits(pl.col("tcp.tcp_flags").str.to_integer(base=16, strict=False)),
        "icmp_type": code("icmp_type"),
        "icmp_code": code("icmp_code"),
        "in_iface": pl.col("in_iface"),
        "reason": lower("flow.reason", "drop.reason"),
        "app": pl.coalesce(
            pl.when(pl.col("app_proto") != "failed").then(pl.col("app_proto")),
            pl.when(EVENT.is_in(APPLICATIONS)).then(EVENT),
        ),
        "dst_name": pl.when(TOWARDS_SERVER & ~NAME.str.contains(IS_ADDRESS)).then(NAME),
        "user_name": text("krb5.cname", "smb.ntlmssp.user", "ftp.username"),
        "signature": text("alert.signature", "anomaly.event"),
        "signature_id": pl.col("alert.signature_id"),
        "severity": pl.when(pl.col("alert.severity").is_not_null())
        .then(mapped("alert.severity", SEVERITIES, "informational")),
        "session_id": pl.col("flow_id"),
        "ignored": pl.when(pl.col("src_ip").is_null() & pl.col("dest_ip").is_null()).then(pl.lit("no traffic")),
    },
)  # fmt: skip
