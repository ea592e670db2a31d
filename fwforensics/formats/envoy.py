"""Envoy's access log: the default text format, that of Istio, and JSON.

JSON is read under the names that Istio, Envoy Gateway and others give to Envoy's own fields.

Reference: https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage
Reference: https://istio.io/latest/docs/tasks/observability/logs/access-log/

Time: that at which the request began, with its zone; `duration` gives the end. The source is the downstream peer, else
the first address of X-Forwarded-For; the destination is the upstream host, else the address that was asked. Denied is
what RBAC or the external authorisation refused (`rbac_access_denied…`, UAEX), what was over its rate (RL, RLSE), and
what Istio sends into its black hole; what reached an upstream, or has no flag, was allowed; other errors and Envoy's
own answers are no decision. The policy is the rule, the flags are the reason. Bytes received are the client's. Not
covered: custom text formats, and the gRPC log.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._either import Either
from fwforensics.formats._fields import epoch, host_name, iso, number, text, uint
from fwforensics.formats._format import Format
from fwforensics.formats._json import Json
from fwforensics.formats._layouts import LINE
from fwforensics.formats._pattern import Pattern
from fwforensics.formats._spelled import Spelled

QUOTED = r'"(?<{}>(?:[^"\\]|\\.)*)"'
FRONT = (
    r"^(?<head>(?:.*?\s)?)\[(?<start_time>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d))\] "
    r'"(?<method>\S+) (?<path>.*?) ?(?<http>HTTP/[\d.]+|-|HTTP)?" (?<response_code>\d{1,3}|-) '
    r"(?<response_flags>[A-Za-z,]+|-) "
)
BACK = (
    r"(?<bytes_received>\d+|-) (?<bytes_sent>\d+|-) (?<duration>-?\d+|-) (?<upstream_service_time>\S+) "
    + " ".join(QUOTED.format(n) for n in ("x_forwarded_for", "user_agent", "request_id", "authority", "upstream_host"))
    + r"(?: (?<upstream_cluster>\S+) (?<upstream_local_address>\S+) (?<downstream_local_address>\S+)"
    r" (?<downstream_remote_address>\S+)(?: (?<requested_server_name>\S+))?(?: (?<route_name>\S+))?)?"
    r"(?: (?<rest>.*?))?\s*$"
)
DETAILS = (
    r"(?:(?<response_code_details>[^\s\"]\S*) (?<connection_termination_details>[^\s\"]\S*|\"[^\"]*\") )?"
    r'(?:"(?<upstream_transport_failure_reason>[^"]*)" )?'
)
TEXT = FRONT + DETAILS + BACK
IS_JSON = LINE.str.contains(r'"response_flags"\s*:') & LINE.str.contains(
    r'"(?:upstream_host|upstream_cluster|downstream_remote_address|downstream_local_address)"\s*:'
)
NAMES = {
    "start_time": ("start_time", "startTime", "timestamp", "time", "@timestamp", "ts"),
    "authority": ("authority", ":authority", "host", "req_host"),
    "downstream": ("downstream_remote_address", "downstream_direct_remote_address", "downstream_address"),
    "local": ("downstream_local_address",),
    "upstream": ("upstream_host", "upstream_remote_address", "upstream_address"),
    "forwarded": ("x_forwarded_for", "x-forwarded-for", "forwarded_for"),
    "flags": ("response_flags",),
    "code": ("response_code", "status", "response_status"),
    "details": ("response_code_details",),
    "ended": ("connection_termination_details",),
    "sni": ("requested_server_name",),
    "received": ("bytes_received", "bytes_in"),
    "sent": ("bytes_sent", "bytes_out"),
    "milliseconds": ("duration", "duration_ms"),
    "http": ("http", "protocol"),
    "request": ("request_id", "x_request_id", "x-request-id"),
    "cluster": ("upstream_cluster",),
    "route": ("route_name",),
}  # fmt: skip
#: Read in part, and worth keeping whole.
KEPT = (
    "response_code", "authority", ":authority", "downstream_local_address", "upstream_cluster", "x_forwarded_for",
    "x-forwarded-for", "requested_server_name", "protocol", "http", "route_name",
)  # fmt: skip


def said(key: str) -> pl.Expr:
    """A value that is no dash for none."""
    return pl.when(~pl.col(key).is_in(["", "-"])).then(pl.col(key))


def end(key: str) -> tuple[pl.Expr, pl.Expr]:
    """Address and port of `192.0.2.1:80` or `[2001:db8::1]:80`."""
    parts = pl.col(key).str.extract_groups(
        r"^(?:\[([0-9A-Fa-f:.]+)\]|(\d{1,3}(?:\.\d{1,3}){3})|([0-9A-Fa-f]*:[0-9A-Fa-f:]+:[0-9A-Fa-f:]*))(?::(\d+))?$"
    )
    number = parts.struct.field("4").cast(pl.UInt16, strict=False)
    return pl.coalesce(*(parts.struct.field(str(i)) for i in (1, 2, 3))), pl.when(number > 0).then(number)


CLIENT, CLIENT_PORT = end("downstream")
SERVER, SERVER_PORT = end("upstream")
ASKED, ASKED_PORT = end("local")
FORWARDED = pl.col("forwarded").str.extract(r"^\s*\[?([0-9A-Fa-f:.]+)\]?")
REFUSAL = pl.concat_str([pl.col("details"), pl.col("ended")], separator=" ", ignore_nulls=True)
FLAGS = pl.concat_str([pl.lit(","), said("flags"), pl.lit(",")])
IS_DENIED = (
    REFUSAL.str.contains(
        r"rbac_access_denied|ext_authz_denied|ext_authz_error|request_rate_limited|rate_limited"
    ).fill_null(False)
    | FLAGS.str.contains(r",(?:UAEX|RL|RLSE),").fill_null(False)
    | pl.col("cluster").str.contains("BlackHole", literal=True).fill_null(False)
    | (pl.col("route") == "block_all").fill_null(False)
)
IS_ANSWER = (pl.col("details") == "direct_response").fill_null(False)
START = pl.coalesce(iso("start_time"), pl.when(pl.col("start_time").str.contains(r"^\d{9,}")).then(epoch("start_time")))
LASTED = pl.when(number("milliseconds") >= 0).then(number("milliseconds") / 1000)
#: Istio names the service asked for behind its own marks.
SNI = said("sni").str.replace(r"^(?:outbound|inbound)_\.\d+_\.[^_]*_\.", "")

FORMAT = Format(
    name="envoy",
    title="Envoy access log (default text, Istio, JSON)",
    reference="https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage",
    notes="Denied: RBAC, external authorisation, rate limits, Istio's black hole.",
    kind="proxy",
    is_record=(LINE.str.contains("{", literal=True) & IS_JSON)
    | (LINE.str.contains(r"\[\d{4}-\d\d-\d\dT[^\]]+\] \"") & LINE.str.contains(TEXT)),
    layout=Spelled(
        Either(
            Pattern(regex=TEXT, null=("", "-"), keep=KEPT),
            Json(begin=LINE.str.find("{", literal=True), keep=KEPT),
            is_second=LINE.str.contains(r"^[^\[]*\{"),
        ),
        NAMES,
    ),
    required=("src_ip", "dst_ip", "dst_name"),
    columns={
        "ts": START,
        "ts_end": START + pl.duration(microseconds=(LASTED * 1e6).round()),
        "sensor": pl.col("@host"),
        "action": pl.when(IS_DENIED).then(pl.lit("deny"))
        .when(said("upstream").is_not_null() | (said("flags").is_null() & ~IS_ANSWER)).then(pl.lit("allow")),
        "disposition": pl.coalesce(said("details"), said("ended"), said("code")).str.to_lowercase(),
        "protocol": pl.when(pl.col("http").str.contains("HTTP/3", literal=True)).then(pl.lit("udp"))
        .otherwise(pl.lit("tcp")),
        "src_ip": pl.coalesce(CLIENT, FORWARDED),
        "src_port": CLIENT_PORT,
        "dst_ip": pl.coalesce(SERVER, ASKED),
        "dst_port": pl.when(SERVER.is_not_null()).then(SERVER_PORT).otherwise(ASKED_PORT),
        "bytes_out": uint("received"),
        "bytes_in": uint("sent"),
        "duration": LASTED,
        "rule": REFUSAL.str.extract(r"rbac_access_denied_matched_policy\[(.+)\]"),
        "reason": said("flags"),
        "app": pl.when(pl.col("http").str.starts_with("HTTP")).then(pl.lit("http")),
        "dst_name": pl.coalesce(host_name(said("authority")), host_name(SNI)),
        "session_id": text("request"),
    },
)  # fmt: skip
