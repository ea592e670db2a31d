"""Templates of NetFlow v9 and IPFIX: how they are read, how long they hold, and what option records tell.

A template belongs to a scope: exporter address, its port, protocol version and domain. The newest definition before the
data counts; for data that came before any, the first one after them.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from fwforensics.formats._netflow_elements import V9_SCOPE, Key

VARIABLE = 0xFFFF
ScopeKey = tuple[str | None, int, int, int]

_HEAD = struct.Struct(">HH")
_V9_OPTIONS = struct.Struct(">HHH")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a template: element, length, and place among the fields of fixed length (or the variable ones)."""

    key: Key
    length: int
    at: int

    @property
    def variable(self) -> bool:
        """Each record says how long it is."""
        return self.length == VARIABLE


@dataclass(eq=False, slots=True)
class Template:
    """The layout of a data set.

    Attributes:
        fields: in the order in which they stand in a record.
        size: bytes of the fields with a fixed length; the least that a record takes, with one for each variable field.
        options: records describe the exporter, not flows.
    """

    fields: tuple[Field, ...]
    size: int
    options: bool = False
    variable: bool = False
    least: int = 0

    @classmethod
    def of(cls, layout: list[tuple[Key, int]], *, options: bool = False) -> Template:
        """Lay out elements and lengths as they follow each other."""
        fields, at, variables = [], 0, 0
        for key, length in layout:
            if length == VARIABLE:
                fields.append(Field(key, length, variables))
                variables += 1
            else:
                fields.append(Field(key, length, at))
                at += length
        return cls(tuple(fields), at, options, variables > 0, at + variables)


@dataclass(eq=False, slots=True)
class Scope:
    """What one exporter has defined in one domain: templates with their history, and option tables.

    Attributes:
        current: template id → template in force.
        history: template id → (serial number of the packet, template or None where it was withdrawn).
        apps, samplers, interfaces: application names, sampling intervals, interface names by their ids.
        sampling: interval that holds for the whole exporter.
        init: when the device started, microseconds since 1970.
    """

    current: dict[int, Template] = field(default_factory=dict)
    history: dict[int, list[tuple[int, Template | None]]] = field(default_factory=lambda: defaultdict(list))
    apps: dict[bytes, str] = field(default_factory=dict)
    samplers: dict[int, int] = field(default_factory=dict)
    interfaces: dict[int, str] = field(default_factory=dict)
    sampling: int | None = None
    init: int | None = None

    def define(self, number: int, template: Template | None, serial: int) -> None:
        """Take a definition, or a withdrawal, into force; a repeated definition changes nothing."""
        if template is None:
            withdrawn = [number] if number >= 256 else list(self.current)
            for each in withdrawn:
                self.current.pop(each, None)
            return
        known = self.current.get(number)
        if known is not None and known.fields == template.fields and known.options == template.options:
            template = known
        self.current[number] = template
        past = self.history[number]
        if not past or past[-1][1] is not template:
            past.append((serial, template))

    def later(self, number: int, serial: int) -> Template | None:
        """The first definition after the packet `serial`."""
        return next((t for s, t in self.history.get(number, ()) if s >= serial), None)


def templates(version: int, set_id: int, body: memoryview) -> Iterator[tuple[int, Template | None]]:
    """Template definitions of one set; None withdraws. Stops where the set makes no sense.

    Raises:
        ValueError: a definition reaches beyond its set.
    """
    options = set_id in (1, 3)
    read = _v9_options if set_id == 1 else _definition
    at = 0
    while at + 4 <= len(body):
        number = _HEAD.unpack_from(body, at)[0]
        if number < 256 and not (version == 10 and number == set_id):
            if any(body[at:]):
                raise ValueError(f"template set defines number {number}, which is no template number")
            return
        number, template, at = read(version, body, at, options)
        yield number, template


def _definition(version: int, body: memoryview, at: int, options: bool) -> tuple[int, Template | None, int]:
    """One template, or one IPFIX options template, at `at`; and where the next one begins."""
    number, count = _HEAD.unpack_from(body, at)
    at += 4
    if not count:
        return number, None, at
    if options:
        at += 2
    layout, at = _fields(version, body, at, count)
    return number, Template.of(layout, options=options), at


def _v9_options(version: int, body: memoryview, at: int, _options: bool) -> tuple[int, Template | None, int]:
    """One options template of NetFlow v9: lengths of its two parts are in bytes."""
    if at + 6 > len(body):
        raise ValueError("options template is cut short")
    number, scope, rest = _V9_OPTIONS.unpack_from(body, at)
    scopes, at = _fields(version, body, at + 6, scope // 4)
    others, at = _fields(version, body, at, rest // 4)
    layout = [((V9_SCOPE, key[1]), length) for key, length in scopes] + others
    return number, Template.of(layout, options=True), at


def _fields(version: int, body: memoryview, at: int, count: int) -> tuple[list[tuple[Key, int]], int]:
    """`count` field specifiers; only IPFIX has enterprise numbers."""
    layout = []
    for _ in range(count):
        if at + 4 > len(body):
            raise ValueError("template is cut short")
        element, length = _HEAD.unpack_from(body, at)
        at += 4
        pen = 0
        if version == 10 and element & 0x8000:
            if at + 4 > len(body):
                raise ValueError("template is cut short")
            element, pen = element & 0x7FFF, int.from_bytes(body[at : at + 4], "big")
            at += 4
        layout.append(((pen, element), length))
    return layout, at


def split(template: Template, body: bytes) -> tuple[bytes, list[list[bytes]], int]:
    """Records of a set whose length varies: their fixed fields together, variable fields by field, and how many.

    Raises:
        ValueError: a record reaches beyond its set.
    """
    fixed, at, count = bytearray(), 0, 0
    columns: list[list[bytes]] = [[] for f in template.fields if f.variable]
    while len(body) - at >= max(template.least, 1):
        for f in template.fields:
            if not f.variable:
                fixed += body[at : at + f.length]
                at += f.length
                continue
            length, at = _length(body, at)
            columns[f.at].append(body[at : at + length])
            at += length
        if at > len(body):
            raise ValueError("a record reaches beyond its set")
        count += 1
    return bytes(fixed), columns, count


def _length(body: bytes, at: int) -> tuple[int, int]:
    """Length of a variable field, in one or three bytes; and where its value begins."""
    if at >= len(body):
        raise ValueError("a record reaches beyond its set")
    if body[at] < 255:
        return body[at], at + 1
    return int.from_bytes(body[at + 1 : at + 3], "big"), at + 3


def option_records(template: Template, body: bytes) -> Iterator[dict[Key, bytes]]:
    """Option records as element → bytes; of several fields with one element, the first."""
    if template.variable:
        fixed, columns, count = split(template, body)
    else:
        fixed, columns, count = body, [], len(body) // template.size if template.size else 0
    for i in range(count):
        start = i * template.size
        record: dict[Key, bytes] = {}
        for f in template.fields:
            value = columns[f.at][i] if f.variable else fixed[start + f.at : start + f.at + f.length]
            record.setdefault(f.key, value)
        yield record


def learn(scope: Scope, record: dict[Key, bytes]) -> None:
    """Take from an option record what flow records refer to."""

    def number(*keys: Key) -> int | None:
        return next((int.from_bytes(record[k], "big") for k in keys if record.get(k)), None)

    def name(*keys: Key) -> str:
        raw = next((record[k] for k in keys if record.get(k)), b"")
        return raw.split(b"\0", 1)[0].decode("utf-8", "backslashreplace").strip()

    if (app := record.get((0, 95))) and (title := name((0, 96), (0, 94))):
        scope.apps[app] = title
    index = number((0, 10), (0, 14), (V9_SCOPE, 2))
    if index is not None and (title := name((0, 82), (0, 83))):
        scope.interfaces[index] = title
    if (started := number((0, 160))) is not None:
        scope.init = started * 1000
    if interval := _interval(number):
        sampler = number((0, 48), (0, 302))
        if sampler is not None:
            scope.samplers[sampler] = interval
        else:
            scope.sampling = interval


def _interval(number: Callable[..., int | None]) -> int | None:
    """One of how many packets is looked at, from whichever elements say so."""
    taken, left_out = number((0, 305)), number((0, 306))
    if taken and left_out is not None:
        return (taken + left_out) // taken
    size, population = number((0, 309)), number((0, 310))
    if size and population:
        return population // size
    return number((0, 34), (0, 50), (0, 305)) or None
