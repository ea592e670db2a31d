"""Data sets of NetFlow and IPFIX → rows of events, many sets of one template at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from fwforensics.formats import _flow_columns as flow
from fwforensics.formats import _netflow_elements as elements
from fwforensics.formats._netflow_templates import Field, Scope, Template, split

#: A flow cannot begin later than it is exported; more than this ahead, and the device's clock tells nothing.
AHEAD_MS = 3_600_000
NOT_YET = 0xFFFFFFFF


class Chunk(NamedTuple):
    """The records of one set, and what its packet says of them all."""

    line: int
    first: int
    records: int
    exported: int
    uptime: int | None
    exporter: str | None
    domain: int
    sampling: int | None
    fixed: bytes | memoryview
    variable: list[list[bytes]]


@dataclass(eq=False, slots=True)
class Group:
    """Sets that wait to be converted together: one template of one scope."""

    template: Template
    scope: Scope
    chunks: list[Chunk] = field(default_factory=list)


def count_records(template: Template, body: bytes) -> tuple[int, bytes, list[list[bytes]]]:
    """How many records a set holds, their fixed fields, and their variable ones.

    Raises:
        ValueError: the set does not hold records of this template.
    """
    if template.variable:
        fixed, variable, count = split(template, body)
    elif template.size:
        count = len(body) // template.size
        fixed, variable = body[: count * template.size], []
    else:
        raise ValueError("the template has no fields of any length")
    if not count and any(body):
        raise ValueError(f"set of {len(body)} bytes is shorter than one record of {template.least} bytes")
    return count, fixed, variable


class Rows:
    """The records of a group, field by field.

    Attributes:
        height: how many.
        chunk: for each record, which chunk it is from.
    """

    def __init__(self, group: Group) -> None:
        self.scope, self.template, self.chunks = group.scope, group.template, group.chunks
        counts = np.array([c.records for c in self.chunks])
        self.height = int(counts.sum())
        self.chunk = np.repeat(np.arange(len(self.chunks)), counts)
        data = b"".join(c.fixed for c in self.chunks)
        self.fixed = np.frombuffer(data, np.uint8).reshape(self.height, self.template.size)
        variables = sum(f.variable for f in self.template.fields)
        self.variable = [[v for c in self.chunks for v in c.variable[i]] for i in range(variables)]
        self.ordinal = np.arange(self.height) - np.repeat(np.cumsum(counts) - counts, counts)
        # Of a tunnel both headers are in the record, the outer one first: the flow is the inner one.
        given = [f for f in self.template.fields if f.length]
        self.tunnel = sum(f.key == (0, 4) for f in given) > 1
        self.fields = {f.key: f for f in (given if self.tunnel else reversed(given))}
        self.used: set[int] = set()

    def each(self, value: Callable[[Chunk], object], dtype: type = np.int64) -> npt.NDArray[np.int64]:
        """A number that each packet gives, for each of its records."""
        return np.array([value(c) for c in self.chunks], dtype)[self.chunk]

    def raw(self, f: Field) -> flow.Raw:
        """Bytes of a field with a fixed length."""
        return self.fixed[:, f.at : f.at + f.length]

    def find(self, keys: tuple[elements.Key, ...]) -> Field | None:
        """The first of `keys` that the template has; it will not stand in `extra` again."""
        found = next((self.fields[k] for k in keys if k in self.fields), None)
        if found is not None:
            self.used.add(id(found))
        return found

    def numbers(self, role: str) -> flow.Numbers | None:
        """Values of a role, None where the template does not have it."""
        f = self.find(elements.ROLES[role])
        if f is None:
            return None
        if f.variable:
            return np.array([int.from_bytes(v[-8:], "big") for v in self.variable[f.at]], np.uint64)
        return flow.unsigned(self.raw(f))

    def texts(self, f: Field, render: Callable[[bytes], str | None]) -> pl.Series:
        """Text of a field of either kind."""
        if not f.variable:
            return flow.texts(self.raw(f), render)
        known = {v: render(v) for v in set(self.variable[f.at])}
        return pl.Series([known[v] for v in self.variable[f.at]], dtype=pl.String)

    def text(self, role: str, render: Callable[[bytes], str | None] = flow.text) -> pl.Series | None:
        """Text of a role, None where the template does not have it."""
        f = self.find(elements.ROLES[role])
        return None if f is None else self.texts(f, render)

    def address(self, role: str, render: Callable[[bytes], str | None] = flow.address) -> pl.Series | None:
        """Of the elements of a role the first that is set; a record may hold an IPv4 and an IPv6 address."""
        found = [self.fields[k] for k in elements.ADDRESSES[role] if k in self.fields]
        if not found:
            return None
        if self.tunnel:
            found = [max(found, key=self.template.fields.index)]
        self.used.update(map(id, found))
        if len(found) == 1:
            return self.texts(found[0], render)
        table = pl.DataFrame({str(i): self.texts(f, partial(_if_set, render)) for i, f in enumerate(found)})
        # All of them zero is the unspecified address itself.
        return table.select(pl.coalesce(pl.all(), pl.lit(render(bytes(found[0].length))))).to_series()


def _if_set(render: Callable[[bytes], str | None], value: bytes) -> str | None:
    return render(value) if any(value) else None


def rows_of(group: Group) -> pl.DataFrame:
    """All records of a group as rows of `events`."""
    rows = Rows(group)
    columns: dict[str, pl.Series | None] = {
        "line_no": pl.Series(rows.each(lambda c: c.line), dtype=pl.UInt64),
        "record_no": pl.Series(rows.each(lambda c: c.first) + rows.ordinal, dtype=pl.UInt32),
        "sensor": pl.Series([c.exporter for c in rows.chunks], dtype=pl.String).gather(rows.chunk),
    }
    for name in ("protocol", "src_port", "dst_port", "icmp", "icmp_type", "icmp_code", "tcp_bits", "src_nat_port",
                 "dst_nat_port", "bytes_out", "bytes_in", "packets_out", "packets_in"):  # fmt: skip
        columns[name] = _series(rows.numbers(name))
    for name in ("src_ip", "dst_ip", "src_nat_ip", "dst_nat_ip", "exporter"):
        columns[name] = rows.address(name)
    for name in ("in_iface", "out_iface", "session_id"):
        columns[name] = _text(rows.numbers(name))
    columns |= _times(rows)
    columns |= _verdict(rows)
    columns["rule"] = rows.address("acl", _acl) if rows.find(elements.ADDRESSES["acl"]) else rows.text("rule_name")
    columns["user_name"] = rows.text("user_name")
    columns["app"] = _app(rows)
    columns["extra"] = _extra(rows)
    frame = pl.DataFrame({name: series for name, series in columns.items() if series is not None})
    if "exporter" in frame.columns:
        frame = frame.with_columns(sensor=pl.coalesce("sensor", "exporter"))
    return flow.complete(frame)


def _series(numbers: flow.Numbers | None) -> pl.Series | None:
    return None if numbers is None else pl.Series(numbers)


def _text(numbers: flow.Numbers | None) -> pl.Series | None:
    return None if numbers is None else pl.Series(numbers).cast(pl.String)


def _acl(value: bytes) -> str | None:
    """An ASA access list id: hashes of list, entry and extended entry, as `show access-list` prints them."""
    return "-".join(f"0x{value[i : i + 4].hex()}" for i in range(0, len(value), 4)) if any(value) else None


def _uptimes(rows: Rows, role: str) -> flow.Micros | None:
    """Times that are milliseconds since the device started; the counter wraps every 49.7 days."""
    values = rows.numbers(role)
    if values is None:
        return None
    exported = rows.each(lambda c: c.exported)
    uptime = rows.each(lambda c: -1 if c.uptime is None else c.uptime)
    init = rows.numbers("init")
    if init is not None:
        uptime = np.where(uptime < 0, exported // 1000 - init.astype(np.int64), uptime)
    elif rows.scope.init is not None:
        uptime = np.where(uptime < 0, (exported - rows.scope.init) // 1000, uptime)
    elif (uptime < 0).any():
        # Without the start of the device it is no time; `extra` keeps the number.
        rows.used.discard(id(rows.find(elements.ROLES[role])))
    ago = (uptime - np.minimum(values, NOT_YET).astype(np.int64)) & 0xFFFFFFFF
    ago = np.where(ago >= 1 << 31, ago - (1 << 32), ago)
    unknown = (uptime < 0) | (values >= NOT_YET) | (-ago > AHEAD_MS)
    return np.where(unknown, flow.NO_TIME, exported - ago * 1000)


def _instant(rows: Rows, role: str) -> flow.Micros | None:
    """Times that a record gives outright, or as a distance to the export of its packet."""
    f = rows.find(elements.ROLES[role])
    if f is not None:
        numbers = rows.numbers(role)
        return None if numbers is None else flow.micros(numbers, elements.element(f.key)[1])
    if role == "observed":
        return None
    delta = rows.numbers(f"{role}_delta")
    if delta is not None:
        return rows.each(lambda c: c.exported) - np.minimum(delta, 1 << 40).astype(np.int64)
    return _uptimes(rows, f"{role}_uptime")


def _times(rows: Rows) -> dict[str, pl.Series | None]:
    """`ts`, `ts_end`, `duration`; the time of an event, or else of the export, where a flow has none."""
    nothing = pl.Series([None], dtype=pl.Datetime("us")).gather(np.zeros(rows.height, np.int64))
    given = {role: _instant(rows, role) for role in ("start", "end", "observed")}
    frame = pl.DataFrame({r: nothing if v is None else flow.times(v) for r, v in given.items()})
    frame = frame.with_columns(exported=flow.times(rows.each(lambda c: c.exported)))
    length = pl.col("end") - pl.col("start")
    lasted: pl.Expr = pl.when(length >= pl.duration()).then(length.dt.total_microseconds() / 1e6)
    for role, unit in (("duration_ms", 1e3), ("duration_us", 1e6)):
        if (stated := rows.numbers(role)) is not None:
            lasted = pl.coalesce(lasted, pl.lit(pl.Series(stated)) / unit)
    out = frame.with_columns(duration=lasted)
    span = pl.duration(microseconds=(pl.col("duration") * 1e6).round().cast(pl.Int64))
    out = out.with_columns(
        start=pl.coalesce("start", pl.col("end") - span), end=pl.coalesce("end", pl.col("start") + span)
    ).select(
        ts=pl.coalesce("start", "end", "observed", "exported"),
        ts_end=pl.coalesce("end", pl.when(pl.col("observed") > pl.col("start")).then("observed")),
        duration="duration",
    )
    return dict(out.to_dict())


def _verdict(rows: Rows) -> dict[str, pl.Series | None]:
    """What a firewall decided, in its own word and as allow or deny."""
    words = dict[str, list[pl.Series]](action=[], disposition=[])
    fired, status, nat = rows.numbers("firewall_event"), rows.numbers("forwarding"), rows.numbers("nat_event")
    if fired is not None:
        words["disposition"].append(_named(fired, elements.FIREWALL_EVENTS))
        words["action"].append(_named(fired, elements.FIREWALL_ACTIONS))
    if status is not None:
        kind = ((status & np.uint64(255)) >> np.uint64(6)).astype(np.uint64)
        words["disposition"].append(_named(kind, {1: "forwarded", 2: "dropped", 3: "consumed"}))
        words["action"].append(_named(kind, {2: "deny"}))
    if nat is not None:
        words["disposition"].append(_named(nat, elements.NAT_EVENTS))
    out: dict[str, pl.Series | None] = {name: _first(found) for name, found in words.items()}
    code = rows.numbers("ext_event")
    if code is not None:
        number = pl.Series(code)
        out["reason"] = _first([_named(code, elements.EXTENDED_EVENTS), number.cast(pl.String).set(number == 0, None)])
    return out


def _named(codes: flow.Numbers, names: dict[int, str]) -> pl.Series:
    table = pl.Series([names.get(i) for i in range(2048)], dtype=pl.String)
    return table.gather(np.minimum(codes, 2047))


def _first(found: list[pl.Series]) -> pl.Series | None:
    if not found:
        return None
    return pl.DataFrame({str(i): s for i, s in enumerate(found)}).select(pl.coalesce(pl.all())).to_series()


def _app(rows: Rows) -> pl.Series | None:
    """Application by name; by NBAR engine and selector where no option record gave a name."""
    names = rows.scope.apps
    found = [
        rows.text("app_name"),
        rows.text("app_id", lambda v: names.get(v) or _selector(v)),
        _text(rows.numbers("app_label")),
    ]
    return _first([s for s in found if s is not None])


def _selector(value: bytes) -> str | None:
    return f"{value[0]}:{int.from_bytes(value[1:], 'big')}" if any(value) else None


def _extra(rows: Rows) -> pl.Series:
    """All other fields under their IANA or vendor names, and what the packet and the option tables say."""
    fixed: list[tuple[str, str, flow.Raw]] = []
    parts: list[pl.Series] = []
    seen: dict[str, int] = {}
    for f in rows.template.fields:
        if id(f) in rows.used or not f.length or f.key == (0, 210):
            continue
        name, kind = elements.element(f.key)
        seen[name] = seen.get(name, 0) + 1
        name = name if seen[name] == 1 else f"{name}_{seen[name]}"
        if f.variable:
            parts.append(flow.member(name, rows.texts(f, flow.RENDER[kind])))
        else:
            fixed.append((name, kind, rows.raw(f)))
    together = flow.members(fixed)
    if together is not None:
        parts.append(together)
    parts += _around(rows)
    inner = flow.joined(parts) if parts else pl.Series([None], dtype=pl.String).gather(np.zeros(rows.height, np.int64))
    return "{" + inner + "}"


def _around(rows: Rows) -> list[pl.Series]:
    """Domain, sampling interval and interface names, where known."""
    packets = [(c.domain or None, c.sampling) for c in rows.chunks]
    names = ("observationDomainId", "samplingInterval")
    parts = [
        flow.member(name, pl.Series([p[i] for p in packets], dtype=pl.Int64).cast(pl.String)).gather(rows.chunk)
        for i, name in enumerate(names)
        if any(p[i] is not None for p in packets) and not (i and (0, 34) in rows.fields)
    ]
    sampler = next((rows.fields[k] for k in ((0, 48), (0, 302)) if k in rows.fields), None)
    if sampler is not None and rows.scope.samplers and not sampler.variable:
        known = rows.scope.samplers
        parts = [p for p in parts if p.name != "samplingInterval"]
        parts.append(flow.member("samplingInterval", rows.texts(sampler, partial(_known, known))))
    for key, name in (((0, 10), "ingressInterfaceName"), ((0, 14), "egressInterfaceName")):
        if rows.scope.interfaces and key in rows.fields and not rows.fields[key].variable:
            titles = {i: flow.quoted(t) for i, t in rows.scope.interfaces.items()}
            parts.append(flow.member(name, rows.texts(rows.fields[key], partial(_known, titles))))
    return parts


def _known(table: Mapping[int, int | str | None], value: bytes) -> str | None:
    found = table.get(int.from_bytes(value, "big"))
    return None if found is None else str(found)
