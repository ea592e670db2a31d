"""Calico Enterprise and Cloud flow logs as JSON lines, from the file or out of Elasticsearch (`_source`).

A record sums the flows of an interval, as one end (`reporter` src or dst) saw them; where both ends are of the cluster,
both report the flow. Counters are those of the reporter's end, and are turned to run from source to destination.
Aggregated addresses are null, aggregated ports 0: both are NULL here. Namespaces are the zones, the policy that allowed
or denied is the rule. Names of pods, labels, all policies and `nat_outgoing_ports`, the ports behind which the node
hid the flows, stand in `extra`.

Reference: https://docs.tigera.io/calico-enterprise/latest/observability/elastic/flow/datatypes

Time: Unix seconds, start and end of the interval. Not covered: Goldmane's records, which have no addresses, and the
syslog form of an archive.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._fields import epoch, iso, lower, mapped, port, text, uint
from fwforensics.formats._format import Format
from fwforensics.formats._inner import Inner
from fwforensics.formats._layouts import LINE, Json

SCALAR = r'"[\w@.-]+"\s*:\s*(?:"[^"\\]*"|[\w.+-]+)'
#: A hit of a search, and what may stand behind its document.
BEFORE = rf'^(\s*\{{\s*(?:{SCALAR}\s*,\s*)*"_source"\s*:\s*)\{{'
AFTER = rf"\}}(\s*(?:,\s*(?:{SCALAR}|\"(?:sort|fields)\"\s*:\s*[\[{{][^\[{{]*[\]}}])\s*)*\}}\s*,?\s*)$"
KEPT = ("policies", "dest_domains")
FROM_SOURCE = (pl.col("reporter") != "dst").fill_null(True)
#: `index|tier|policy|action|rule`, of which one decided and those before it passed the flow on.
DECIDED = r'"\d+\|[^|"]*\|([^|"]+)\|(?:allow|deny)\b'


def when(key: str) -> pl.Expr:
    """A time as a number, or in words."""
    return pl.coalesce(iso(key), pl.when(pl.col(key).str.contains(r"^[0-9.]+$")).then(epoch(key)))


def named(*keys: str) -> pl.Expr:
    """A value that is not the dash for none, or the star for several."""
    given = text(*keys)
    return pl.when(~given.is_in(["-", "*"])).then(given)


def known_port(key: str) -> pl.Expr:
    """A port; 0 stands for several."""
    return pl.when(port(key) > 0).then(port(key))


def towards(out: str, back: str) -> pl.Expr:
    """The counter from source to destination: out of the source's end, or into the destination's."""
    return pl.when(FROM_SOURCE).then(uint(out)).otherwise(uint(back))


FORMAT = Format(
    name="calico_flow",
    title="Calico flow logs (JSON)",
    reference="https://docs.tigera.io/calico-enterprise/latest/observability/elastic/flow/datatypes",
    notes="Both ends may report a flow; counters are turned to run from source to destination.",
    syslog=False,
    is_record=LINE.str.contains('"reporter"', literal=True)
    & LINE.str.contains('"source_type"', literal=True)
    & LINE.str.contains('"dest_type"', literal=True),
    layout=Inner(layout=Json(keep=KEPT), before=BEFORE, after=AFTER),
    columns={
        "ts": pl.coalesce(when("start_time"), when("@timestamp")),
        "ts_end": when("end_time"),
        "sensor": named("host"),
        "action": mapped("action", {"allow": "allow", "deny": "deny"}),
        "disposition": lower("action"),
        "protocol": named("proto").str.to_lowercase(),
        "src_ip": pl.col("source_ip"),
        "src_port": known_port("source_port"),
        "dst_ip": pl.col("dest_ip"),
        "dst_port": known_port("dest_port"),
        "bytes_out": towards("bytes_out", "bytes_in"),
        "bytes_in": towards("bytes_in", "bytes_out"),
        "packets_out": towards("packets_out", "packets_in"),
        "packets_in": towards("packets_in", "packets_out"),
        "src_zone": named("source_namespace"),
        "dst_zone": named("dest_namespace"),
        "dst_name": pl.col("dest_domains").str.json_path_match("$[0]"),
        "app": named("process_name"),
        "rule": pl.coalesce(
            pl.col("policies").str.json_path_match("$.enforced_policies").str.extract(DECIDED),
            pl.col("policies").str.json_path_match("$.all_policies").str.extract(DECIDED),
        ),
        "repeat_count": pl.when(uint("num_flows", bits=32) > 0).then(uint("num_flows", bits=32)),
    },
)
