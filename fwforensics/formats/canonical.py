"""CSV and JSON lines whose columns bear the names of our own tables: exports, and anything mapped to them by hand.

Read are `events`, `activity`, `leases`, `translations` and `gpu_samples`; the columns tell which. Missing columns are
NULL, others go to `extra`, and so do values that a closed word list does not know. `start`, `start_ts` and `start_time`
are `started_at` (likewise the end), `sandbox_ip` is `ip`, `tool_name` is `tool`, `exit_code` is `status`.

Reference: docs/schema.md

An activity that does not say its kind is a tool call if it names a tool or a command, else a step, an episode, a
container, and else a run: so the lines of a run manifest are runs. A record with `src_ip`, `dst_ip` and `ts` is an
event. `source_id`, `line_no`, `record_no` and `n_lines` of an export are where the row stood in the other case, and are
dropped. An apostrophe before `=`, `+`, `-` or `@` in a CSV value, as exports write it for spreadsheets, is taken away.

Time: ISO 8601 with zone, epoch seconds to nanoseconds, or without zone (then the zone that the analyst gives).
Not covered: CSV values with a line feed in them; Parquet is read by `canonical_parquet`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from fwforensics.formats._canonical import PROVENANCE, READ, STARTS, columns_of, merged_extra, table_of
from fwforensics.formats._exports import IS_OBJECT, Export, csv_names, csv_rows
from fwforensics.formats._format import Context, Fields, Format
from fwforensics.formats._layouts import LINE, ROW, escape_json
from fwforensics.formats._lines import Lines
from fwforensics.schema import WORDS


def has(*keys: str) -> pl.Expr:
    """Lines with one of these JSON keys."""
    return pl.any_horizontal([LINE.str.contains(f'"{key}"', literal=True) for key in keys])


#: The table that a JSON line belongs to; the same tests as `table_of`, over text.
TABLE = (
    pl.when(has("owner_kind", "owner_id") & has("ip")).then(pl.lit("leases"))
    .when(has("orig_src_ip") & has("new_src_ip", "new_dst_ip")).then(pl.lit("translations"))
    .when(has("ts") & has("gpu") & has("utilization", "memory_mib", "power_w")).then(pl.lit("gpu_samples"))
    .when(has("run_id", "episode_id", "activity_id") & has(*STARTS)).then(pl.lit("activity"))
    .when(has("src_ip") & has("dst_ip") & has("ts")).then(pl.lit("events"))
)  # fmt: skip
OBJECT = LINE.str.contains(IS_OBJECT)
IDENTIFIERS = r'^\x{feff}?"?[A-Za-z_]\w*"?(?:,"?[A-Za-z_]\w*"?)+\s*$'
HEADER = LINE.str.contains(IDENTIFIERS) & LINE.str.contains(
    r"\b(?:src_ip|orig_src_ip|run_id|episode_id|activity_id|owner_id|owner_kind|gpu)\b"
)
FORMULA = r"^'([=+\-@\t\r])"


def field_names(header: str) -> list[str | None]:
    """Names of the columns, `@extra` for our own `extra`, None for where a row once stood."""
    names = [name.lower() for name in csv_names(header)]
    return ["@extra" if name == "extra" else None if name in PROVENANCE else name for name in names]


@dataclass(frozen=True, slots=True)
class Canonical:
    """JSON objects and CSV with a header, each record with the table that its names say."""

    reads_json = True

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`."""
        shown = lines.text.to_frame().select(object=OBJECT, header=HEADER, table=TABLE, line="line")
        tables = self._tables(shown, context)
        export = Export(HEADER, names=field_names)
        part = export.fields(lines, {*wanted, *PROVENANCE, "extra", "@extra"}, context)
        rows = part.frame[ROW].to_numpy()
        inside = pl.when("object").then(pl.col("line").str.json_path_match("$.extra")).alias("@inside")
        frame = part.frame.with_columns(tables.gather(rows).alias("@table"), shown[rows].select(inside).to_series())
        given = ("@inside", "@extra") if "@extra" in frame.columns else ("@inside",)
        frame = frame.with_columns(extra=merged_extra(pl.col("extra"), pl.coalesce(given)))
        if "kind" in frame.columns:
            odd = (pl.col("@table") == "activity") & ~pl.col("kind").str.to_lowercase().is_in(WORDS["activity_kind"])
            word = pl.concat_str([pl.lit('{"kind":"'), escape_json(pl.col("kind")), pl.lit('"}')])
            frame = frame.with_columns(extra=merged_extra(pl.col("extra"), pl.when(odd).then(word)))
        texts = [c for c in frame.columns if frame.schema[c] == pl.String and c[0] != "@" and c != "extra"]
        frame = frame.with_columns(pl.col(c).str.replace(FORMULA, "$1") for c in texts)
        return Fields(frame.drop(*(c for c in PROVENANCE if c in frame.columns)), part.bad, part.skipped)

    def _tables(self, shown: pl.DataFrame, context: Context) -> pl.Series:
        """The table of each line: its own for an object, its header's for a row."""
        heads = np.flatnonzero(shown["header"].to_numpy())
        said = [
            context.state.get("table"),
            *(table_of(n for n in field_names(shown["line"][int(i)]) if n) for i in heads),
        ]
        context.state["table"] = said[-1]
        below = pl.Series(said, dtype=pl.String).gather(np.searchsorted(heads, np.arange(shown.height), side="right"))
        return shown.select(pl.when("object").then("table").otherwise(below)).to_series()


FORMAT = Format(
    name="canonical",
    title="Our own tables as CSV or JSON lines",
    reference="docs/schema.md",
    notes="Columns named as in events, activity, leases, translations or gpu_samples; others go to extra.",
    syslog=False,
    priority=95,
    opens=HEADER,
    follows=csv_rows,
    is_record=(OBJECT & TABLE.is_not_null()) | HEADER,
    layout=Canonical(),
    columns=columns_of("events"),
    tables={table: columns_of(table) for table in READ if table != "events"},
)
