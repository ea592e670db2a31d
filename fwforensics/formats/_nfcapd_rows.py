"""Fields of many nfcapd records → rows of events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl

from fwforensics.formats import _flow_columns as flow
from fwforensics.formats._netflow_elements import EXTENDED_EVENTS, FIREWALL_ACTIONS, FIREWALL_EVENTS, NAT_EVENTS
from fwforensics.formats._nfcapd_file import Positions
from fwforensics.formats._nfcapd_layouts import Place

PF_ACTIONS = {0: "pass", 1: "block", 2: "scrub", 4: "nat", 6: "binat", 8: "rdr"}
FORWARDING = {1: "forwarded", 2: "dropped", 3: "consumed"}
#: Fields with a column of their own, or that say nothing beside one.
_USED = frozenset(
    {"first", "last", "first_ms", "last_ms", "first_s", "last_s", "in_packets", "in_bytes", "src_port", "dst_port",
     "proto", "tcp_flags", "src_addr", "dst_addr", "input_snmp", "output_snmp", "out_packets", "out_bytes", "router",
     "event_time", "connect_id", "fw_xevent", "fw_event", "src_xlt_ip", "dst_xlt_ip", "src_xlt_port", "dst_xlt_port",
     "ingress_acl", "egress_acl", "user_name", "nat_event", "nbar_id", "flow_id", "nsel_icmp", "received", "pf_rule"}
)  # fmt: skip


def in_order(raw: flow.Raw, kind: str, order: str) -> flow.Raw:
    """Bytes of a field as they stand on the wire, whatever the byte order of the file."""
    width = raw.shape[1]
    if kind in "sx":
        return raw
    if order == "<":
        step = {"6": 8, "a": 4}.get(kind, width) or 1
        raw = raw.reshape(len(raw), width // step, step)[:, :, ::-1].reshape(len(raw), width)
    return raw[:, 2:] if kind == "m" else raw


class Table:
    """Fields of `height` records, each of some or of all of them."""

    def __init__(self, height: int, order: str) -> None:
        self.height, self.order = height, order
        self.fields: dict[str, list[tuple[Positions | None, str, flow.Raw]]] = defaultdict(list)

    def put(self, place: Place, rows: Positions | None, raw: flow.Raw) -> None:
        """Add a field of the records `rows` (None: of all)."""
        if rows is not None and len(rows) == self.height:
            rows = None
        self.fields[place.name].append((rows, place.kind, in_order(raw, place.kind, self.order)))

    def spread(self, rows: Positions | None, values: pl.Series) -> pl.Series:
        """Values of some records as a column of all, NULL for the others."""
        if rows is None:
            return values
        index = np.full(self.height, len(rows), np.int64)
        index[rows] = np.arange(len(rows))
        return values.extend(pl.Series([None], dtype=values.dtype)).gather(index)

    def numbers(self, name: str) -> pl.Series:
        """A field of numbers, NULL where a record does not have it."""
        found = (self.spread(rows, pl.Series(flow.unsigned(raw))) for rows, _, raw in self.fields.get(name, []))
        return self._first(found, pl.UInt64())

    def texts(self, name: str) -> pl.Series:
        """A field of text or addresses, NULL where a record does not have it."""
        found = (self.spread(rows, flow.texts(raw, _RENDER[kind])) for rows, kind, raw in self.fields.get(name, []))
        return self._first(found, pl.String())

    def _first(self, found: Iterable[pl.Series], dtype: pl.DataType) -> pl.Series:
        columns = {str(i): s for i, s in enumerate(found)}
        if not columns:
            return pl.Series([None], dtype=dtype).gather(np.zeros(self.height, np.int64))
        return pl.DataFrame(columns).select(pl.coalesce(pl.all())).to_series().cast(dtype)

    def extra(self) -> pl.Series:
        """All other fields as JSON."""
        together: dict[tuple[int, int], list[tuple[str, str, flow.Raw]]] = defaultdict(list)
        rows_of: dict[tuple[int, int], Positions | None] = {}
        for name, found in self.fields.items():
            for rows, kind, raw in found if name not in _USED else ():
                key = (0, 0) if rows is None else (id(rows), len(rows))
                rows_of[key] = rows
                together[key].append((name, "x" if kind == "a" else kind, raw))
        parts = [(rows_of[key], flow.members(items)) for key, items in together.items()]
        spread = [self.spread(rows, part) for rows, part in parts if part is not None]
        return "{" + flow.joined(spread) + "}" if spread else self._first([], pl.String())


def _acl(value: bytes) -> str | None:
    return "-".join(f"0x{value[i : i + 4].hex()}" for i in range(0, 12, 4)) if any(value) else None


_RENDER: dict[str, Any] = {"4": flow.address, "6": flow.address, "s": flow.text, "a": _acl, "m": flow.mac}


def _named(column: pl.Expr, names: dict[int, str]) -> pl.Expr:
    return column.replace_strict(names, default=None, return_dtype=pl.String)


def _when(name: str) -> pl.Expr:
    """A time in milliseconds since 1970; 0 and what no clock can show is none."""
    value = pl.col(name)
    return pl.when((value > 0) & (value < flow.LAST_SECOND * 1000)).then(value.cast(pl.Int64).cast(pl.Datetime("ms")))


def rows_of(table: Table, lines: Positions, sensors: pl.Series, apps: dict[bytes, str]) -> pl.DataFrame:
    """Rows of `events`; `sensors` is what the exporter's own records say."""
    n = table.numbers
    frame = pl.DataFrame(
        {
            "line_no": pl.Series(lines, dtype=pl.UInt64),
            "record_no": pl.Series(np.zeros(table.height), dtype=pl.UInt32),
            "protocol": n("proto"), "src_port": n("src_port"), "dst_port": n("dst_port"), "icmp": n("nsel_icmp"),
            "tcp_bits": n("tcp_flags"), "bytes_out": n("in_bytes"), "packets_out": n("in_packets"),
            "bytes_in": n("out_bytes"), "packets_in": n("out_packets"),
            "src_ip": table.texts("src_addr"), "dst_ip": table.texts("dst_addr"),
            "src_nat_ip": table.texts("src_xlt_ip"), "dst_nat_ip": table.texts("dst_xlt_ip"),
            "src_nat_port": n("src_xlt_port"), "dst_nat_port": n("dst_xlt_port"),
            "input": n("input_snmp"), "output": n("output_snmp"), "session": n("flow_id"), "connect": n("connect_id"),
            "router": table.texts("router"), "exporter": sensors,
            "first": _milliseconds(table, "first"), "last": _milliseconds(table, "last"), "event": n("event_time"),
            "received": n("received"), "fw_event": n("fw_event"), "xevent": n("fw_xevent"), "nat": n("nat_event"),
            "status": n("fwd_status") // 64, "pf": n("pf_action"), "pf_rule": n("pf_rule"),
            "acl_in": table.texts("ingress_acl"), "acl_out": table.texts("egress_acl"),
            "user_name": table.texts("user_name"), "app": _apps(table, apps), "extra": table.extra(),
        }
    )  # fmt: skip
    return flow.complete(frame.with_columns(**_verdict(), **_times()))


def _milliseconds(table: Table, name: str) -> pl.Series:
    """Layout 1 has seconds and milliseconds apart."""
    whole = table.numbers(f"{name}_s")
    return table.numbers(name) if f"{name}_s" not in table.fields else whole * 1000 + table.numbers(f"{name}_ms")


def _verdict() -> dict[str, pl.Expr]:
    fired, status, pf = pl.col("fw_event"), pl.col("status"), pl.col("pf")
    rule = pl.when(pf.is_not_null()).then(pl.col("pf_rule").cast(pl.String))
    number = pl.when(pl.col("xevent") > 0).then(pl.col("xevent")).cast(pl.String)
    session = pl.coalesce("session", pl.when(pl.col("connect") > 0).then("connect"))
    return {
        "action": pl.coalesce(
            _named(fired, FIREWALL_ACTIONS), _named(pf, {0: "allow", 1: "deny"}), _named(status, {2: "deny"})
        ),
        "disposition": pl.coalesce(
            _named(fired, FIREWALL_EVENTS), _named(pl.col("nat"), NAT_EVENTS), _named(pf, PF_ACTIONS),
            _named(status, FORWARDING),
        ),
        "rule": pl.coalesce("acl_in", "acl_out", rule),
        "reason": pl.coalesce(_named(pl.col("xevent"), EXTENDED_EVENTS), number),
        "session_id": session.cast(pl.String),
        "sensor": pl.coalesce("router", "exporter"),
        "in_iface": pl.col("input").cast(pl.String),
        "out_iface": pl.col("output").cast(pl.String),
    }  # fmt: skip


def _times() -> dict[str, pl.Expr]:
    first, last = _when("first"), _when("last")
    length = (pl.col("last").cast(pl.Int64, strict=False) - pl.col("first").cast(pl.Int64, strict=False)) / 1000
    known = first.is_not_null() & last.is_not_null() & (length >= 0)
    return {
        "ts": pl.coalesce(first, last, _when("event"), _when("received")).cast(pl.Datetime("us")),
        "ts_end": last.cast(pl.Datetime("us")),
        "duration": pl.when(known).then(length),
    }


def _apps(table: Table, names: dict[bytes, str]) -> pl.Series:
    """NBAR applications by name where the file has it, else by engine and selector."""

    def render(value: bytes) -> str | None:
        number = f"{value[0]}:{int.from_bytes(value[1:], 'big')}" if any(value) else None
        return names.get(value) or number

    found = table.fields.get("nbar_id", [])
    return table._first((table.spread(rows, flow.texts(raw, render)) for rows, _, raw in found), pl.String())  # noqa: SLF001
