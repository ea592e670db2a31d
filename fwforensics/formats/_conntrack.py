"""The XML and the command forms of connection tracking, said in the words of its text form.

What `conntrack` prints as text is `KEY=value` behind a head of event, protocol, time-out and state. Its XML and its
`-o save` say the same; written so, one mapping reads all three.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from fwforensics.formats._format import Context, Fields
from fwforensics.formats._layouts import LINE, KeyValue
from fwforensics.formats._lines import Lines

IS_XML = LINE.str.contains(r"^\s*<flow\b")
#: `-A -t 120 … -s 192.0.2.1 -d …`: what `conntrack -R` reads.
IS_SAVED = LINE.str.contains(r"^\s*-[AUDI] .*?(?:^|\s)-s \S+ -d \S+ .*?-r \S+ -q \S+")
#: Elements of the last part of a flow, and the keys that the text form has for them.
INDEPENDENT = ("mark", "secctx", "zone", "use", "id", "helper", "portid")
SAVED = {"-m": "mark", "--zone": "zone", "-w": "zone", "-l": "labels", "--label": "labels"}
TUPLES = (
    {
        "src": "-s",
        "dst": "-d",
        "sport": "--sport",
        "dport": "--dport",
        "type": "--icmp(?:v6)?-type",
        "code": "--icmp(?:v6)?-code",
    },
    {"src": "-r", "dst": "-q", "sport": "--reply-port-src", "dport": "--reply-port-dst"},
)


@dataclass(frozen=True, slots=True)
class Rewritten:
    """Lines that are first written as text lines, and then read as these are."""

    layout: KeyValue

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`."""
        texts = lines.text.to_frame().select(pl.when(IS_XML).then(_from_xml()).otherwise(_from_saved()).alias("line"))
        return self.layout.fields(Lines.of_texts(texts.to_series(), lines.numbers), wanted, context)


def _said(key: str, value: pl.Expr) -> pl.Expr:
    """`key=value `, or nothing where there is no value."""
    return (
        pl.when(value.is_not_null() & (value != ""))
        .then(pl.concat_str([pl.lit(f"{key}="), value, pl.lit(" ")]))
        .otherwise(pl.lit(""))
    )


def _word(value: pl.Expr) -> pl.Expr:
    """`value `, or nothing."""
    return pl.concat_str([value, pl.lit(" ")]).fill_null("")


def _marked(where: pl.Expr, word: str) -> pl.Expr:
    return pl.when(where.fill_null(False)).then(pl.lit(f"{word} ")).otherwise(pl.lit(""))


def _element(part: pl.Expr, name: str) -> pl.Expr:
    """The text of an element; nothing with a blank in it, which would be two words."""
    return part.str.extract(rf"<{name}>([^<>\s]*)</{name}>")


def _from_xml() -> pl.Expr:
    """`<flow …>` with its parts, each `<meta direction="…">`."""
    first, reply, rest = (
        LINE.str.extract(rf'<meta direction="{d}">(.*?)</meta>') for d in ("original", "reply", "independent")
    )
    layer4 = first.str.extract_groups(r'<layer4 protonum="(\d+)" protoname="([^"\s]+)"')
    when = {e: _element(LINE, e).str.zfill(2) for e in ("year", "month", "day", "hour", "min", "sec")}
    stamp = pl.format("{}-{}-{}T{}:{}:{}", *when.values())
    return pl.concat_str([
        _word(pl.format("[{}]", LINE.str.extract(r'^\s*<flow type="(\w+)"').str.to_uppercase())),
        _word(layer4.struct.field("2")), _word(layer4.struct.field("1")), _word(_element(rest, "timeout")),
        _word(_element(rest, "state")), *_xml_tuple(first), _marked(rest.str.contains("<unreplied/>"), "[UNREPLIED]"),
        *_xml_tuple(reply), _marked(rest.str.contains("<assured/>"), "[ASSURED]"),
        _said("delta-time", _element(rest, "deltatime")), *(_said(k, _element(rest, k)) for k in INDEPENDENT),
        _said("start-ns", _element(LINE, "start")), _said("stop-ns", _element(LINE, "stop")), _said("when", stamp),
    ])  # fmt: skip


def _xml_tuple(part: pl.Expr) -> list[pl.Expr]:
    return [_said(k, _element(part, k)) for k in ("src", "dst", "sport", "dport", "packets", "bytes")]


def _from_saved() -> pl.Expr:
    """`-A -s … -d … -r … -q … -p tcp --sport …`."""

    def after(flag: str) -> pl.Expr:
        return LINE.str.extract(rf"(?:^|\s){flag} ([^\s-]\S*)")

    status = after("-u")
    event = {"U": "UPDATE", "D": "DESTROY"}  # `-A` is said of a snapshot, too
    first, reply = ([_said(k, after(flag)) for k, flag in keys.items()] for keys in TUPLES)
    return pl.concat_str([
        _word(pl.format("[{}]", LINE.str.extract(r"^\s*-([UD]) ").replace_strict(event, default=None))),
        _word(after("-p").fill_null("unknown")), pl.lit("0 "), _word(after("-t")), _word(after("--state")), *first,
        _marked(~status.str.contains("SEEN_REPLY"), "[UNREPLIED]"), *reply,
        _marked(status.str.contains("ASSURED"), "[ASSURED]"),
        *(_said(key, after(flag)) for flag, key in SAVED.items()),
    ])  # fmt: skip
