"""The decoder of nfcapd files: records are told apart, those of flows are taken apart by element, all are counted."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np
import polars as pl

from fwforensics.formats import _flow_columns as flow
from fwforensics.formats import _nfcapd_layouts as layouts
from fwforensics.formats._format import Context, Decoded
from fwforensics.formats._nfcapd_file import Block, Header, Positions, blocks, positions
from fwforensics.formats._nfcapd_layouts import Place
from fwforensics.formats._nfcapd_rows import Table, rows_of

BATCH = 65_536
#: A damaged block is kept up to here; the reason says how long it was.
EVIDENCE = 65_536
#: Records that describe exporters, samplers, names and statistics.
NO_FLOW = frozenset({2, 3, 4, 7, 8, 9, 12, 13, 14, 15, 0x8001, 0x8002})
ELEMENTS, COMMON = 11, (1, 10)
_EXPORTER, _MAP, _NBAR = 7, 2, 12


@dataclass(slots=True)
class Tally:
    """What a batch holds so far."""

    source: int
    frames: list[pl.DataFrame] = field(default_factory=list)
    parsed: int = 0
    rejects: list[tuple[int, str, str]] = field(default_factory=list)
    ignored: list[tuple[int, str, str]] = field(default_factory=list)
    waiting: list[tuple[bytes, Positions, Positions, Positions, Positions]] = field(default_factory=list)
    records: int = 0

    def add(self, data: bytes, at: Positions, kinds: Positions, sizes: Positions, lines: Positions) -> None:
        """Keep the records of a block, to be taken apart with those of the next ones."""
        self.waiting.append((data, at, kinds, sizes, lines))
        self.records += len(at)

    def gathered(self) -> tuple[bytes, Positions, Positions, Positions, Positions]:
        """The records of all blocks kept, as if they stood in one."""
        bases = np.cumsum([0] + [len(w[0]) for w in self.waiting])
        at = np.concatenate([w[1] + base for w, base in zip(self.waiting, bases, strict=False)])
        rest = [np.concatenate([w[i] for w in self.waiting]) for i in (2, 3, 4)]
        data, self.waiting, self.records = b"".join(w[0] for w in self.waiting), [], 0
        return data, at, rest[0], rest[1], rest[2]

    def decoded(self) -> Decoded:
        """The batch; the tally is empty afterwards."""
        out = Decoded(self.source, parsed=self.parsed)
        out.units = self.parsed + len(self.rejects) + len(self.ignored)
        if self.frames:
            out.frames["events"] = pl.concat(self.frames, how="diagonal").sort("line_no")
        for name, last, rows in (("rejects", "raw", self.rejects), ("ignored", "program", self.ignored)):
            if rows:
                schema = {"line_no": pl.UInt64, "reason": pl.String, last: pl.String}
                setattr(out, name, pl.DataFrame(rows, schema=schema, orient="row"))
        self.frames, self.rejects, self.ignored, self.parsed = [], [], [], 0
        return out


class Nfcapd:
    """Decodes nfcapd files; each stands for itself."""

    def __init__(self, _context: Context) -> None:
        self.sensors: dict[int, str] = {}
        self.apps: dict[bytes, str] = {}
        self.maps: dict[int, tuple[int, ...]] = {}

    def feed(self, source: int, stream: BinaryIO) -> Iterator[Decoded]:
        """Decode one file."""
        self.sensors, self.apps, self.maps = {}, {}, {}
        tally, line = Tally(source), 1
        order = "<"
        for head, block in blocks(stream):
            order = head.order
            line = self._block(tally, head, block, line)
            if tally.records >= BATCH:
                self._flows(tally, order)
                yield tally.decoded()
        self._flows(tally, order)
        yield tally.decoded()

    def finish(self) -> Iterator[Decoded]:
        """Nothing is kept beyond its file."""
        return iter(())

    def _block(self, tally: Tally, head: Header, block: Block, line: int) -> int:
        """Take one block in; the number of the first record after it."""
        if block.kind == 4 and block.error is None:
            tally.ignored.append((line, "no traffic", "table"))
            return line + 1
        error = block.error if block.kind in (2, 3, 0) else block.error or f"block type {block.kind} is not known"
        at, kinds, sizes, end = positions(block, head.order) if block.kind in (2, 3) else _NOTHING
        self._learn(head.order, block.data, at, kinds, sizes)
        lines = line + np.arange(len(at))
        flows = (kinds == ELEMENTS) | np.isin(kinds, COMMON)
        known = np.isin(kinds, list(NO_FLOW))
        tally.ignored += [(int(n), "no traffic", "exporters, samplers, names") for n in lines[known]]
        for i in np.flatnonzero(~flows & ~known):
            raw = block.data[at[i] : at[i] + sizes[i]]
            tally.rejects.append((int(lines[i]), f"record type {kinds[i]} is not known", raw.hex()))
        if len(at):
            tally.add(block.data, at, kinds, sizes, lines)
        if error is None and (end < len(block.data) or len(at) < block.records):
            error = f"block is damaged after {len(at)} of {block.records} records"
        if error is None:
            return line + len(at)
        rest = (block.data[end:] if len(at) else b"") or block.raw
        tally.rejects.append((line + len(at), _shown(error, rest), rest[:EVIDENCE].hex()))
        return line + len(at) + 1

    def _learn(self, order: str, data: bytes, at: Positions, kinds: Positions, sizes: Positions) -> None:
        """Addresses of exporters and names of applications."""
        for i in np.flatnonzero((kinds == _EXPORTER) & (sizes >= 32)):
            number, address = _exporter(order, data[at[i] : at[i] + sizes[i]])
            if address:
                self.sensors[number] = address
        for i in np.flatnonzero(kinds == _NBAR):
            self.apps.update(_applications(order, data[at[i] : at[i] + sizes[i]]))

    def _flows(self, tally: Tally, order: str) -> None:
        """Take the kept records apart."""
        if not tally.waiting:
            return
        data, at, kinds, sizes, lines = tally.gathered()
        # Fields are taken out as windows of fixed width; zeros behind the data keep those of the last record inside.
        buffer = np.frombuffer(data + bytes(1024), np.uint8)
        here = kinds == ELEMENTS
        if here.any():
            table, exporters, bad = elements(buffer, order, at[here], sizes[here])
            self._rows(tally, table, lines[here], exporters, (data, at[here], sizes[here], bad))
        for chosen, known in self._layouts(order, data, at, kinds):
            if known is None:
                for i in chosen:
                    raw = data[at[i] : at[i] + sizes[i]]
                    tally.rejects.append((int(lines[i]), "its extension map is missing", raw.hex()))
                continue
            table, exporters, bad = extensions(buffer, order, at[chosen], sizes[chosen], known)
            self._rows(tally, table, lines[chosen], exporters, (data, at[chosen], sizes[chosen], bad))

    def _rows(
        self, tally: Tally, table: Table, lines: Positions, exporters: Positions,
        origin: tuple[bytes, Positions, Positions, Positions],
    ) -> None:  # fmt: skip
        """Rows of one table; records whose elements do not fit are rejects."""
        data, at, sizes, bad = origin
        values, which = np.unique(exporters, return_inverse=True)
        sensors = pl.Series([self.sensors.get(int(v)) for v in values], dtype=pl.String).gather(which)
        frame = rows_of(table, lines, sensors, self.apps)
        if len(bad):
            frame = frame.filter(~pl.Series(np.isin(np.arange(table.height), bad)))
            for i in bad:
                raw = data[at[i] : at[i] + sizes[i]]
                tally.rejects.append((int(lines[i]), "record is damaged: its fields do not fit", raw.hex()))
        tally.frames.append(frame)
        tally.parsed += frame.height

    def _layouts(
        self, order: str, data: bytes, at: Positions, kinds: Positions
    ) -> Iterator[tuple[Positions, tuple[int, int, tuple[int, ...]] | None]]:
        """Layout 1: records that are laid out alike; a map holds for the records after it, until it is replaced."""
        groups: dict[tuple[int, int, tuple[int, ...]] | None, list[int]] = {}
        flags_of = {1: struct.Struct(order + "BxH"), 10: struct.Struct(order + "HH")}
        for i in np.flatnonzero((kinds == _MAP) | np.isin(kinds, COMMON)).tolist():
            start, kind = int(at[i]), int(kinds[i])
            if kind == _MAP:
                number, listed = _map(order, data, start)
                self.maps[number] = listed
                continue
            flags, number = flags_of[kind].unpack_from(data, start + 4) if start + 8 <= len(data) else (0, -1)
            known = self.maps.get(number)
            groups.setdefault(None if known is None else (kind, flags & 7, known), []).append(i)
        for key, members in groups.items():
            yield np.array(members, np.int64), key


_NOTHING = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64), 0)


def _shown(error: str, raw: bytes) -> str:
    return error if len(raw) <= EVIDENCE else f"{error} (first {EVIDENCE} of {len(raw)} bytes kept)"


def _numbers(buffer: flow.Raw, at: Positions, width: int, order: str) -> Positions:
    """Numbers of one width at many places."""
    raw = np.lib.stride_tricks.sliding_window_view(buffer, width)[at]
    return raw.view(f"{order}u{width}").ravel().astype(np.int64)


def _distinct(values: Positions) -> list[int]:
    """Distinct values; mostly there is one, which is found without sorting."""
    if len(values) and (values == values[0]).all():
        return [int(values[0])]
    return [int(v) for v in np.unique(values)]


def elements(buffer: flow.Raw, order: str, at: Positions, sizes: Positions) -> tuple[Table, Positions, Positions]:
    """Layout 2: the fields of records, element by element; their exporters; and which of them are damaged."""
    table = Table(len(at), order)
    fits = sizes >= 12
    count = np.where(fits, _numbers(buffer, at + 4, 2, order), 0)
    cursor, end, bad = at + 12, at + sizes, ~fits
    alive, step = np.flatnonzero(count > 0), 0
    while len(alive):
        broken = cursor[alive] + 4 > end[alive]
        kind = np.where(broken, 0, _numbers(buffer, np.minimum(cursor[alive], len(buffer) - 4), 2, order))
        size = np.where(broken, 0, _numbers(buffer, np.minimum(cursor[alive] + 2, len(buffer) - 2), 2, order))
        broken |= (size < 4) | (cursor[alive] + size > end[alive])
        bad[alive[broken]] = True
        alive, kind, size = alive[~broken], kind[~broken], size[~broken]
        for number in _distinct(kind):
            chosen = kind == number
            _element(table, buffer, number, alive[chosen], cursor[alive[chosen]] + 4, size[chosen] - 4)
        cursor[alive] += size
        step += 1
        alive = alive[count[alive] > step]
    return table, _numbers(buffer, at + 8, 2, order), np.flatnonzero(bad)


def _element(table: Table, buffer: flow.Raw, number: int, rows: Positions, at: Positions, lengths: Positions) -> None:
    """Fields of one element in some records; those that a shorter, older form of it lacks are left out."""
    places = layouts.ELEMENTS.get(number) or (Place(f"element{number}", 0, 0, "x"),)
    widest = max((p.at + p.width for p in places), default=0)
    for length in _distinct(lengths):
        same = lengths == length
        some, starts = rows[same], at[same]
        if number == 25 and length == 24:
            places, widest = layouts.NAT_COMPAT, 24
        whole = all(p.width for p in places)
        wanted = min(length, widest) if whole else length
        if not wanted:
            continue
        window = np.lib.stride_tricks.sliding_window_view(_room(buffer, wanted), wanted)[starts]
        for p in places:
            stop = p.at + p.width if p.width else length
            if p.at < stop <= length:
                table.put(p, some, window[:, p.at : stop])


def _room(buffer: flow.Raw, width: int) -> flow.Raw:
    return buffer if width <= 1024 else np.concatenate([buffer, np.zeros(width, np.uint8)])


def extensions(
    buffer: flow.Raw, order: str, at: Positions, sizes: Positions, layout: tuple[int, int, tuple[int, ...]]
) -> tuple[Table, Positions, Positions]:
    """Layout 1: the fields of records that share a map and its flags; their exporters; which are damaged."""
    kind, flags, numbers = layout
    places, size = _laid_out(kind, flags, numbers)
    window = np.lib.stride_tricks.sliding_window_view(_room(buffer, size), size)[at]
    table = Table(len(at), order)
    for p in places:
        table.put(p, None, window[:, p.at : p.at + p.width])
    exporters = _numbers(buffer, at + 28, 2, order) if kind == 10 else buffer[at + 5].astype(np.int64)
    return table, exporters, np.flatnonzero(sizes < size)


def _laid_out(kind: int, flags: int, numbers: tuple[int, ...]) -> tuple[list[Place], int]:
    """Common part, addresses and counters by the flags, then the extensions; and how long that is."""
    places, at = list(layouts.COMMON), layouts.COMMON_SIZE[kind]
    width, family = (16, "6") if flags & 1 else (4, "4")
    sized = [("src_addr", width, family), ("dst_addr", width, family)]
    sized += [("in_packets", 8 if flags & 2 else 4, "u"), ("in_bytes", 8 if flags & 4 else 4, "u")]
    for name, wide, what in sized:
        places.append(Place(name, at, wide, what))
        at += wide
    for number in numbers:
        size, inner = layouts.EXTENSIONS[number]
        places += [Place(p.name, at + p.at, p.width, p.kind) for p in inner]
        at += size
    return places, at


def _map(order: str, data: bytes, at: int) -> tuple[int, tuple[int, ...]]:
    """An extension map: its id, and the extensions in order; an unknown one makes it unusable from there on."""
    size = struct.unpack_from(order + "H", data, at + 2)[0]
    if size < 8:
        return -1, ()
    number = struct.unpack_from(order + "H", data, at + 4)[0]
    listed = struct.unpack_from(f"{order}{(size - 8) // 2}H", data, at + 8)
    found = []
    for each in listed:
        if each == 0 or (each > 3 and each not in layouts.EXTENSIONS):
            break
        if each > 3:
            found.append(each)
    return number, tuple(found)


def _exporter(order: str, raw: bytes) -> tuple[int, str | None]:
    """Number and address of an exporter; older files have the address as two words in the file's byte order."""
    family, number = struct.unpack_from(order + "HH", raw, 24)
    if family == 2:
        word = raw[16:20] if order == "<" else raw[20:24]
        return number, flow.address(word[::-1] if order == "<" else word)
    address = raw[8:24]
    if family == 10 and order == "<":
        address = address[7::-1] + address[:7:-1]
    return number, flow.address(address) if any(address) else None


def _applications(order: str, raw: bytes) -> Iterator[tuple[bytes, str]]:
    """Names of NBAR applications: elements of one size, each with an id, a name and a description."""
    if len(raw) < 8:
        return
    count, size = struct.unpack_from(order + "HH", raw, 4)
    for at in range(8, min(len(raw) - 5, 8 + count * size), max(size, 6)):
        number, name, _ = struct.unpack_from(order + "HHH", raw, at)
        title = flow.text(raw[at + 6 + number : at + 6 + number + name])
        if title:
            yield raw[at + 6 : at + 6 + number], title


def locate(stream: BinaryIO, number: int) -> bytes | None:
    """Bytes of the record with this number, counted as `Nfcapd` does."""
    line = 1
    for head, block in blocks(stream):
        if block.kind == 4 and block.error is None:
            if line == number:
                return block.data
            line += 1
            continue
        at, _, sizes, end = positions(block, head.order) if block.kind in (2, 3) else _NOTHING
        if line <= number < line + len(at):
            start = int(at[number - line])
            return block.data[start : start + int(sizes[number - line])]
        line += len(at)
        damaged = block.error is not None or block.kind not in (2, 3) or end < len(block.data)
        if damaged or len(at) < block.records:
            if line == number:
                return (block.data[end:] if len(at) else b"") or block.raw
            line += 1
    return None
