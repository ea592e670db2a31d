"""What Cisco's firewalls share, whatever their lines' tag: how a line falls apart, and which column each field is."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from fwforensics.formats._cisco_messages import ADDRESS, GENERIC, PATTERNS, PEER
from fwforensics.formats._cisco_pairs import pairs
from fwforensics.formats._cisco_words import (
    ACTIONS,
    ACTIONS_BY_NUMBER,
    FTD_NAMES,
    ICMP_CODES,
    ICMP_TYPES,
    KINDS,
    NOBODY,
    SERVICES,
    SEVERITY,
)
from fwforensics.formats._fields import epoch, iso, mapped, tcp_flag_words, text, uint
from fwforensics.formats._format import Columns, Context, Fields
from fwforensics.formats._lines import Lines
from fwforensics.formats._messages import Messages
from fwforensics.formats._pieces import LINE, ROW

TAG = r"%(?:ASA|PIX|FWSM|FTD|NGIPS)(?:<\w+>)?-(?:[A-Za-z]\w*-)?"
#: Everything before the sentence: header, tag, level and number, and what stands between number and text.
HEAD = rf"^((?:[^%]|%[^A-Z])*{TAG}-?[0-9]-[0-9]{{6}}\)?:?[ \t]*)"
PAIR_EVENT = r"(?:^|[, ])(?:SrcIP|DstIP|AccessControlRuleAction|InlineResult|FileAction): "
DENIES = (
    r"(?i)\b(den(?:y|ied)|drop(?:ped|ping)?|discard(?:ed|ing)?|reject(?:ed|ing)?|blocked|blocking|prevented|terminat(?:ed|ing)"
    r"|not allowed|failed|failure|exceeded|invalid)\b"
)
ALLOWS = r"(?i)\b(permitted|allowed|accepted|succeeded|successful|granted)\b"
#: Enough of `Built` to give their teardowns the same order; older ones are forgotten.
REMEMBERED = 1_000_000
BUILT = ["302013", "302015", "302017", "302035", "302303", "302305"]
TORN = ["302014", "302016", "302018", "302036", "302304", "302306"]
ENDS = ["", "_port", "_if", "_user", "_nat", "_nat_port"]

MESSAGE_ID = pl.col("@id")
TWO_ENDS = 2
#: Messages that always name traffic: one of them that no pattern fits is a reject.
TRAFFIC = [*(n for n in PATTERNS if not {n, n[:3]} & KINDS.keys()), *(f"43000{n}" for n in range(1, 6))]
KIND = pl.coalesce(
    MESSAGE_ID.replace_strict(KINDS, default=None, return_dtype=pl.String),
    MESSAGE_ID.str.head(3).replace_strict(KINDS, default=None, return_dtype=pl.String),
)
_MESSAGES = Messages(
    id=LINE.str.extract(rf"{TAG}-?[0-9]-([0-9]{{6}})"),
    body=LINE.str.extract(HEAD).str.len_bytes(),
    patterns=PATTERNS,
    otherwise=(*PEER, *GENERIC),
    keep=("url", "dst_user"),
    noise=(pl.col("@text").str.count_matches(ADDRESS) < TWO_ENDS) & ~MESSAGE_ID.is_in(TRAFFIC),
)


@dataclass(frozen=True, slots=True)
class CiscoSyslog:
    """Lines of ASA, PIX, FWSM and FTD: sentences known by number, and `Key: Value` events.

    Teardowns do not say who opened the connection; they take the order of the `Built` with the same number of the same
    device where the source holds it.
    """

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`."""
        frame = lines.text.to_frame()
        paired = frame.select(LINE.str.contains(PAIR_EVENT).alias("p"))["p"]
        parts: list[pl.DataFrame] = []
        bad = skipped = None
        if not paired.all():
            rows = (~paired).arg_true().cast(pl.Int64)
            sentences = lines if len(rows) == len(lines) else lines.take(rows.to_numpy())
            found = _MESSAGES.fields(sentences, wanted | _READ, context)
            parts.append(_at(_ordered(found.frame, context), rows, wanted))
            bad = None if found.bad is None else _rows(found.bad, rows)
            if found.skipped is not None:
                skipped = _rows(found.skipped, rows)
                names = lines.text.gather(skipped[ROW]).str.extract(r"(%[A-Z]+-[\w-]*[0-9]{6})")
                skipped = skipped.with_columns(names.alias("program"))
        if paired.any():
            rows = paired.arg_true().cast(pl.Int64)
            parts.append(_rows(_events(lines if paired.all() else lines.take(rows.to_numpy()), wanted), rows))
        return Fields(pl.concat(parts, how="diagonal").sort(ROW), bad, skipped)


_READ = {f"{end}{what}" for end in ("src", "dst") for what in ENDS} | {"session_id", "verdict", "direction"}


def _rows(frame: pl.DataFrame, rows: pl.Series) -> pl.DataFrame:
    """Positions among some of the lines as positions among all."""
    return frame.with_columns(rows.gather(frame[ROW]).alias(ROW))


def _at(frame: pl.DataFrame, rows: pl.Series, wanted: set[str]) -> pl.DataFrame:
    """Sentences with their number, level and, where no pattern was made for them, the verdict in their words."""
    frame = _with_words(frame)
    keep = [c for c in frame.columns if c in wanted or c in (ROW, "@id", "@head")]
    frame = frame.with_columns(_marked().alias("extra"))
    return _rows(frame.select(list(dict.fromkeys([*keep, "extra"]))), rows)


def _marked() -> pl.Expr:
    """`extra` with the message's number and level before all else."""
    rest = pl.when(pl.col("extra").is_null()).then(pl.lit("}")).otherwise("," + pl.col("extra").str.slice(1))
    level = pl.col("@head").str.extract(r"([0-9])-[0-9]{6}\D*$")
    said = (
        pl.when(level.is_not_null()).then(pl.concat_str(pl.lit(',"level":"'), level, pl.lit('"'))).otherwise(pl.lit(""))
    )
    return pl.concat_str(pl.lit('{"message_id":"'), MESSAGE_ID, pl.lit('"'), said, rest)


#: Field → what to look for in a sentence that no pattern was made for.
WORDS = {
    "verdict": (DENIES, ALLOWS),
    "proto": (r"(?i)(?:^|[\s=(])(tcp|udp|icmpv6|icmp|gre|esp|sctp)\b",),
    "user": (r"(?i)\buser(?:name)? ?[=:]? ?['\"<]([^'\"<>]+)['\">]",),
    "src_if": (r"\bon interface (\S+)",),
}


def _with_words(frame: pl.DataFrame) -> pl.DataFrame:
    """Verdict, protocol, user and interface out of sentences that no pattern was made for."""
    if "@generic" not in frame.columns or not frame["@generic"].any():
        return frame
    decides = pl.col("@generic") & (KIND.is_null() | (KIND != "system"))
    columns = []
    for field, patterns in WORDS.items():
        said = pl.coalesce(pl.col("@text").str.extract(p) for p in patterns)
        have = pl.col(field) if field in frame.columns else pl.lit(None, pl.String)
        columns.append(
            pl.coalesce(have, pl.when(decides if field == "verdict" else "@generic").then(said)).alias(field)
        )
    return frame.with_columns(columns)


def _events(lines: Lines, wanted: set[str]) -> pl.DataFrame:
    """`Key: Value` events, with or without a tag before them."""
    tagged = LINE.str.extract(HEAD).str.len_bytes()
    bare = LINE.str.extract(r"^(.*?: )[A-Z][A-Za-z]+: .*(?:SrcIP|DstIP): ").str.len_bytes()
    base = lines.text.to_frame().select(
        pl.int_range(pl.len(), dtype=pl.Int64).alias(ROW),
        LINE.str.extract(rf"{TAG}-?[0-9]-([0-9]{{6}})").alias("@id"),
        pl.coalesce(tagged, bare).fill_null(0).cast(pl.Int64).alias("@at"),
    )
    begin = lines.starts + base["@at"].to_numpy()
    texts = base.select(ROW, lines.column("@text", begin, lines.ends, null_if_empty=False))
    frame = base.hstack([lines.column("@head", lines.starts, begin)]).drop("@at")
    found = pairs(texts, FTD_NAMES, wanted)
    names = set(found.columns)
    intrusion = [pl.col(c).is_not_null() for c in ("signature", "sid", "inline") if c in names]
    files = [pl.col(c).is_not_null() for c in ("file_action",) if c in names]
    number = pl.coalesce(
        MESSAGE_ID,
        pl.when(pl.any_horizontal(files or [pl.lit(False)])).then(pl.lit("430004")),
        pl.when(pl.any_horizontal(intrusion or [pl.lit(False)])).then(pl.lit("430001")),
        pl.lit("430003"),
    )
    return (
        frame.join(found, on=ROW, how="left", maintain_order="left")
        .with_columns(number.alias("@id"))
        .with_columns(extra=_marked())
    )


def _ordered(frame: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Teardowns with their ends in the order of their Built, where that named the destination first."""
    if "session_id" not in frame.columns or "direction" not in frame.columns:
        opened = context.state.get("built")
        if opened is None or "session_id" not in frame.columns:
            return frame
    device = pl.col("@head").str.extract(r"([^\s:]+)\s*:?\s*%[A-Z]+-").fill_null("").alias("device")
    numbered = frame.select(ROW, device, "session_id", MESSAGE_ID)
    direction = frame["direction"] if "direction" in frame.columns else pl.Series("d", [None], pl.String)
    built = (
        numbered.with_columns((direction == "outbound").fill_null(False).alias("turned"))
        .filter(MESSAGE_ID.is_in(BUILT))
        .select("device", "session_id", "turned", pl.col(ROW).alias("at"))
    )
    before = context.state.get("built")
    known = built if before is None else pl.concat([before, built])
    known = known.unique(["device", "session_id"], keep="last", maintain_order=True)
    torn = numbered.filter(MESSAGE_ID.is_in(TORN))
    turned = torn.join(known, on=["device", "session_id"], how="left", maintain_order="left").filter(
        pl.col("turned").fill_null(False) & (pl.col("at") < pl.col(ROW))
    )
    left = known.join(torn, on=["device", "session_id"], how="anti", maintain_order="left").tail(REMEMBERED)
    context.state["built"] = left.with_columns(pl.lit(-1, pl.Int64).alias("at"))
    if turned.is_empty():
        return frame
    swap = frame[ROW].is_in(turned[ROW].implode())
    columns = []
    for what in ENDS:
        one, two = (
            pl.col(f"{e}{what}") if f"{e}{what}" in frame.columns else pl.lit(None, pl.String) for e in ("src", "dst")
        )
        columns += [pl.when(swap).then(two).otherwise(one).alias(f"src{what}")]
        columns += [pl.when(swap).then(one).otherwise(two).alias(f"dst{what}")]
    return frame.with_columns(columns)


def _number(key: str) -> pl.Expr:
    """A port, by number or by the name that PIX gives it."""
    return pl.coalesce(uint(key, bits=16), mapped(key, SERVICES).cast(pl.UInt16, strict=False))


def _clock(key: str) -> pl.Expr:
    """`h:mm:ss`, `1d2h`, `0h:32m:16s`, `1d 2h:03m:04s` as seconds."""
    clock = pl.col(key).str.extract_groups(r"^(\d+):(\d\d):(\d\d)$")
    words = [pl.col(key).str.extract(rf"(\d+){unit}").cast(pl.Float64, strict=False) for unit in "dhms"]
    parts = [clock.struct.field(str(i)).cast(pl.Float64, strict=False) for i in (1, 2, 3)]
    spelt = pl.sum_horizontal(w.fill_null(0) * s for w, s in zip(words, (86400, 3600, 60, 1), strict=True))
    by_words = pl.when(pl.any_horizontal(w.is_not_null() for w in words)).then(spelt)
    return pl.coalesce(parts[0] * 3600 + parts[1] * 60 + parts[2], by_words)


def _mapped_address(end: str) -> pl.Expr:
    """The address in brackets behind an end, where it is another or has another port."""
    return pl.when(_is_mapped(end)).then(pl.col(f"{end}_nat"))


def _mapped_port(end: str) -> pl.Expr:
    """The port in brackets behind an end, likewise."""
    return pl.when(_is_mapped(end)).then(_number(f"{end}_nat_port"))


def _is_mapped(end: str) -> pl.Expr:
    return (pl.col(f"{end}_nat") != pl.col(end)) | (pl.col(f"{end}_nat_port") != pl.col(f"{end}_port"))


def _name(value: pl.Expr) -> pl.Expr:
    """A name that stands where an address should."""
    return pl.when(~value.str.contains(rf"^(?:{ADDRESS})$|/|^[0-9.]*$")).then(value)


def _host(url: pl.Expr) -> pl.Expr:
    """The host of a URL, where it is a name."""
    return _name(url.str.extract(r"(?i)^(?:[a-z][a-z0-9+.-]*://)(?:[^/@]*@)?([^/:?#\[\]]+)"))


def _person(*keys: str) -> pl.Expr:
    """A user without domain or realm."""
    words = text(*keys).str.extract(r"([^\\]+)$").str.strip_chars()
    return pl.when(~words.str.to_lowercase().is_in(NOBODY)).then(words)


PAIRED = MESSAGE_ID.str.starts_with("4300")
SECONDS = pl.coalesce(_clock("duration"), pl.col("seconds").cast(pl.Float64, strict=False))
LENGTH = pl.duration(microseconds=(SECONDS.fill_null(0) * 1e6).cast(pl.Int64))
FIRST = pl.coalesce(iso("first"), epoch("first"))
#: The end of a VPN or TLS session is no denial.
IS_END_OF_SESSION = (KIND == "vpn").fill_null(False) & pl.col("verdict").str.contains("(?i)^terminat").fill_null(False)
IS_NAT = MESSAGE_ID.is_in(["305009", "305010", "305011", "305012"])
#: Access lists and FTD write the type and code of ICMP where the ports are.
PORT_IS_ICMP = PAIRED | MESSAGE_ID.is_in(["106100", "106102", "106103"])
VERDICT = pl.coalesce("verdict", "inline", "file_action").str.to_lowercase()
PROTOCOL = pl.when(MESSAGE_ID == "106013").then(pl.lit("icmp")).when(
    pl.col("proto").str.to_lowercase().is_in(["icmp", "icmp6"])
    & pl.any_horizontal(pl.col(c).str.contains(":", literal=True) for c in ("src", "dst"))
).then(pl.lit("ipv6-icmp")).otherwise(pl.col("proto"))  # fmt: skip
IDS_ACTION = (
    pl.when(VERDICT.str.contains(r"\b(?:block|drop|reject|reset)") & ~VERDICT.str.contains(r"^would"))
    .then(pl.lit("deny"))
    .otherwise(pl.lit("alert"))
)

COLUMNS: Columns = {
    "sensor": text("@host", "device"),
    "ts": pl.coalesce(FIRST, pl.col("@ts") - LENGTH),
    "ts_local": pl.when(FIRST.is_null()).then(pl.col("@ts_local") - LENGTH),
    "ts_end": pl.when(SECONDS.is_not_null()).then(pl.col("@ts")),
    "ts_end_local": pl.when(SECONDS.is_not_null()).then(pl.col("@ts_local")),
    "kind": KIND,
    "action": pl.when(IS_NAT | IS_END_OF_SESSION).then(None)
    .when(MESSAGE_ID.is_in(["430001", "430004", "430005"])).then(IDS_ACTION)
    .otherwise(
        pl.coalesce(
            MESSAGE_ID.replace_strict(ACTIONS_BY_NUMBER, default=None, return_dtype=pl.String),
            mapped(VERDICT, ACTIONS),
            pl.when(VERDICT.str.contains(r"\bblock|\breset")).then(pl.lit("deny")),
        )
    ),
    "disposition": VERDICT,
    "direction": mapped("direction", {"inbound": "inbound", "outbound": "outbound"}),
    "protocol": PROTOCOL,
    "src_ip": pl.col("src"),
    "src_port": _number("src_port"),
    "dst_ip": pl.col("dst"),
    "dst_port": _number("dst_port"),
    "src_nat_ip": pl.when(IS_NAT).then(pl.col("dst")).otherwise(_mapped_address("src")),
    "src_nat_port": pl.when(IS_NAT).then(_number("dst_port")).otherwise(_mapped_port("src")),
    "dst_nat_ip": _mapped_address("dst"),
    "dst_nat_port": _mapped_port("dst"),
    "bytes": uint("bytes"),
    "bytes_out": uint("bytes_out"),
    "bytes_in": uint("bytes_in"),
    "packets_out": uint("packets_out"),
    "packets_in": uint("packets_in"),
    "duration": SECONDS,
    "tcp_flags": tcp_flag_words(pl.col("flags")),
    "icmp_type": pl.coalesce(
        pl.when(MESSAGE_ID == "106013").then(pl.lit(8, pl.UInt8)),
        uint("icmp_type", bits=8), mapped("icmp_type", ICMP_TYPES).cast(pl.UInt8, strict=False),
        pl.when(PORT_IS_ICMP).then(uint("src_port", bits=8)),
    ),
    "icmp_code": pl.coalesce(
        uint("icmp_code", bits=8), mapped("icmp_code", ICMP_CODES).cast(pl.UInt8, strict=False),
        pl.when(PORT_IS_ICMP).then(uint("dst_port", bits=8)),
    ),
    "in_iface": pl.col("src_if"),
    "out_iface": pl.col("dst_if"),
    "src_zone": pl.col("src_zone"),
    "dst_zone": pl.col("dst_zone"),
    "rule": pl.col("rule"),
    "reason": pl.col("reason"),
    "app": text("web_app", "app", "client"),
    "dst_name": pl.coalesce(
        _host(pl.col("url")), _name(pl.col("host")), pl.col("server"), pl.when(~PAIRED).then(_name(pl.col("dst")))
    ),
    "user_name": _person("src_user", "src_bare_user", "user", "dst_user", "dst_bare_user"),
    "signature": text("signature", "threat"),
    "signature_id": pl.coalesce(
        pl.concat_str(["gid", "sid", "sid_rev"], separator=":"), pl.col("signature_id"), pl.col("sid")
    ),
    "severity": mapped(pl.coalesce("severity", "priority"), SEVERITY),
    "session_id": pl.col("session_id"),
    "repeat_count": uint("hits", bits=32),
}  # fmt: skip


def _nat(value: pl.Expr) -> pl.Expr:
    return pl.when(IS_NAT & pl.col("src").is_not_null()).then(value)


TRANSLATIONS: Columns = {
    "sensor": _nat(COLUMNS["sensor"]),
    "protocol": _nat(pl.col("proto")),
    "orig_src_ip": _nat(pl.col("src")),
    "orig_src_port": _nat(_number("src_port")),
    "new_src_ip": _nat(pl.col("dst")),
    "new_src_port": _nat(_number("dst_port")),
    "started_at": _nat(pl.col("@ts") - LENGTH),
    "started_at_local": _nat(pl.col("@ts_local") - LENGTH),
    "ended_at": _nat(pl.when(SECONDS.is_not_null()).then(pl.col("@ts"))),
    "ended_at_local": _nat(pl.when(SECONDS.is_not_null()).then(pl.col("@ts_local"))),
}
