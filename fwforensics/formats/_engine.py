"""From numbered lines to canonical frames: recognise, take apart, map, finish, account for every line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import polars as pl

from fwforensics.formats._account import MAX_RAW as MAX_RAW
from fwforensics.formats._account import Batch, ignore, reject, time_rows
from fwforensics.formats._finish import finish
from fwforensics.formats._format import Columns, Context, Fields, Format
from fwforensics.formats._lines import Lines, Mask
from fwforensics.formats._mapping import completed, plan, select
from fwforensics.formats._opening import Opening
from fwforensics.formats._ordinals import Ordinals
from fwforensics.formats._pieces import ROW, escape_json
from fwforensics.formats._recogniser import Recogniser
from fwforensics.formats._recogniser import claimed_by as claimed_by
from fwforensics.formats._responses import burst
from fwforensics.formats._syslog import headers

#: A line longer than this is no log line; it is a reject, and its text stays in the evidence.
MAX_LINE = 16 << 20
HEADER_COLUMNS = ("@ts", "@ts_local", "@yearless", "@host", "@program", "@prefix")
EMPTY_WORDS = ("-", "--", "0.0.0.0", "::", "N/A", "n/a", "none", "None", "unknown", "0")  # noqa: S104
#: Two addresses and a verdict or a port: never to be passed over as somebody else's line.
ADDRESS = r"(?:\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{0,4}){3,7})"
VERDICT = (
    r"(?i)(?:^|[^a-z])(?:allow(?:ed)?|accept(?:ed)?|permit(?:ted)?|pass(?:ed)?|den(?:y|ied)"
    r"|drop(?:ped)?|block(?:ed)?|reject(?:ed)?)(?:[^a-z]|$)"
)
PORT = rf"{ADDRESS}\]?[:/#(,]\d{{1,5}}\b|(?i)(?:port|spt|dpt)\W{{1,3}}\d{{1,5}}\b"


def parse(lines: Lines, recogniser: Recogniser, contexts: Mapping[str, Context], base: Context) -> Batch:
    """Parse a batch of lines.

    Args:
        lines: the lines; their order is the source's.
        recogniser: which formats there are; remembers what the source showed so far.
        contexts: a context for each format, with state of its own.
        base: the context for syslog headers of lines that no format claims.
    """
    batch = Batch(lines=len(lines))
    opening = Opening(recogniser, contexts, base, _parse_format, _unclaimed)
    sheet = opening.sheet(lines)
    units = burst(lines) if sheet is None else sheet.rows(lines)
    batch.more = len(units) - len(lines)
    batch.lines += batch.more
    if units.repeats:
        batch.ordinals = Ordinals(units.numbers, base.state)
    usable, _ = _set_aside(units, batch, spans=sheet is not None)
    if sheet is None:
        _parse_lines(usable, opening, batch)
    else:
        opening.rows(sheet, usable, batch)
    return batch


def _parse_lines(lines: Lines, opening: Opening, batch: Batch) -> None:
    """Parse lines that are what they look like, or carry others."""
    done = opening.prefixed(lines, batch)
    if done.any():
        lines = lines.take(~done)
    claims = opening.recogniser.claims(lines)
    free = np.ones(len(lines), np.bool_)
    for _, mask in claims:
        free &= ~mask
    opened = opening.objects(lines, claims, free, batch)
    for fmt, mask in claims:
        mine = mask & ~opened
        if mine.any():
            part = lines if mine.all() else lines.take(mine)
            batch.add(fmt.name, len(part))
            _parse_format(part, fmt, opening.contexts[fmt.name], batch)
    free &= ~opened
    if free.any():
        _unclaimed(lines.take(free), opening.base, batch)


def _set_aside(lines: Lines, batch: Batch, *, spans: bool = False) -> tuple[Lines, Mask]:
    """Take out blank lines and monsters; units that span several lines have line ends inside."""
    sizes = lines.ends - lines.starts
    monster = sizes > MAX_LINE
    if monster.any():
        reject(batch, lines.take(monster), f"line longer than {MAX_LINE >> 20} MiB")
    inside = _returns_inside(lines) & ~monster
    if inside.any() and not spans:
        reject(batch, lines.take(inside), "carriage returns without line feeds inside the line")
        monster |= inside
    short = np.flatnonzero(sizes < 64)
    empty = lines.take(short).text.str.strip_chars(" \t\0\ufeff\x0b\x0c\r") == ""
    blank = np.zeros(len(lines), np.bool_)
    blank[short[empty.to_numpy()]] = True
    blank &= ~monster
    if blank.any():
        ignore(batch, lines.take(blank), "blank", None)
    keep = ~monster & ~blank
    return (lines if keep.all() else lines.take(keep)), blank


def _returns_inside(lines: Lines) -> Mask:
    """Lines that hold a carriage return: records of a log whose line ends are none here."""
    returns = lines.data.count(b"\r")
    if not returns or returns == lines.data.count(b"\r\n"):
        return np.zeros(len(lines), np.bool_)
    at = np.flatnonzero(lines.bytes == ord("\r"))
    found: Mask = np.searchsorted(at, lines.ends) > np.searchsorted(at, lines.starts)
    return found


def _parse_format(lines: Lines, fmt: Format, context: Context, batch: Batch) -> None:
    """Parse lines that are all one format's."""
    if fmt.is_noise:
        lines = _noise(lines, fmt, context, batch)
    if not len(lines) or fmt.layout is None:
        return
    tables = {fmt.table: fmt.columns, **fmt.tables}
    read = set[str]().union(*(plan(columns).fields for columns in tables.values()))
    wanted = read - {*HEADER_COLUMNS, "@line"}
    fields = fmt.layout.fields(lines, wanted, context)
    if fields.bad is not None and fields.bad.height:
        reject(batch, lines.take(fields.bad[ROW].to_numpy()), fields.bad["reason"])
    if fields.skipped is not None and fields.skipped.height:
        none = lines.take(fields.skipped[ROW].to_numpy())
        ignore(batch, none, fields.skipped["reason"], fields.skipped.to_dict().get("program"))
        _note_times(batch, fmt, none, context)
    if not fields.frame.height:
        return
    taken = _records(fields, lines, fmt, batch)
    frame = _with_header(fields.frame, taken, fmt, context)
    given = set(frame.columns)
    frame = _completed(frame, taken, read, wanted)
    if "ignored" in fmt.columns:
        frame, taken = _without_traffic(frame, taken, fmt, batch)
    _fill(frame, taken, tables, given, fmt, context, batch)


def _records(fields: Fields, lines: Lines, fmt: Format, batch: Batch) -> Lines:
    """The record of each row, numbered within its line where that may hold several."""
    rows = fields.frame[ROW].to_numpy()
    taken = fields.records
    if taken is None:
        taken = lines if len(rows) == len(lines) else lines.take(rows)
    else:
        batch.hold(fmt.name, len(rows) - len(np.unique(rows)))
    if batch.ordinals is not None:
        taken.ordinals = batch.ordinals.of(taken.numbers)
    elif fields.records is not None:
        taken.ordinals = Ordinals(taken.numbers, {}).of(taken.numbers)
    return taken


def _fill(
    frame: pl.DataFrame,
    lines: Lines,
    tables: Mapping[str, Columns],
    given: set[str],
    fmt: Format,
    context: Context,
    batch: Batch,
) -> None:
    """Fill every table of a format from the fields."""
    if "@table" in frame.columns:  # each record is one table's
        for table, columns in tables.items():
            mine = (frame["@table"] == table).fill_null(False)
            if mine.any():
                alone = replace(fmt, table=table, required=fmt.required if table == fmt.table else tuple(columns))
                _map(frame.filter(mine), lines.take(mine.to_numpy()), table, columns, alone, context, batch)
        nowhere = ~frame["@table"].is_in(list(tables)).fill_null(False)
        if nowhere.any():
            reject(batch, lines.take(nowhere.to_numpy()), "not the fields of a known table")
        return
    known = plan(fmt.columns).fields
    for table, columns in tables.items():
        own = plan(columns).fields - known
        if table == fmt.table or not own or own & given:  # else nothing that only this table reads is there
            kept = _map(frame, lines, table, columns, fmt, context, batch)
            if table == fmt.table and not kept.all():  # a reject is a row of no table
                frame, lines = frame.filter(pl.Series(kept)), lines.take(kept)


def _completed(frame: pl.DataFrame, lines: Lines, read: set[str], wanted: set[str]) -> pl.DataFrame:
    """Add the fields that no line has, and the whole line where a mapping reads it."""
    missing = [pl.lit(None, pl.String).alias(k) for k in sorted(wanted - set(frame.columns))]
    frame = frame.with_columns(missing) if missing else frame
    return frame.with_columns(lines.text.alias("@line")) if "@line" in read else frame


def _without_traffic(frame: pl.DataFrame, lines: Lines, fmt: Format, batch: Batch) -> tuple[pl.DataFrame, Lines]:
    """Set aside records that say of themselves that they hold no traffic; their times count for coverage."""
    reason = frame.select(fmt.columns["ignored"].alias("ignored")).to_series()
    none = reason.is_not_null()
    if not none.any():
        return frame, lines
    names = ("ts_end", "ts", "sensor", "lost")
    said = frame.filter(none).select(fmt.columns.get(c, pl.lit(None)).alias(c) for c in names)
    ignore(batch, lines.take(none.to_numpy()), reason.filter(none), None)
    when = said.select(pl.coalesce("ts_end", "ts").cast(pl.Datetime("us"))).to_series()
    time_rows(batch, when, said["sensor"].cast(pl.String), is_event=False, lost=said["lost"].fill_null(0))
    return frame.filter(~none), lines.take(~none.to_numpy())


def _noise(lines: Lines, fmt: Format, context: Context, batch: Batch) -> Lines:
    """Set aside lines that belong to the format and hold no record; returns the others."""
    text = lines.text.to_frame()
    taken = np.zeros(len(lines), np.bool_)
    for reason, test in fmt.is_noise.items():
        hit = text.select(test.fill_null(False).alias("hit"))["hit"].to_numpy() & ~taken
        if hit.any():
            part = lines.take(hit)
            if fmt.layout is not None and reason == "header":
                fmt.layout.fields(part, set(), context)
            ignore(batch, part, reason, None)
            _note_times(batch, fmt, part, context)
            taken |= hit
    return lines.take(~taken) if taken.any() else lines


def _note_times(batch: Batch, fmt: Format, lines: Lines, context: Context) -> None:
    """Lines without traffic prove that the sensor was alive, too."""
    if not fmt.syslog:
        return
    head = headers(lines, context)
    time_rows(batch, _localised(head, context, "@ts", "@ts_local"), head["@host"], is_event=False)


def _with_header(frame: pl.DataFrame, lines: Lines, fmt: Format, context: Context) -> pl.DataFrame:
    """Add the syslog header's columns where the mapping or the record's time needs them."""
    if not fmt.syslog:
        empty = [pl.lit(None, pl.String).alias(c) for c in ("@host", "@program", "@prefix")]
        none = [pl.lit(None, pl.Datetime("us")).alias(c) for c in ("@ts", "@ts_local")]
        return frame.with_columns(*none, *empty, pl.lit(False).alias("@yearless"))
    limit = None
    if "@head" in frame.columns:
        sizes = frame["@head"].str.len_bytes().fill_null(0).to_numpy().astype(np.int64)
        limit = lines.starts + sizes
    head = headers(lines, context, limit)
    if "@own_yearless" in frame.columns:  # the record's own time has no year, whatever the header says
        head = head.with_columns(frame["@own_yearless"].alias("@yearless") | pl.col("@yearless"))
    return frame.hstack(head)


def _localised(frame: pl.DataFrame, context: Context, utc: str, local: str) -> pl.Series:
    """One UTC time from an explicit one, else from a local one in the context's zone."""
    there = pl.col(local)
    if context.tz != "UTC":

        def in_zone(e: pl.Expr) -> pl.Expr:
            zoned = e.dt.replace_time_zone(context.tz, ambiguous="earliest", non_existent="null")
            return zoned.dt.convert_time_zone("UTC").dt.replace_time_zone(None)

        # A time that the change to summer time skips is read by the offset that held before it.
        there = pl.coalesce(in_zone(there), in_zone(there - pl.duration(hours=1)) + pl.duration(hours=1))
    return frame.select(pl.coalesce(pl.col(utc), there).alias("ts")).to_series()


def _map(
    frame: pl.DataFrame, lines: Lines, table: str, columns: Columns, fmt: Format, context: Context, batch: Batch
) -> Mask:
    """Fill one canonical table from the fields; returns which records gave a row."""
    given = completed(columns, table)
    mapped = select(frame, given, list(given)).with_columns(
        frame["extra"] if "extra" in frame.columns else pl.lit(None, pl.String).alias("extra"), frame["@yearless"]
    )
    for end in ("ts", "ts_end", "started_at", "ended_at"):
        if end in given:
            used = mapped[end].is_null() & mapped[f"{end}_local"].is_not_null()
            if used.any():
                batch.local = True
                batch.yearless |= bool((used & mapped["@yearless"]).any())
                mapped = mapped.with_columns(_localised(mapped, context, end, f"{end}_local").alias(end))
    provenance = [pl.Series("line_no", lines.numbers)]
    if lines.ordinals is not None:
        provenance.append(pl.Series("record_no", lines.ordinals))
    out = finish(mapped.with_columns(provenance), table)
    if table == "events":
        out = _event_defaults(out, fmt)
    out = _keep_unread(out, frame, given)
    return _split_unusable(out, lines, table, fmt, batch)


def _event_defaults(out: pl.DataFrame, fmt: Format) -> pl.DataFrame:
    kind = pl.lit(fmt.kind)
    return out.with_columns(kind=pl.coalesce(pl.col("kind"), kind) if "kind" in out.columns else kind)


def _keep_unread(out: pl.DataFrame, frame: pl.DataFrame, columns: Columns) -> pl.DataFrame:
    """A value that its column could not take stays in `extra`, under the vendor's name."""
    readers: dict[str, list[str]] = {}
    for column, root in plan(columns).single.items():
        if column in out.columns and not root.startswith("@"):
            readers.setdefault(root, []).append(column)
    for key, targets in readers.items():
        lost = frame[key].is_not_null()
        for column in targets:
            lost &= out[column].is_null()
        if not lost.any() or not (lost := lost & ~frame[key].is_in(EMPTY_WORDS)).any():
            continue
        value = frame[key].alias("@unread")
        out = out.with_columns(value)
        pair = pl.concat_str([pl.lit(f'"{key}":"'), escape_json(pl.col("@unread")), pl.lit('"')])
        extra = pl.col("extra")
        joined = (
            pl.when(extra.is_null())
            .then(pl.concat_str([pl.lit("{"), pair, pl.lit("}")]))
            .otherwise(pl.concat_str([extra.str.head(-1), pl.lit(","), pair, pl.lit("}")]))
        )
        out = out.with_columns(extra=pl.when(lost).then(joined).otherwise(extra)).drop("@unread")
    return out


def _split_unusable(out: pl.DataFrame, lines: Lines, table: str, fmt: Format, batch: Batch) -> Mask:
    """Rows without any required value are rejects; the rest is the batch's. Returns which rows are."""
    required = [c for c in fmt.required if c in out.columns] if table == fmt.table else []
    if table == fmt.table and required:
        usable = out.select(pl.any_horizontal(pl.col(c).is_not_null() for c in required)).to_series()
    elif table == fmt.table:
        usable = pl.Series([not fmt.required]).new_from_index(0, out.height)
    else:
        usable = out.select(pl.any_horizontal(pl.exclude("line_no", "record_no", "extra").is_not_null())).to_series()
    if not usable.all():
        if table == fmt.table:
            reject(batch, lines.take((~usable).to_numpy()), f"no {' or '.join(fmt.required) or 'value'} in it")
        out = out.filter(usable)
    kept: Mask = usable.to_numpy()
    if not out.height:
        return kept
    if table == fmt.table:
        batch.parsed += out.height if "n_lines" not in out.columns else int(out["n_lines"].fill_null(1).sum())
        if table == "events":
            sensor = (
                out["sensor"]
                if "sensor" in out.columns
                else pl.Series("sensor", [None], pl.String).new_from_index(0, out.height)
            )
            when = out.select(pl.coalesce("ts_end", "ts") if "ts_end" in out.columns else "ts").to_series()
            time_rows(batch, when, sensor, is_event=True)
    have = batch.frames.get(table)
    batch.frames[table] = out if have is None else pl.concat([have, out], how="diagonal_relaxed")
    return kept


def _unclaimed(lines: Lines, context: Context, batch: Batch) -> None:
    """Lines of no format: comments and other programs are ignored, whatever looks like traffic is a reject."""
    head = headers(lines, context)
    text = lines.text.to_frame()
    tests = text.select(
        comment=pl.col("line").str.contains(r"^\s*(?:#|//|;)"),
        traffic=(pl.col("line").str.count_matches(ADDRESS) >= 2)
        & (pl.col("line").str.contains(VERDICT) | pl.col("line").str.contains(PORT)),
        lost=pl.col("line").str.extract(r"(\d+) callbacks suppressed").cast(pl.UInt64, strict=False).fill_null(0),
    )
    ts = _localised(head, context, "@ts", "@ts_local")
    known = ts.is_not_null() & (head["@host"].is_not_null() | head["@program"].is_not_null())
    batch.local |= bool((head["@ts_local"].is_not_null()).any())
    batch.yearless |= bool(head["@yearless"].any())
    traffic, comment = tests["traffic"], tests["comment"]
    other = known & ~traffic
    ignored = (other | comment & ~traffic).to_numpy()
    if ignored.any():
        reason = (
            pl.DataFrame({"c": comment & ~known})
            .select(pl.when("c").then(pl.lit("comment")).otherwise(pl.lit("other program")))
            .to_series()
            .filter(pl.Series(ignored))
        )
        program = head["@program"].filter(pl.Series(ignored))
        ignore(batch, lines.take(ignored), reason, program)
    if not ignored.all():
        rest = ~ignored
        reasons = (
            pl.DataFrame({"t": traffic.filter(pl.Series(rest))})
            .select(
                pl.when("t")
                .then(pl.lit("looks like traffic, but no format reads it"))
                .otherwise(pl.lit("not recognised"))
            )
            .to_series()
        )
        reject(batch, lines.take(rest), reasons)
    time_rows(batch, ts, head["@host"], is_event=False, lost=tests["lost"])
