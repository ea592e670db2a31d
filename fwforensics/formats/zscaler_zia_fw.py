"""Zscaler Internet Access: firewall logs of Nanolog Streaming (NSS, Cloud NSS).

JSON feeds (`{"sourcetype":"zscalernss-fw","event":{…}}`, or the record alone), the tab-separated `key=value` feed, and
the CEF feed (`NSSFWlog`). Web, DNS, tunnel, audit and other feeds are not read.

Reference: https://help.zscaler.com/zia/nss-feed-output-format-firewall-logs

Time: `datetime` with `tz`, else `epochtime`; without `tz` it is the feed's zone. It is when the session ended or the
aggregate was closed; `durationms` reaches back from there. The client's pair (`csip`, `cdip`) are the ends; the pair on
the server's side (`ssip`, `sdip`) is what the cloud made of them. `inbytes` came from the server.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._cef import CEF_START, Cef
from fwforensics.formats._clocks import epoch_of
from fwforensics.formats._either import one_of
from fwforensics.formats._extension_columns import KEEP, STANDARD, address, given, moment, named_host, with_times
from fwforensics.formats._fields import lower, number, port, uint
from fwforensics.formats._format import Format
from fwforensics.formats._inner import Inner
from fwforensics.formats._json import Json
from fwforensics.formats._keyvalue import KeyValue
from fwforensics.formats._layouts import LINE
from fwforensics.formats._verdicts import verdict

KEPT = (*KEEP, "ssip", "ssport", "nwsvc", "rule", "threatcat", "epochtime", "tz", "login", "dnat", "proto", "duration")
IS_THREAT = given("threatname", "threat_name", "ipsrulelabel").is_not_null()
IS_DROPPED = pl.coalesce("action", "act").str.contains(r"(?i)\bips\b")
#: The CEF feed calls the tunnel's source a translation; it is none.
SPAN = pl.coalesce(number("durationms") / 1000, number("duration"))
CODES = ["%20", "%40", "%2F", "%5C", "%2C", "%26", "%28", "%29", "%3A", "%25"]
PLAIN = [" ", "@", "/", "\\", ",", "&", "(", ")", ":", "%"]


def plain(value: pl.Expr) -> pl.Expr:
    """A text without the percent codes of the feed."""
    return value.str.replace_many(CODES, PLAIN)


FORMAT = Format(
    name="zscaler_zia_fw",
    title="Zscaler Internet Access firewall logs (NSS)",
    reference="https://help.zscaler.com/zia/nss-feed-output-format-firewall-logs",
    notes="Without tz, times are those of the feed's zone: --tz.",
    is_record=(LINE.str.contains(r'"zscalernss-fw"|"csip"\s*:|\bcsip=') & LINE.str.contains(r'"cdip"\s*:|\bcdip='))
    | LINE.str.contains(r"(?:CEF: ?\d|^\s*0)\|Zscaler\|NSSFW"),
    layout=with_times(
        one_of(
            [
                (LINE.str.contains(CEF_START), Cef(keep=KEPT)),
                (
                    LINE.str.contains(r"\bcsip="),
                    KeyValue(anchor=LINE.str.find(r"\b[a-z_]+=[^\t]*\t"), separator="\t", quote='"', keep=KEPT),
                ),
            ],
            Inner(
                layout=Json(begin=LINE.str.find("{", literal=True), keep=KEPT),
                before=r'^(.*?"event"\s*:\s*)\{',
                after=r"\}(\s*\}\s*)$",
            ),
        ),
        pl.coalesce(moment("datetime", "time", "rt", "start"), epoch_of(pl.col("epochtime")).dt.to_string("iso")),
        moment("end"),
    ),
    columns={
        **{c: STANDARD[c] for c in ("ts", "ts_local", "ts_end", "ts_end_local")},
        "kind": pl.when(IS_DROPPED | IS_THREAT).then(pl.lit("ids")).otherwise(pl.lit("firewall")),
        "sensor": given("datacenter", "dvchost", "@host", "devicename"),
        "action": verdict(pl.coalesce("action", "act"), pl.lit(False)),
        "disposition": lower("action", "act"),
        "protocol": lower("proto"),
        "src_ip": address("csip", "src", "ssip"),
        "src_port": port("csport", "spt"),
        "dst_ip": address("cdip", "dst", "sdip"),
        "dst_port": port("cdport", "dpt"),
        "src_nat_ip": address("ssip", "deviceTranslatedAddress"),
        "src_nat_port": port("ssport", "deviceTranslatedPort"),
        "dst_nat_ip": address("sdip", "destinationTranslatedAddress"),
        "dst_nat_port": port("sdport", "destinationTranslatedPort"),
        "bytes_out": uint("outbytes", "out"),
        "bytes_in": uint("inbytes", "in"),
        "duration": SPAN,
        "rule": plain(given("rulelabel", "rule", "firewallRule", "reason")),
        "app": given("nwapp", "nwapplication", "nwsvc", "app"),
        "dst_name": named_host("cltdomain", "sdomain", "dhost"),
        "user_name": plain(given("user", "login", "suser")),
        "signature": plain(given("threatname", "threat_name")),
        "session_id": given("sessionid"),
        "repeat_count": uint("numsessions", bits=32),
    },
    priority=40,
)
