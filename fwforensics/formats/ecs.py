"""Records in the Elastic Common Schema, as Beats, Elastic Agent and exports of Elasticsearch write them: JSON lines.

Keys may be nested, dotted, or both, the record may stand in `_source`, and values may be lists of one, as the `fields`
of a search are. Where the record still holds the vendor's own line (`event.original`, `message`) and a format here
knows that, the line is read in place of the fields: it says more than what was made of it.

Reference: https://www.elastic.co/docs/reference/ecs/ecs-field-reference

Time: `event.start` where it is there, else `@timestamp`; the end is `event.end`, or `@timestamp` of a record with a
start. The action is what `event.type` says (allowed, denied), else the word in `event.action`, else the outcome of a
firewall's record. Severities are the vendor's numbers and stay in `extra`.
Not covered: OpenTelemetry's semantic conventions, arrays with several addresses (the first counts).
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._fields import host_name, instant, iso_local, mapped, port, text, uint
from fwforensics.formats._format import Format
from fwforensics.formats._held import Held
from fwforensics.formats._layouts import LINE

ALLOW, DENY = "allow", "deny"
WORDS = {
    **dict.fromkeys(
        ("allow", "allowed", "accept", "accepted", "pass", "passed", "permit", "permitted", "flow_started", "start",
         "connection-started", "connection-finished", "flow-creation", "flow_terminated", "close", "teardown", "built"),
        ALLOW,
    ),
    **dict.fromkeys(
        ("deny", "denied", "drop", "dropped", "block", "blocked", "reject", "rejected", "flow_denied", "flow_dropped",
         "reset", "reset-both", "reset-client", "reset-server", "connection-denied", "discard", "prevent"),
        DENY,
    ),
}  # fmt: skip
TYPE, CATEGORY, OUTCOME = pl.col("event.type"), pl.col("event.category"), pl.col("event.outcome").str.to_lowercase()
IS_FLOW = (
    pl.col("event.action").is_in(["network_flow", "netflow_flow", "flow"])
    | text("event.dataset").str.contains(r"(?i)flow")
).fill_null(False)
IS_ALERT = (CATEGORY.str.contains("intrusion_detection") | (pl.col("event.kind") == "alert")).fill_null(False)
SEEN = pl.coalesce(
    pl.when(TYPE.str.contains("denied")).then(pl.lit(DENY)).when(TYPE.str.contains("allowed")).then(pl.lit(ALLOW)),
    mapped("event.action", WORDS),
)
DIRECTIONS = {"inbound": "inbound", "ingress": "inbound", "outbound": "outbound", "egress": "outbound",
              "internal": "internal", "external": "external"}  # fmt: skip
KEYS = r'"(?:source|destination)(?:\.ip"|"\s*:\s*\{[^{}]*(?:\{[^{}]*\}[^{}]*)*"ip"\s*:)'

FORMAT = Format(
    name="ecs",
    title="Elastic Common Schema (JSON lines)",
    reference="https://www.elastic.co/docs/reference/ecs/ecs-field-reference",
    notes="The vendor's own line is read where the record holds it. Built from the documentation of the schema; not "
    "tried on a recorded log.",
    priority=85,
    is_record=LINE.str.contains('"@timestamp"', literal=True)
    & (LINE.str.contains('"source', literal=True) | LINE.str.contains('"destination', literal=True))
    & LINE.str.contains('"(?:event|ecs)[".]')
    & LINE.str.contains(KEYS),
    layout=Held(within=("_source", "fields"), lists=("event.type", "event.category")),
    syslog=False,
    columns={
        "ts": instant("event.start", "@timestamp"),
        "ts_local": iso_local("event.start", "@timestamp"),
        "ts_end": pl.coalesce(
            instant("event.end"), pl.when(pl.col("event.start").is_not_null()).then(instant("@timestamp"))
        ),
        "kind": pl.when(IS_ALERT).then(pl.lit("ids"))
        .when(IS_FLOW).then(pl.lit("flow"))
        .when(pl.col("dns.question.name").is_not_null()).then(pl.lit("dns"))
        .when(pl.col("url.domain").is_not_null() | CATEGORY.str.contains("web")).then(pl.lit("proxy"))
        .when(CATEGORY.str.contains("authentication")).then(pl.lit("auth"))
        .otherwise(pl.lit("firewall")),
        "sensor": text("observer.hostname", "observer.name", "observer.ip", "host.hostname", "host.name"),
        "action": pl.when(IS_ALERT).then(
            pl.when((SEEN == DENY).fill_null(False)).then(pl.lit(DENY)).otherwise(pl.lit("alert"))
        )
        .when(IS_FLOW).then(SEEN)
        .otherwise(pl.coalesce(SEEN, mapped(OUTCOME, {"success": ALLOW, "failure": DENY}))),
        "disposition": pl.col("event.action").str.to_lowercase(),
        "direction": mapped("network.direction", DIRECTIONS),
        "protocol": text("network.transport", "network.iana_number"),
        "src_ip": pl.col("source.ip"),
        "src_port": port("source.port"),
        "dst_ip": pl.col("destination.ip"),
        "dst_port": port("destination.port"),
        "src_nat_ip": pl.col("source.nat.ip"),
        "src_nat_port": port("source.nat.port"),
        "dst_nat_ip": pl.col("destination.nat.ip"),
        "dst_nat_port": port("destination.nat.port"),
        "bytes": uint("network.bytes"),
        "packets": uint("network.packets"),
        "bytes_out": uint("source.bytes"),
        "bytes_in": uint("destination.bytes"),
        "packets_out": uint("source.packets"),
        "packets_in": uint("destination.packets"),
        "duration": pl.col("event.duration").cast(pl.Float64, strict=False) / 1e9,
        "in_iface": text("observer.ingress.interface.name", "observer.ingress.interface.alias"),
        "out_iface": text("observer.egress.interface.name", "observer.egress.interface.alias"),
        "src_zone": pl.col("observer.ingress.zone"),
        "dst_zone": pl.col("observer.egress.zone"),
        "rule": pl.when(~IS_ALERT).then(text("rule.name", "rule.id")),
        "reason": pl.col("event.reason"),
        "app": text("network.application", "network.protocol"),
        "dst_name": host_name(text("destination.domain", "tls.client.server_name", "url.domain")),
        "user_name": text("source.user.name", "user.name"),
        "signature": pl.when(IS_ALERT).then(pl.col("rule.name")),
        "signature_id": pl.when(IS_ALERT).then(pl.col("rule.id")),
    },
)  # fmt: skip
