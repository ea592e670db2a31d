"""Snort's full alerts: a line with the rule, one with its class, one with time and ends, and lines about the packet."""

# ruff: noqa: E501 (one sentence of the vendor, one line)
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from fwforensics.formats._format import Context, Fields
from fwforensics.formats._lines import Lines
from fwforensics.formats._messages import json_of
from fwforensics.formats._pieces import LINE, ROW

HEAD = r'^\[\*\*\] \[(?P<gid>\d+):(?P<sid>\d+):(?P<rev>\d+)\] +"?(?P<signature>.*?)"? \[\*\*\]\s*$'
IP = r"[0-9A-Fa-f.:]+?"
#: What else the lines of a block say; the first line that says it counts.
PARTS = (
    r"^(?:\[Classification: (?P<class>[^\]]*)\] ?)?\[Priority: (?P<priority>\d+)\]",
    r"^(?P<when>\d\d/\d\d(?:/\d{2,4})?-\d\d:\d\d:\d\d\.\d+) .*-> ",
    rf"^(?:\d\d/\d\d(?:/\d{{2,4}})?-\d\d:\d\d:\d\d\.\d+ )?\[?(?P<src>{IP})\]?(?::(?P<src_port>\d+))? -> \[?(?P<dst>{IP})\]?(?::(?P<dst_port>\d+))?(?: (?P<of>[A-Z][\w:-]*) TTL:.*)?\s*$",
    r"^(?:.* )?(?P<proto>[A-Z][A-Z0-9:-]*) TTL:(?P<ttl>\d+) TOS:(?P<tos>\S+) ID:(?P<id>\d+) IpLen:\d+ DgmLen:(?P<length>\d+)",
    r"^(?P<flags>[*12UAPRSF]{8}) Seq: ",
    r"^Type: ?(?P<icmp_type>\d+) +Code: ?(?P<icmp_code>\d+)",
    r"^(?P<references>\[Xref => .*)$",
)
BLOCK_LINE = (
    r"^(?:\[\*\*\] \[\d+:\d+:\d+\] .* \[\*\*\]\s*$|(?:\[Classification: [^\]]*\] ?)?\[Priority: \d+\]\s*$|\[Xref => "
    r"|\d\d/\d\d(?:/\d{2,4})?-\d\d:\d\d:\d\d\.\d+ [0-9A-Fa-f.:\[\]]+ -> [0-9A-Fa-f.:\[\]]+(?: type:.*)?\s*$"
    r"|(?:[0-9A-Fa-f.:]+ -> [0-9A-Fa-f.:]+ )?[A-Z][A-Z0-9:-]* TTL:\d+ TOS:|[*12UAPRSF]{8} Seq: |Type: ?\d+ +Code: ?\d+"
    r"|\d{1,3}(?:\.\d{1,3}){3}:\d+ -> \d{1,3}(?:\.\d{1,3}){3}:\d+\s*$|Len: \d+\s*$|TCP Options \(\d+\) => |\*\* (?:ORIGINAL|END)|UDP header truncated|Frag Offset: )"
)


@dataclass(frozen=True, slots=True)
class Blocks:
    """Blocks of lines, one record each; adds `@n_lines`.

    The lines of a block that stand before its addresses may be in another batch: what they said is remembered.
    """

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`."""
        patterns = (HEAD, *PARTS)
        groups = [LINE.str.extract_groups(p).alias(str(i)) for i, p in enumerate(patterns)]
        found = lines.text.to_frame().select(groups)
        parts = pl.concat([found[c].struct.unnest() for c in found.columns], how="horizontal")
        heads = parts["gid"].is_not_null()
        ends = parts["src"].is_not_null()
        # A quoted packet has addresses, too: a new record begins at a rule's line, or at a time without one before it.
        begins = heads | (parts["when"].is_not_null() & ~_has_head(heads, parts["when"].is_not_null()))
        numbered = parts.with_columns(
            pl.Series(ROW, np.arange(len(lines)), pl.Int64),
            pl.Series("block", begins.cast(pl.UInt32).cum_sum()),
            there=ends,
        )
        whole = numbered.group_by("block", maintain_order=True).agg(
            pl.col(ROW).first(), pl.len().alias("n"), pl.col("there").any(), pl.col(parts.columns).drop_nulls().first()
        )
        return _result(whole, numbered, wanted, context)


def _has_head(heads: pl.Series, times: pl.Series) -> pl.Series:
    """Is the time the first one since a rule's line?"""
    frame = pl.DataFrame({"h": heads.cast(pl.UInt32).cum_sum(), "t": times})
    return frame.select((pl.col("h") > 0) & (pl.col("t").cast(pl.UInt32).cum_sum().over("h") <= 1)).to_series()


def _result(whole: pl.DataFrame, numbered: pl.DataFrame, wanted: set[str], context: Context) -> Fields:
    """Records with ends; blocks that the batch cuts are no records, and what is no part of any is bad."""
    names = [c for c in whole.columns if c not in ("block", ROW, "n", "there")]
    before = context.state.pop("block", None)
    first = whole["there"].arg_true()
    if before and len(first) and whole["gid"][int(first[0])] is None:
        at = int(first[0])
        fill = [
            pl.when(pl.int_range(pl.len()) == at)
            .then(pl.coalesce(c, pl.lit(before.get(c), pl.String)))
            .otherwise(c)
            .alias(c)
            for c in names
        ]
        whole = whole.with_columns(fill)
    if whole.height and not whole["there"][-1] and whole["gid"][-1] is not None:
        context.state["block"] = {k: v for k, v in whole.row(-1, named=True).items() if k in names and v is not None}
    known = pl.col("gid").is_not_null()
    good = whole.filter("there", known)
    lost = numbered.join(whole.filter(~pl.col("there")).select("block"), on="block", how="semi")
    orphans = numbered.join(whole.filter("there", ~known).select("block"), on="block", how="semi")
    bad = orphans.select(ROW, reason=pl.lit("an alert's addresses without its rule")) if orphans.height else None
    frame = good.select(ROW, pl.col("n").cast(pl.String).alias("@n_lines"), *(c for c in names if c in wanted))
    rest = good.select(c for c in names if c not in wanted and c != "of")
    frame = frame.with_columns(json_of(rest, good.height))
    skipped = lost.select(ROW, reason=pl.lit("part of an alert without its addresses")) if lost.height else None
    return Fields(frame, bad, skipped)
