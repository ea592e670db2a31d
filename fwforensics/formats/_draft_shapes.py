"""How the lines of an unknown log may fall apart, and the values of each field."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fwforensics.formats._cells import cells
from fwforensics.formats._draft_fields import word_kind

#: What share of the lines must agree.
MOST = 0.6
PAIR = re.compile(r'(?<![\w.\-])([A-Za-z_][\w.\-]*)=("(?:[^"\\]|\\.)*"|[^\s,;|]*)')
BETWEEN = re.compile(r'(?:"|[^\s,;|])([ ,;|\t])\s?(?=[A-Za-z_][\w.\-]*=)')
#: An address in free text, where a time of day must not be taken for one.
IN_TEXT = (
    r"(?:\d{1,3}(?:\.\d{1,3}){3}|(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}|(?:[0-9A-Fa-f]{1,4}:)+(?::[0-9A-Fa-f]{1,4})+)"
)


@dataclass(slots=True)
class Shape:
    """How lines fall apart: settings of the layout, and the values of each field."""

    settings: dict[str, str | list[str]]
    values: dict[str, list[str]]
    note: str = ""


def shape_of(lines: Sequence[str]) -> Shape | None:
    """The shape of most lines; None where none fits."""
    return _json(lines) or _pairs(lines) or _table(lines) or _pattern(lines)


def _json(lines: Sequence[str]) -> Shape | None:
    """JSON objects, a line each."""
    values: dict[str, list[str]] = {}
    count = 0
    for line in lines:
        try:
            record = json.loads(line[line.index("{") :])
        except ValueError:
            continue
        if isinstance(record, dict):
            count += 1
            _flat(record, "", values)
    return Shape({"layout": "json"}, values) if lines and count >= MOST * len(lines) else None


def _flat(record: Mapping[str, object], before: str, values: dict[str, list[str]]) -> None:
    """Dotted names of nested objects."""
    for key, value in record.items():
        if isinstance(value, dict):
            _flat(value, f"{before}{key}.", values)
        elif value is not None and not isinstance(value, list):
            values.setdefault(f"{before}{key}", []).append(str(value))


def _pairs(lines: Sequence[str]) -> Shape | None:
    """`key=value` tokens."""
    found = [PAIR.findall(line) for line in lines]
    if sum(len(pairs) >= 3 for pairs in found) < MOST * len(lines) or not lines:
        return None
    between = Counter(m for line in lines for m in BETWEEN.findall(line))
    values: dict[str, list[str]] = {}
    for key, value in (pair for pairs in found for pair in pairs):
        values.setdefault(key, []).append(value.strip('"'))
    separator = between.most_common(1)[0][0] if between else " "
    return Shape({"layout": "keyvalue", **({"delimiter": separator} if separator != " " else {})}, values)


def _table(lines: Sequence[str]) -> Shape | None:
    """Values between separators, with a line of names above them or without."""
    for separator in sorted(",;\t|", key=lambda c: -sum(line.count(c) for line in lines)):
        rows = [cells(line, separator) for line in lines]
        (width, count), *_ = Counter(map(len, rows)).most_common(1) or [(0, 0)]
        if width < 4 or count < MOST * len(rows):
            continue
        names = [c.strip() for c in rows[0]]
        if len(names) == width and len(set(names)) == width and all(_is_name(n) for n in names):
            body = [r for r in rows[1:] if len(r) == width]
            values = {n: [r[i] for r in body] for i, n in enumerate(names)}
            return Shape({"layout": "csv", **({"delimiter": separator} if separator != "," else {})}, values)
        body = [r for r in rows if len(r) == width]
        values = {f"c{i}": [r[i - 1].strip() for r in body] for i in range(1, width + 1)}
        settings: dict[str, str | list[str]] = {"layout": "csv", "delimiter": separator, "names": list(values)}
        return Shape(settings, values, "There is no line of column names: the names here are made up.")
    return None


def _is_name(cell: str) -> bool:
    return bool(re.fullmatch(r"[A-Za-z_@][\w .@/()\-]{0,60}", cell)) and word_kind(cell) is None


#: What free text is searched for, in the order of the line.
PARTS = {
    "time": r"\d{4}[-/.]\d\d[-/.]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
    r"|\d{1,2}[./]\d{1,2}[./]\d{4} \d\d:\d\d:\d\d"
    r"|[A-Z][a-z]{2} [ \d]\d (?:\d{4} )?\d\d:\d\d:\d\d(?: \d{4})?",
    "verdict": r"\b(?i:allow|allowed|accept|accepted|permit|permitted|pass|passed|deny|denied|drop|dropped|block"
    r"|blocked|reject|rejected|discard|discarded)\b",
    "protocol": r"\b(?i:tcp|udp|icmp|icmpv6|gre|esp|sctp)\b",
}


def _pattern(lines: Sequence[str]) -> Shape | None:
    """Free text with a time, two addresses and whatever else most lines have, in the order of most lines."""
    ends = ".*?".join(rf"\b(?P<{e}>{IN_TEXT})\]?(?:[:/#](?P<{e[0]}port>\d{{1,5}}))?\b" for e in ("src", "dst"))
    having = [m for line in lines if (m := re.search(ends, line))]
    if not having or len(having) < MOST * len(lines):
        return None
    orders: Counter[tuple[str, ...]] = Counter()
    for match in having:
        spots = {name: m.start() for name, p in PARTS.items() if (m := re.search(p, match.string))}
        first, last = match.start("src"), match.end("dst")
        around = {n: at for n, at in spots.items() if at < first or at >= last} | {"ends": first}
        orders[tuple(sorted(around, key=around.__getitem__))] += 1
    (order, _), *_ = orders.most_common(1)
    pieces = [ends if name == "ends" else f"(?P<{name}>{PARTS[name]})" for name in order]
    pattern = ".*?".join(["^", *pieces]) if order[0] != "time" else "^[^A-Za-z0-9]*" + ".*?".join(pieces)
    values: dict[str, list[str]] = {}
    for match in filter(None, (re.search(pattern, line) for line in lines)):
        for name, value in match.groupdict().items():
            if value is not None:
                values.setdefault(name, []).append(value)
    return Shape({"layout": "regex", "pattern": pattern}, values, "Free text: look at the pattern before you trust it.")
