"""The decoder of captures and datagram files: templates are learnt, sets are gathered, every packet is accounted for.

One unit is one export packet, or one frame of a capture. A set whose template has not been seen is kept until the end;
its packet is counted when the last of its sets is decided.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

import polars as pl

from fwforensics.formats import _netflow_templates as templates
from fwforensics.formats import _pcap as pcap
from fwforensics.formats._flow_stream import Reader
from fwforensics.formats._format import Context, Decoded
from fwforensics.formats._netflow_datagrams import datagrams
from fwforensics.formats._netflow_packets import V5_RECORD, Header, header, is_set, plausible, sets
from fwforensics.formats._netflow_records import Chunk, Group, count_records, rows_of
from fwforensics.formats._netflow_templates import Scope, ScopeKey, Template

#: Rows, or other units, of one batch.
BATCH = 65_536
#: Sets without a template that are kept for one decoder, in bytes.
SPILL = 64 << 20
#: What Python needs for each of them beside.
OVERHEAD = 300
#: Ports that collectors listen on: what claims to be an export there and is damaged is a reject, not other traffic.
PORTS = frozenset({2055, 2056, 4432, 4739, 9025, 9555, 9995, 9996})
#: A larger gap is a restart of the exporter's counter.
LARGEST_GAP = 1_000_000
NO_TRAFFIC = "no traffic"


@dataclass(eq=False, slots=True)
class Packet:
    """One export packet on its way: what is decided of it, and how many of its sets wait."""

    source: int
    line: int
    serial: int
    exporter: str | None
    head: Header
    records: int = 0
    rejected: int = 0
    waiting: int = 0


@dataclass(slots=True)
class Waiting:
    """A set whose template is still to come."""

    packet: Packet
    scope: Scope
    number: int
    body: bytes


@dataclass(slots=True)
class Tally:
    """What a batch holds so far."""

    source: int
    groups: dict[tuple[int, int], Group] = field(default_factory=dict)
    rows: int = 0
    parsed: int = 0
    rejects: list[tuple[int, str, str]] = field(default_factory=list)
    ignored: list[tuple[int, str, str]] = field(default_factory=list)
    lost: list[tuple[str | None, int, int]] = field(default_factory=list)

    @property
    def full(self) -> bool:
        """Enough for a batch."""
        return self.rows >= BATCH or len(self.ignored) + len(self.rejects) >= BATCH

    def clear(self) -> None:
        """Empty it once its batch was handed on."""
        self.groups, self.rejects, self.ignored, self.lost = {}, [], [], []
        self.rows = self.parsed = 0

    def decoded(self) -> Decoded:
        """The batch."""
        frames = {}
        if self.groups:
            found = pl.concat([rows_of(g) for g in self.groups.values()], how="diagonal")
            frames["events"] = found.sort("line_no", "record_no")
        out = Decoded(self.source, frames, parsed=self.parsed)
        out.units = self.parsed + len(self.rejects) + len(self.ignored)
        if self.rejects:
            out.rejects = _frame(self.rejects, "reason", "raw")
        if self.ignored:
            out.ignored = _frame(self.ignored, "reason", "program")
        if self.lost:
            schema = {"sensor": pl.String, "ts": pl.Int64, "lost": pl.UInt64}
            lost = pl.DataFrame(self.lost, schema=schema, orient="row")
            out.lost = lost.with_columns(pl.col("ts").cast(pl.Datetime("us")))
        return out


def _frame(rows: list[tuple[int, str, str]], *names: str) -> pl.DataFrame:
    schema = {"line_no": pl.UInt64, **dict.fromkeys(names, pl.String)}
    return pl.DataFrame(rows, schema=schema, orient="row")


class NetFlow:
    """Decodes the sources of one scope, in the order in which they are fed."""

    def __init__(self, _context: Context) -> None:
        self.scopes: dict[ScopeKey, Scope] = {}
        self.waiting: list[Waiting] = []
        self.kept = 0
        self.serial = 0
        self.expected: dict[tuple[str, int, int], int] = {}
        self.exporters: set[bytes] = set()

    def feed(self, source: int, stream: BinaryIO) -> Iterator[Decoded]:
        """Decode a capture or a file of datagrams."""
        reader, tally = Reader(stream), Tally(source)
        captured = pcap.is_capture(reader.peek(64))
        units = self._capture(tally, reader) if captured else self._datagrams(tally, reader)
        for _ in units:
            if tally.full:
                yield tally.decoded()
                tally.clear()
        yield tally.decoded()

    def finish(self) -> Iterator[Decoded]:
        """Decode the kept sets with the first template that came after them; the others are rejects."""
        waiting, self.waiting, self.kept = self.waiting, [], 0
        for source in sorted({w.packet.source for w in waiting}):
            tally = Tally(source)
            for each in waiting:
                if each.packet.source != source:
                    continue
                self._resolve(tally, each)
                if tally.full:
                    yield tally.decoded()
                    tally.clear()
            yield tally.decoded()

    def _resolve(self, tally: Tally, each: Waiting) -> None:
        packet = each.packet
        template = each.scope.later(each.number, packet.serial)
        if template is None and each.number not in each.scope.history:
            template = self._elsewhere(packet, each.number)
        packet.waiting -= 1
        if template is None:
            reason = f"no template {each.number} for its data, of {_whose(packet)}"
            self._reject(tally, packet, reason, each.body)
        else:
            self._data(tally, packet, each.scope, template, each.body)
        self._settle(tally, packet)

    def _elsewhere(self, packet: Packet, number: int) -> Template | None:
        """A template of the same exporter and domain that came from another port, where there is but one.

        Devices with several line cards define templates on one port and send the data from another.
        """
        head, found = packet.head, dict[tuple[object, ...], Template]()
        for (exporter, _, version, domain), scope in self.scopes.items():
            if exporter is None or (exporter, version, domain) != (packet.exporter, head.version, head.domain):
                continue
            found |= {(t.options, *t.fields): t for _, t in scope.history.get(number, ()) if t is not None}
        return next(iter(found.values())) if len(found) == 1 else None

    def _datagrams(self, tally: Tally, stream: Reader) -> Iterator[None]:
        for line, raw, error in datagrams(stream):
            if error is None:
                self._packet(tally, line, raw, None, 0)
            else:
                tally.rejects.append((line, error, raw.hex()))
            yield

    def _capture(self, tally: Tally, stream: Reader) -> Iterator[None]:
        fragments = pcap.Fragments()
        for frame in pcap.frames(stream):
            if frame.error:
                tally.rejects.append((frame.number, frame.error, frame.data.hex()))
            else:
                self._frame(tally, frame, fragments)
            if fragments.parts or fragments.done:
                self._overdue(tally, fragments, all_of_them=False)
            yield
        self._overdue(tally, fragments, all_of_them=True)
        yield

    def _overdue(self, tally: Tally, fragments: pcap.Fragments, *, all_of_them: bool) -> None:
        """First fragments whose others never came."""
        for number, data, content in fragments.overdue(all_of_them=all_of_them):
            if content[:2] in (b"\0\5", b"\0\x09", b"\0\x0a"):
                tally.rejects.append((number, "export packet of which fragments are missing", data.hex()))
            else:
                tally.ignored.append((number, NO_TRAFFIC, "pcap: not NetFlow"))
        tally.ignored += [(number, NO_TRAFFIC, "pcap: fragment") for number in fragments.done]
        fragments.done.clear()

    def _frame(self, tally: Tally, frame: pcap.Frame, fragments: pcap.Fragments) -> None:
        sent = pcap.datagram(frame, fragments)
        if sent is not None and sent.pending:
            # A fragment is counted when its datagram is complete or given up.
            return
        if sent is None or sent.payload[:2] not in (b"\0\5", b"\0\x09", b"\0\x0a"):
            tally.ignored.append((frame.number, NO_TRAFFIC, "pcap: not NetFlow"))
        elif plausible(sent.payload) and len(sent.payload) == sent.length:
            self.exporters.add(sent.source)
            self._packet(tally, frame.number, sent.payload, sent.exporter, sent.port)
        elif sent.target in PORTS or sent.source in self.exporters:
            self._damaged(tally, frame, sent)
        else:
            tally.ignored.append((frame.number, NO_TRAFFIC, "pcap: not NetFlow"))

    def _damaged(self, tally: Tally, frame: pcap.Frame, sent: pcap.Datagram) -> None:
        """A datagram that should be an export packet and is none, or not all of one."""
        if len(sent.payload) < sent.length:
            missing = sent.length - len(sent.payload)
            tally.rejects.append((frame.number, f"capture left out {missing} bytes of the packet", frame.data.hex()))
        else:
            self._packet(tally, frame.number, sent.payload, sent.exporter, sent.port)

    def _packet(self, tally: Tally, line: int, raw: bytes, exporter: str | None, port: int) -> None:
        """Take one export packet in."""
        self.serial += 1
        try:
            head = header(raw)
        except ValueError as error:
            tally.rejects.append((line, str(error), raw.hex()))
            return
        packet = Packet(tally.source, line, self.serial, exporter, head)
        key = (exporter, port, head.version, 0 if head.version == 5 else head.domain)
        scope = self.scopes.get(key)
        if scope is None:
            scope = self.scopes.setdefault(key, Scope())
        if head.version == 5:
            self._data(tally, packet, scope, V5_RECORD, raw[head.body[0] : head.body[1]])
        else:
            self._sets(tally, packet, scope, raw)
        self._sequence(tally, packet, port)
        self._settle(tally, packet)

    def _sets(self, tally: Tally, packet: Packet, scope: Scope, raw: bytes) -> None:
        """Go through the sets of a packet; damage ends it, and what came before it counts."""
        try:
            for number, start, end in sets(raw, packet.head):
                if number >= 256:
                    self._data_set(tally, packet, scope, number, raw[start:end])
                elif is_set(packet.head.version, number):
                    for each, template in templates.templates(packet.head.version, number, memoryview(raw)[start:end]):
                        scope.define(each, template, packet.serial)
                else:
                    self._reject(tally, packet, f"set number {number}, which the standard reserves", raw[start:end])
        except ValueError as error:
            self._reject(tally, packet, str(error), raw)

    def _data_set(self, tally: Tally, packet: Packet, scope: Scope, number: int, body: bytes) -> None:
        template = scope.current.get(number)
        if template is not None:
            self._data(tally, packet, scope, template, body)
        elif not any(body):
            # A set of zeros is padding whatever its number.
            return
        elif self.kept + len(body) + OVERHEAD > SPILL:
            self._reject(tally, packet, f"no template {number} for its data yet, and too much waits for one", body)
        else:
            self.kept += len(body) + OVERHEAD
            packet.waiting += 1
            self.waiting.append(Waiting(packet, scope, number, body))

    def _data(self, tally: Tally, packet: Packet, scope: Scope, template: Template, body: bytes) -> None:
        """Records of a known template: flows are gathered, options are learnt from."""
        try:
            if template.options:
                for record in templates.option_records(template, body):
                    templates.learn(scope, record)
                return
            count, fixed, variable = count_records(template, body)
        except ValueError as error:
            self._reject(tally, packet, str(error), body)
            return
        if not count:
            return
        group = tally.groups.get((id(template), id(scope)))
        if group is None:
            group = tally.groups.setdefault((id(template), id(scope)), Group(template, scope))
        head, sampling = packet.head, packet.head.sampling or scope.sampling
        where = (packet.line, packet.records, count, head.exported, head.uptime, packet.exporter, head.domain)
        group.chunks.append(Chunk(*where, sampling, fixed, variable))
        packet.records += count
        tally.rows += count

    @staticmethod
    def _reject(tally: Tally, packet: Packet, reason: str, raw: bytes) -> None:
        packet.rejected += 1
        tally.rejects.append((packet.line, reason, raw.hex()))

    @staticmethod
    def _settle(tally: Tally, packet: Packet) -> None:
        """Count a packet once nothing of it waits: parsed with a record, else rejected, else without traffic."""
        if packet.waiting:
            return
        if packet.records:
            tally.parsed += 1
        elif not packet.rejected:
            tally.ignored.append((packet.line, NO_TRAFFIC, "templates and options"))

    def _sequence(self, tally: Tally, packet: Packet, port: int) -> None:
        """Gaps in the counters of version 5 (records) and 9 (packets, of which each holds a record at least).

        IPFIX is left out: common exporters count packets where the standard wants records.
        """
        head = packet.head
        if packet.exporter is None or head.version == 10:
            return
        key = (packet.exporter, port, head.version << 32 | head.domain)
        expected = self.expected.get(key)
        self.expected[key] = (head.sequence + (head.count if head.version == 5 else 1)) & 0xFFFFFFFF
        if expected is None:
            return
        gap = (head.sequence - expected) & 0xFFFFFFFF
        if 0 < gap <= LARGEST_GAP:
            tally.lost.append((packet.exporter, head.exported, gap))
        elif gap >= 1 << 31:
            # An older packet that was overtaken: the counter stays where it was.
            self.expected[key] = expected


def _whose(packet: Packet) -> str:
    domain = f"domain {packet.head.domain}"
    return f"{packet.exporter} {domain}" if packet.exporter else domain
