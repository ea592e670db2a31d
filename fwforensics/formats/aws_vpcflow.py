"""AWS VPC flow logs as text: S3 objects, CloudWatch exports, any fields in any order.

Each S3 object begins with a line of field names; several objects in one file are read each by its own. Without such a
line the fields are those of the default format (version 2), the documented order of all later fields, or one of the
orders in AWS's examples, told apart by their number and by the second field.

Reference: https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
Reference: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-records-examples.html

Time: `start` and `end` are epoch seconds (UTC) of the first and last packet in the window; `ts` is the start. A
record counts one direction only: all bytes are `bytes_out`. The sensor is the network interface. The packet's own
addresses (`pkt-srcaddr`, `pkt-dstaddr`) stay in `extra` and, where they differ from the interface's, are translations.
NODATA and SKIPDATA records are no traffic, but show that the sensor was alive; SKIPDATA marks records as lost.
ICMP has neither type nor code in these logs. Not covered: a custom order without its line of names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from fwforensics.formats._fields import mapped, port, tcp_flag_bits, text, uint
from fwforensics.formats._format import Columns, Context, Fields, Format
from fwforensics.formats._layouts import LINE, Columnar, Delimited
from fwforensics.formats._lines import Lines

#: Field names in the order of the vendor's table, by the version that brought them.
NAMES = (
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action "
    "log-status vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr "
    "region az-id sublocation-type sublocation-id "
    "pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path "
    "ecs-cluster-arn ecs-cluster-name ecs-container-instance-arn ecs-container-instance-id ecs-container-id "
    "ecs-second-container-id ecs-service-name ecs-task-definition-arn ecs-task-arn ecs-task-id "
    "reject-reason resource-id encryption-status"
)
DEFAULT = 14
#: Orders of the vendor's examples, by the number of fields and the prefix of the second one.
EXAMPLES = {
    (21, "vpc-"): "version vpc-id subnet-id instance-id interface-id account-id type srcaddr dstaddr srcport dstport "
    "pkt-srcaddr pkt-dstaddr protocol bytes packets start end action tcp-flags log-status",
    (
        17,
        "eni-",
    ): "version interface-id account-id vpc-id subnet-id instance-id srcaddr dstaddr srcport dstport protocol "
    "tcp-flags type pkt-srcaddr pkt-dstaddr action log-status",
    (6, "eni-"): "instance-id interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr",
}
#: One expression that fails at the first digit of a record.
HEADER = LINE.str.contains(r"^(?:[a-z][a-z0-9-]* )*(?:srcaddr|dstaddr|interface-id)(?: [a-z][a-z0-9-]*)* *$")
#: A CloudWatch export puts the time of ingestion before the record.
DATED = r"(?:\d{4}-\d\d-\d\dT[0-9:.]+Z )?"
ADDRESS = r"(?:[0-9a-fA-F:.]+|-)"
NUMBER = r"(?:\d+|-)"
#: Beginning and end of a record in the default order; cheaper than one expression over the whole line.
DEFAULT_BEGIN = rf"^{DATED}\d (?:\d+|unknown|-) \S+ {ADDRESS} {ADDRESS} "
DEFAULT_END = r" (?:ACCEPT|REJECT|-) (?:OK|NODATA|SKIPDATA)"
EXAMPLE_RECORD = (
    rf"^{DATED}(?:\d vpc-\w+ (?:subnet-\w+|-) \S+ \S+ \S+ (?:IPv4|IPv6|EFA|-) {ADDRESS} {ADDRESS} {NUMBER} {NUMBER} "
    rf"|\d eni-\w+ \d+ \S+ \S+ \S+ {ADDRESS} {ADDRESS} {NUMBER} {NUMBER} {NUMBER} "
    rf"|(?:i-\w+|-) eni-\w+ {ADDRESS} {ADDRESS} {ADDRESS} {ADDRESS} *$)"
)


def default_names(second: str | None, count: int) -> list[str] | None:
    """The fields of a record that stands below no line of names."""
    for (fields, prefix), names in EXAMPLES.items():
        if count == fields and (second or "").startswith(prefix):
            return names.split()
    return NAMES.split()[:count] if count >= DEFAULT else None


def header_names(header: str) -> Callable[[str | None, int], list[str] | None]:
    """The fields of records with as many fields as `header` has names; of others what they would be without it."""
    names = header.split()
    return lambda second, count: names if count == len(names) else default_names(second, count)


def rows_below(header: str) -> pl.Expr:
    """Lines with as many fields as `header` has names."""
    blanks = header.strip().count(" ")
    return LINE.str.count_matches(" ", literal=True).is_in([blanks, blanks + 1]) & ~LINE.str.contains("=", literal=True)


@dataclass(frozen=True, slots=True)
class FlowLines:
    """Fields by position behind an optional time of ingestion; blanks at the line's end are no field."""

    columnar: Columnar

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`."""
        a, starts, ends = lines.bytes, lines.starts, lines.ends
        for _ in range(2):
            ends = ends - ((ends > starts) & (a[np.maximum(ends - 1, 0)] == ord(" ")))
        dated = (a[starts + 4] == ord("-")) & (a[starts + 10] == ord("T")) & (ends - starts > 21)
        if dated.any():
            body = Lines(lines.data, starts[dated], ends[dated], lines.numbers[dated])
            at = body.text.str.find(" ", literal=True).fill_null(0).to_numpy().astype(np.int64)
            starts = starts.copy()
            starts[dated] += at + 1
        fields = self.columnar.fields(Lines(lines.data, starts, ends, lines.numbers), wanted, context)
        fields.frame = also_extra(fields.frame, ("pkt-srcaddr", "pkt-dstaddr"))
        return fields


def also_extra(frame: pl.DataFrame, keys: tuple[str, ...]) -> pl.DataFrame:
    """Repeat fields that only a further table reads in `extra`, where the event's reader looks for them."""
    given = [pl.concat_str([pl.lit(f'"{k}":"'), pl.col(k), pl.lit('"')]) for k in keys if k in frame.columns]
    if not given:
        return frame
    rest = pl.col("extra").str.slice(1).str.strip_suffix("}")
    body = pl.concat_str([rest, *given], separator=",", ignore_nulls=True)
    return frame.with_columns(extra=pl.when(body != "").then(pl.concat_str([pl.lit("{"), body, pl.lit("}")])))


def flow_columns() -> dict[str, pl.Expr]:
    """Canonical column → expression over fields named as in the text form."""
    return {
        "ts": _seconds("start"),
        "ts_end": _seconds("end"),
        "sensor": pl.col("interface-id"),
        "action": mapped("action", {"accept": "allow", "reject": "deny"}),
        "disposition": pl.col("action").str.to_lowercase(),
        "direction": mapped("flow-direction", {"ingress": "inbound", "egress": "outbound"}),
        "protocol": pl.col("protocol"),
        "src_ip": pl.col("srcaddr"),
        "src_port": port("srcport"),
        "dst_ip": pl.col("dstaddr"),
        "dst_port": port("dstport"),
        "bytes_out": uint("bytes"),
        "packets_out": uint("packets"),
        "tcp_flags": tcp_flag_bits(uint("tcp-flags", bits=16)),
        "reason": pl.col("reject-reason").str.to_lowercase(),
        "ignored": pl.when(pl.col("log-status").is_in(["NODATA", "SKIPDATA"])).then(pl.lit("no traffic")),
        "lost": (pl.col("log-status") == "SKIPDATA").cast(pl.UInt64),
    }


def _seconds(key: str) -> pl.Expr:
    """Epoch seconds as UTC."""
    return (uint(key).cast(pl.Int64) * 1_000_000).cast(pl.Datetime("us"))


def translation_columns() -> Columns:
    """A mapping where the packet's own addresses are not those that the interface saw."""
    source, destination = text("pkt-srcaddr", "srcaddr"), text("pkt-dstaddr", "dstaddr")
    moved = (source != pl.col("srcaddr")) | (destination != pl.col("dstaddr"))
    before = {
        "orig_src_ip": source,
        "orig_dst_ip": destination,
        "new_src_ip": pl.col("srcaddr"),
        "new_dst_ip": pl.col("dstaddr"),
        "orig_src_port": port("srcport"),
        "orig_dst_port": port("dstport"),
        "sensor": pl.col("interface-id"),
        "protocol": pl.col("protocol"),
        "started_at": _seconds("start"),
        "ended_at": _seconds("end"),
    }
    return {column: pl.when(moved).then(value) for column, value in before.items()}


FORMAT = Format(
    name="aws_vpcflow",
    title="AWS VPC flow logs (text)",
    reference="https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html",
    notes="Any fields in any order by the line of names; without it the vendor's default and example orders.",
    kind="flow",
    syslog=False,
    opens=HEADER,
    follows=rows_below,
    is_record=LINE.str.contains(DEFAULT_BEGIN) & LINE.str.contains(DEFAULT_END)
    | LINE.str.contains(EXAMPLE_RECORD)
    | HEADER,
    layout=FlowLines(
        Columnar(
            header=HEADER,
            names=header_names,
            default=default_names,
            delimited=Delimited(names=(), separator=" ", pick=1, null=("", "-")),
        )
    ),
    columns=flow_columns(),
    tables={"translations": translation_columns()},
)
