"""A first draft of a mapping file (`--map`) for a log that no format reads: guesses, each with its reason.

The layout is guessed by what most lines are; a column by the name of a field and by what its values look like. What is
merely likely says so in a comment. Names and values of a log are hostile: they are written as TOML strings.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address

from fwforensics.formats._draft_fields import NAMES, VERDICTS, time_format, word_kind
from fwforensics.formats._draft_shapes import Shape, shape_of

#: Lines that are looked at.
SAMPLE = 400
ADDRESS = r"(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})"
WITH_PORT = rf"^\[?({ADDRESS})\]?[:#/](\d{{1,5}})$"
#: Columns in the order in which they are written.
ORDER = (
    "ts", "ts_end", "sensor", "action", "disposition", "direction", "protocol", "src_ip", "src_port", "dst_ip",
    "dst_port", "src_nat_ip", "src_nat_port", "dst_nat_ip", "dst_nat_port", "bytes", "bytes_out", "bytes_in", "packets",
    "packets_out", "packets_in", "duration", "in_iface", "out_iface", "src_zone", "dst_zone", "rule", "reason", "app",
    "dst_name", "user_name", "signature", "signature_id", "session_id", "tcp_flags",
)  # fmt: skip


@dataclass(slots=True)
class Guess:
    """What a column is read from, as TOML, and why that is unsure."""

    said: str
    doubt: str = ""


@dataclass(slots=True)
class Draft:
    """The columns that were guessed so far."""

    shape: Shape
    columns: dict[str, Guess] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def put(self, column: str, said: str, doubt: str, *fields: str) -> None:
        """Set a column, unless it is there."""
        if column not in self.columns:
            self.columns[column] = Guess(said, doubt)
            self.used.update(fields)


def draft(lines: Sequence[str]) -> str | None:
    """A mapping file for lines like these; None where nothing is to be seen in them."""
    some = [t for t in (line.strip("\ufeff\r\n\0") for line in lines) if t.strip() and not t.startswith("#")][:SAMPLE]
    shape = shape_of(some)
    if shape is None:
        return None
    made = Draft(shape)
    _by_name(made)
    _by_value(made)
    return _written(made)


def _by_name(made: Draft) -> None:
    """Columns by what fields are called, if their values are of that kind."""
    plain = {re.sub(r"[^a-z0-9]", "", n.lower()): n for n in reversed(list(made.shape.values))}
    for column, names in NAMES.items():
        for name in names:
            if (found := plain.get(name)) is not None and found not in made.used and _take(made, column, found, ""):
                break


def _take(made: Draft, column: str, name: str, doubt: str) -> bool:
    """Read a column from a field, where its values allow that."""
    values = [v.strip() for v in made.shape.values[name] if v.strip() not in ("", "-", "N/A", "null")]
    quoted = json.dumps(name)
    if not values:
        return False
    if column in ("ts", "ts_end"):
        return _take_time(made, column, name, values, doubt)
    if column.endswith("_ip"):
        return _take_address(made, column, name, values, doubt)
    if column == "action":
        return _take_action(made, name, values, doubt)
    if (column.endswith("_port") or column.startswith(("bytes", "packets"))) and not _most(values, str.isdigit):
        return False
    made.put(column, quoted, doubt, name)
    return True


def _take_time(made: Draft, column: str, name: str, values: Sequence[str], doubt: str) -> bool:
    """A time, or a date whose time stands in another field."""
    form = time_format(values)
    quoted = json.dumps(name)
    if form is None:
        return False
    if form.is_date:
        other = next((n for n in made.shape.values if n not in made.used and n != name and _is_clock(made, n)), None)
        if other is None:
            return False
        both = [f"{a} {b}" for a, b in zip(made.shape.values[name], made.shape.values[other], strict=False)]
        whole = time_format([b.strip() for b in both])
        if whole is None:
            return False
        more = f", format = {json.dumps(whole.pattern)}" if whole.pattern else ""
        made.put(column, f'{{ field = [{quoted}, {json.dumps(other)}], join = " "{more} }}', whole.doubt, name, other)
        return True
    said = f"{{ field = {quoted}, format = {json.dumps(form.pattern)} }}" if form.pattern else quoted
    made.put(column, said, form.doubt or doubt, name)
    return True


def _is_clock(made: Draft, name: str) -> bool:
    return _most(made.shape.values[name], lambda v: bool(re.match(r"^\d{1,2}:\d\d:\d\d", v.strip())))


def _take_address(made: Draft, column: str, name: str, values: Sequence[str], doubt: str) -> bool:
    """An address, perhaps with its port behind it."""
    quoted = json.dumps(name)
    if _most(values, _is_address):
        made.put(column, quoted, doubt, name)
        return True
    if not _most(values, lambda v: _is_address(v) or bool(re.match(WITH_PORT, v))):
        return False
    both = rf"^\[?({ADDRESS})\]?(?:[:#/]\d{{1,5}})?$"
    made.put(column, f"{{ field = {quoted}, pattern = {_literal(both)} }}", doubt, name)
    port = rf"^\[?{ADDRESS}\]?[:#/](\d{{1,5}})$"
    made.put(column.replace("_ip", "_port"), f"{{ field = {quoted}, pattern = {_literal(port)} }}", doubt, name)
    return True


def _take_action(made: Draft, name: str, values: Sequence[str], doubt: str) -> bool:
    """A verdict: each word that was seen, as ours."""
    words = [w for w, _ in Counter(values).most_common(24)]
    known = {w: a for w in words if (a := VERDICTS.get(re.sub(r"[^a-z]", "", w.lower()))) is not None}
    if not known or len(set(values)) > 40:
        return False
    rest = [w for w in words if w not in known]
    pairs = ", ".join(f"{json.dumps(w)} = {json.dumps(a)}" for w, a in sorted(known.items()))
    unsure = f"no decision in {', '.join(json.dumps(w[:40]) for w in rest[:6])}?" if rest else doubt
    made.put("action", f"{{ field = {json.dumps(name)}, words = {{ {pairs} }} }}", unsure, name)
    made.put("disposition", json.dumps(name), "")
    return True


def _by_value(made: Draft) -> None:
    """Columns by what values look like, for what no name told."""
    doubt = "by its values alone"
    for name in made.shape.values:
        if name in made.used or not made.shape.values[name]:
            continue
        kind = word_kind(next((v for v in made.shape.values[name] if v.strip()), ""))
        if kind == "time" and "ts" not in made.columns:
            _take(made, "ts", name, doubt)
        elif kind == "address":
            column = next((c for c in ("src_ip", "dst_ip") if c not in made.columns), None)
            if column is not None and _take(made, column, name, f"{doubt}: which end is this?"):
                _port_beside(made, column, name)
        elif kind == "verdict" and "action" not in made.columns:
            _take(made, "action", name, doubt)
        elif kind == "protocol" and "protocol" not in made.columns:
            _take(made, "protocol", name, doubt)


def _port_beside(made: Draft, column: str, name: str) -> None:
    """The number behind an address is often its port."""
    names = list(made.shape.values)
    follows = names[names.index(name) + 1 :][:1]
    port = column.replace("_ip", "_port")
    if follows and follows[0] not in made.used and port not in made.columns:
        values = [v.strip() for v in made.shape.values[follows[0]] if v.strip()]
        if values and all(v.isdigit() and int(v) < 65536 for v in values):
            made.put(port, json.dumps(follows[0]), "the number behind the address", follows[0])


def _most(values: Sequence[str], test: Callable[[str], bool]) -> bool:
    given = [v for v in values if v.strip()]
    return bool(given) and sum(map(test, given)) >= 0.8 * len(given)


def _is_address(value: str) -> bool:
    try:
        ip_address(value.strip("[] ").partition("%")[0].partition("/")[0])
    except ValueError:
        return False
    return True


def _literal(text: str) -> str:
    """A text as TOML, without escapes where that is possible."""
    plain = "'" not in text and text.isprintable()
    return f"'{text}'" if plain else json.dumps(text)


def _written(made: Draft) -> str:
    """The file."""
    out = [
        "# A first draft: look at each line of it, above all at those with a question.",
        "# Then: fwf ingest FILE --map THIS",
        *([f"# {made.shape.note}"] if made.shape.note else []),
        'table = "events"',
        *(f"{k} = {_literal(v) if isinstance(v, str) else json.dumps(v)}" for k, v in made.shape.settings.items()),
        "",
        "[columns]",
    ]
    given = [(c, made.columns[c]) for c in ORDER if c in made.columns]
    out += [f"{c} = {g.said}" + (f"  # unsure: {g.doubt}" if g.doubt else "") for c, g in given]
    missing = [c for c in ("ts", "src_ip", "dst_ip") if c not in made.columns]
    out += [f'# {c} = "…"  # none of the fields looks like it' for c in missing]
    rest = {n: next((v for v in vs if v.strip()), "") for n, vs in made.shape.values.items() if n not in made.used}
    out += ["", "# These go to `extra`:"] if rest else []
    out += [f"#   {json.dumps(n)}, for example {json.dumps(v[:60])}" for n, v in list(rest.items())[:60]]
    return "\n".join(out) + "\n"
