"""What is in the case and how it is corrected: info, sources, rejects, networks, coverage, clock, evidence, verify."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import polars as pl
import typer

from fwforensics import evidence as proof
from fwforensics import overview, removal
from fwforensics.cli import options, render
from fwforensics.cli.app import app
from fwforensics.cli.exits import ExitCode
from fwforensics.cli.noun import noun
from fwforensics.errors import UsageError
from fwforensics.queries import listing
from fwforensics.store import Case, utc_of

sources_app = noun(
    "sources",
    "The sources of the case; correct a wrong ingest.",
    {"source-list": None},
    hide=("ingested_at", "member", "parsed", "rows", "size_bytes", "sensor_basis", "tz_basis", "sha256"),
)
networks_app = noun("networks", "What counts as inside.", {"network-list": None})
coverage_app = noun(
    "coverage",
    "When each sensor was alive, and when each run could have been seen.",
    {"sensor-coverage": None, "exposure-list": "exposure of runs"},
)
clock_app = noun(
    "clock", "Clock offsets of sensors; applied when queried, never written into events.", {"clock-list": None}
)


def moment(text: str) -> datetime:
    """A time that a user wrote: ISO 8601; UTC where it has no zone."""
    try:
        return utc_of(datetime.fromisoformat(text))
    except ValueError:
        raise UsageError(f"{text!r} is no time", remedy="write 2026-11-24T00:48:00Z or 2026-11-24") from None


@app.command()
def info(
    case: options.CasePath = None, output: options.Output = render.OutputFormat.TABLE, as_json: options.AsJson = False
) -> None:
    """Sources, time range, coverage and gaps of each sensor, runs, rejects, and what was ignored."""
    options.choose(output, as_json)
    with options.reading(case) as opened:
        parts = overview.overview(opened)
    if render.style.output is not render.OutputFormat.TABLE:
        flat = [
            pl.DataFrame({"section": name, **row}, strict=False) for name, f in parts.items() for row in f.to_dicts()
        ]
        render.show(pl.concat(flat, how="diagonal_relaxed") if flat else pl.DataFrame())
        return
    for name, frame in parts.items():
        render.show(frame, title=name, limit=50)


@sources_app.command("remove")
def remove_source(
    ctx: typer.Context,
    ids: Annotated[list[int], typer.Argument(help="Numbers of sources.")],
    case: options.CasePath = None,
) -> None:
    """Take sources and all that came from them out of the case; the evidence stays as it is."""
    with options.writing(case or ctx.obj) as opened:
        overview.require_sources(opened, ids)
        removal.require_independent(opened, ids)
        with opened.transaction():
            for source_id in ids:
                removal.remove_rows(opened, source_id)
            opened.log("sources remove", {"ids": ids}, 0, 0.0)
        options.settle(opened)
    render.say(f"removed {len(ids)} sources")


@sources_app.command("set")
def set_source(
    ctx: typer.Context,
    ids: Annotated[list[int], typer.Argument(help="Numbers of sources.")],
    run: Annotated[str | None, typer.Option(help="Run that they belong to; an empty text takes it away.")] = None,
    sensor: Annotated[str | None, typer.Option(help="Name of the device that logged them.")] = None,
    case: options.CasePath = None,
) -> None:
    """Correct run or sensor of sources, without reading them again."""
    if run is None and sensor is None:
        raise UsageError("nothing to set", remedy="give --run or --sensor")
    if sensor == "":
        raise UsageError("a sensor needs a name", remedy="to read it from the records again: fwf ingest --replace")
    with options.writing(case or ctx.obj) as opened:
        overview.set_sources(opened, ids, run=run, sensor=sensor)
        options.settle(opened)
    render.say(f"changed {len(ids)} sources")


@app.command()
def rejects(
    case: options.CasePath = None,
    source: Annotated[int | None, typer.Option(help="Only of this source.")] = None,
    limit: options.Limit = 50,
    output: options.Output = render.OutputFormat.TABLE,
    as_json: options.AsJson = False,
) -> None:
    """Lines that could not be read, with the reason."""
    options.choose(output, as_json)
    with options.reading(case) as opened:
        frame = listing(opened, "reject-list", only=source)
    render.show(frame, limit=limit or None, hide=("path",))


@networks_app.command("add")
def add_network(
    ctx: typer.Context,
    cidr: Annotated[str, typer.Argument(help="Network, such as 203.0.113.0/24.")],
    name: Annotated[str | None, typer.Option(help="What it is.")] = None,
    external: Annotated[bool, typer.Option("--external", help="It counts as outside.")] = False,
    case: options.CasePath = None,
) -> None:
    """Declare what a network is."""
    with options.writing(case or ctx.obj, create=True) as opened:
        with opened.transaction():
            opened.add_network(cidr, name, "external" if external else "internal")
            opened.execute("UPDATE meta SET derived_dirty = true")
            opened.log("networks add", {"cidr": cidr, "name": name, "external": external}, 1, 0.0)
        options.settle(opened)
    render.say(f"{cidr} is {'outside' if external else 'inside'}")


@networks_app.command("remove")
def remove_network(ctx: typer.Context, cidr: Annotated[str, typer.Argument()], case: options.CasePath = None) -> None:
    """Forget a network."""
    with options.writing(case or ctx.obj) as opened:
        overview.remove_network(opened, cidr)
        options.settle(opened)
    render.say(f"forgot {cidr}")


@networks_app.command("import")
def import_networks(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(help="CSV with cidr, name, zone.")],
    case: options.CasePath = None,
) -> None:
    """Declare the networks of a CSV file (cidr, name, zone)."""
    with options.writing(case or ctx.obj, create=True) as opened:
        count = overview.import_networks(opened, file)
        options.settle(opened)
    render.say(f"declared {count} networks")


@coverage_app.command("declare")
def declare(
    ctx: typer.Context,
    sensor: Annotated[str, typer.Argument(help="The device.")],
    start: Annotated[str, typer.Argument(metavar="FROM", help="Time, UTC unless it has a zone.")],
    end: Annotated[str, typer.Argument(metavar="TO")],
    case: options.CasePath = None,
) -> None:
    """Say that a sensor was alive, though its records do not show it."""
    begin, until = moment(start), moment(end)
    if until <= begin:
        raise UsageError("the interval is empty", remedy="give FROM before TO")
    with options.writing(case or ctx.obj) as opened:
        _warn_of_strangers(opened, sensor)
        with opened.transaction():
            opened.execute("INSERT INTO coverage_declared VALUES (?, ?, ?)", [sensor, begin, until])
            opened.execute("UPDATE meta SET derived_dirty = true")
            opened.log("coverage declare", {"sensor": sensor, "from": begin, "to": until}, 1, 0.0)
        options.settle(opened)
    render.say(f"{sensor} counts as alive from {render.stamp(begin)} to {render.stamp(until)}")


@clock_app.command("set", context_settings={"ignore_unknown_options": True})
def set_clock(
    ctx: typer.Context,
    sensor: Annotated[str, typer.Argument(help="The device.")],
    seconds: Annotated[float, typer.Argument(help="Seconds to add to its times.")],
    case: options.CasePath = None,
) -> None:
    """Declare how far a sensor's clock is off."""
    with options.writing(case or ctx.obj) as opened:
        _warn_of_strangers(opened, sensor)
        with opened.transaction():
            opened.execute("DELETE FROM clocks WHERE sensor = ?", [sensor])
            opened.execute("INSERT INTO clocks (sensor, offset_s, basis) VALUES (?, ?, 'declared')", [sensor, seconds])
            opened.execute("UPDATE meta SET derived_dirty = true")
            opened.log("clock set", {"sensor": sensor, "seconds": seconds}, 1, 0.0)
        options.settle(opened)
    render.say(f"{sensor}: {seconds:+g} s")


def _warn_of_strangers(case: Case, sensor: str) -> None:
    """What is declared of a sensor that left no record, often a misspelt one, is said to be so."""
    known = listing(case, "sensor-coverage")["sensor"].to_list()
    if sensor not in known:
        render.say(
            f"no record in the case is of a sensor {sensor!r}; there are: {', '.join(map(str, known)) or 'none'}"
        )


@app.command()
def evidence(
    finding: Annotated[str | None, typer.Argument(help="Pattern (P-…) or violation (V-…).")] = None,
    source: Annotated[int | None, typer.Option(help="In place of a finding: a source, with --line.")] = None,
    line: Annotated[list[int] | None, typer.Option(help="Line numbers in that source.")] = None,
    case: options.CasePath = None,
    limit: options.Limit = 100,
    output: options.Output = render.OutputFormat.TABLE,
    as_json: options.AsJson = False,
) -> None:
    """Read the raw lines back from the sources, after their hash is checked."""
    options.choose(output, as_json)
    if (finding is None) == (source is None) or (source is not None and not line):
        raise UsageError("which lines?", remedy="give a finding, or --source N --line M")
    with options.reading(case) as opened:
        places = proof.of_finding(opened, finding) if finding else [(source or 0, n) for n in line or ()]
        shown = places[:limit] if limit else places
        found = list(proof.raw_lines(opened, shown))
    if render.style.output is render.OutputFormat.TABLE:
        render.quotations([(f"source {r.source_id}: {r.label}", r.line_no, r.raw) for r in found])
    else:
        rows = [(r.source_id, r.label, r.line_no, r.raw) for r in found]
        columns: dict[str, type[pl.DataType]] = {
            "source_id": pl.UInt32, "path": pl.String, "line_no": pl.UInt64, "raw": pl.String,
        }  # fmt: skip
        render.show(pl.DataFrame(rows, schema=columns, orient="row"))
    if len(shown) < len(places):
        render.say(f"showing {len(shown):,} of {len(places):,} lines; --limit 0 shows all")
    render.say("the SHA-256 of every source is what was ingested")


@app.command()
def verify(
    case: options.CasePath = None, output: options.Output = render.OutputFormat.TABLE, as_json: options.AsJson = False
) -> None:
    """Hash every source again and check the case; exit 1 where something changed or is missing."""
    options.choose(output, as_json)
    with options.reading(case) as opened:
        verdicts = list(proof.verify(opened))
        faults = overview.check(opened)
    rows = [(v.source_id, v.label, v.state, v.detail) for v in verdicts] + [(None, "case", "wrong", f) for f in faults]
    render.show(
        pl.DataFrame(
            rows,
            schema={"source_id": pl.UInt32, "path": pl.String, "state": pl.String, "detail": pl.String},
            orient="row",
        )
    )
    bad = sum(v.state in ("changed", "missing") for v in verdicts) + len(faults)
    render.say(
        f"{len(verdicts)} sources, {bad} not as they were" if bad else f"{len(verdicts)} sources, all as they were"
    )
    if bad:
        raise typer.Exit(ExitCode.ERROR)
