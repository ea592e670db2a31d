"""`fwf hunt`, `fwf show`: findings and what they rest on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import polars as pl
import typer

from fwforensics.cli import options, render
from fwforensics.cli.app import app
from fwforensics.cli.case import moment
from fwforensics.cli.ends import print_ends
from fwforensics.cli.exits import ExitCode
from fwforensics.errors import UsageError
from fwforensics.queries import listing
from fwforensics.report.statistics import statistics
from fwforensics.store import Case

if TYPE_CHECKING:
    from fwforensics import hunt as library

SHOWN = (
    "pattern_id",
    "tier",
    "severity",
    "category",
    "target",
    "service",
    "runs",
    "interval",
    "bouts",
    "timing",
    "coincides",
    "attribution",
    "news",
    "last",
)


@app.command()
def hunt(
    case: options.CasePath = None,
    since: Annotated[
        str | None, typer.Option(help="Only connections from this time on (UTC unless it has a zone).")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Only connections before this time.")] = None,
    run: Annotated[str | None, typer.Option(help="Only this run.")] = None,
    detection: Annotated[list[str] | None, typer.Option(help="Only this detection; may be repeated.")] = None,
    min_severity: Annotated[str | None, typer.Option(help="informational, low, medium, high or critical.")] = None,
    fail_on: Annotated[
        str | None, typer.Option(help="Exit with 10 where a finding has this severity or a higher one.")
    ] = None,
    param: Annotated[
        list[str] | None, typer.Option("--param", "-p", help="Threshold as NAME=VALUE; see: fwf queries thresholds.")
    ] = None,
    show_suppressed: Annotated[
        bool, typer.Option("--show-suppressed", help="Also what the safelist hides, and which entry does.")
    ] = False,
    queries: Annotated[list[str] | None, typer.Option("--queries", help="Further folder of queries.")] = None,
    limit: options.Limit = 30,
    output: options.Output = render.OutputFormat.TABLE,
    as_json: options.AsJson = False,
) -> None:
    """Detections → violations → patterns → ranked findings."""
    from fwforensics import hunt as library  # scipy takes a second, and no other command waits for it

    options.choose(output, as_json)
    if fail_on is not None and fail_on not in library.SEVERITIES:
        raise UsageError(f"{fail_on!r} is no severity", remedy=f"known: {', '.join(library.SEVERITIES)}")
    scope = library.Scope(
        since=moment(since) if since else None, until=moment(until) if until else None, run=run,
        detections=tuple(detection or ()), min_severity=min_severity, thresholds=options.assignments(param or ()),
    )  # fmt: skip
    with options.writing(case) as opened, render.counter("patterns judged") as progress:
        outcome = library.hunt(opened, scope, queries or (), progress)
        worst = max(map(library.SEVERITIES.index, outcome.patterns["severity"]), default=-1)
        if show_suppressed:
            outcome.patterns = library.findings(opened, hidden_too=True)
    print_findings(outcome, limit)
    if fail_on is not None and worst >= library.SEVERITIES.index(fail_on):
        raise typer.Exit(ExitCode.FINDINGS)


def print_findings(outcome: library.Outcome, limit: int = 30) -> None:
    """Print the ranking; for people, with what was not evaluated and what to do next."""
    if render.style.output is not render.OutputFormat.TABLE:
        render.show(outcome.patterns)
        _say_what_is_missing(outcome)
        return
    render.show(summary(_page_one(outcome.patterns, limit)), title="findings")
    if limit and outcome.patterns.height > limit:
        shown = _page_one(outcome.patterns, limit).height
        of = outcome.patterns.height
        render.say(f"showing {shown} of {of}: the first {limit}, and all of high severity; --limit 0 shows all")
    if outcome.partial:
        render.say("partial: this hunt was filtered")
    _say_what_is_missing(outcome)
    for warning in outcome.warnings:
        render.say(warning)
    if outcome.patterns.height:
        best = outcome.patterns["pattern_id"][0]
        render.say(f"next: fwf show {best} · fwf evidence {best} · fwf query run-presence")


def _page_one(patterns: pl.DataFrame, limit: int) -> pl.DataFrame:
    """The first findings, and whatever is severe: a single tunnel does not sink below many blocked pages."""
    place = pl.int_range(pl.len())
    return patterns.filter((place < limit) | pl.col("severity").is_in(["high", "critical"])) if limit else patterns


def _say_what_is_missing(outcome: library.Outcome) -> None:
    """What the safelist hides, and what nobody could have seen: neither is an all-clear."""
    hidden = outcome.hidden
    if hidden.get("violations"):
        render.say(
            f"hidden by the safelist: {hidden['violations']:,} violations, {hidden['patterns']:,} whole patterns "
            "(--show-suppressed shows them; fwf safelist says why)"
        )
    for row in outcome.detections.to_dicts():
        if row["state"] != "evaluated":
            render.say(f"{row['detection']}: not evaluable, no source fills {row['missing']}: that is no all-clear")
        elif row["runs"]:
            render.say(f"{row['detection']}: not evaluable in {row['runs']} runs (fwf query evaluable-in-runs)")


def summary(patterns: pl.DataFrame) -> pl.DataFrame:
    """The columns that people read: recurrence as `5 of 6`, its 95 % interval, what it coincides with and how sure."""
    named = pl.when(pl.col("coincides_with") == "any call").then("q_assoc").otherwise("q_tool").clip(0.0001).round(4)
    coincides = (
        pl.when(pl.col("coincides_with").is_not_null())
        .then(pl.format("{} (q {})", "coincides_with", named))
        .when(pl.col("p_time").is_null())
        .then(pl.lit("not assessed"))
        .otherwise(pl.lit("none shown"))
        .alias("coincides")
    )
    low, high = ((100 * pl.col(f"recurrence_{end}")).round(0).cast(pl.Int64) for end in ("low", "high"))
    return patterns.with_columns(
        pl.format("{} of {}", "runs_hit", pl.col("runs_exposed").cast(pl.String).fill_null("?")).alias("runs"),
        pl.format("{}–{} %", low, high).alias("interval"),
        pl.col("n_bouts").alias("bouts"),
        coincides,
        pl.col("last_ts").dt.truncate("1s").alias("last"),
    ).select(*SHOWN, *(["suppressed_by"] if patterns["suppressed_by"].is_not_null().any() else []))


@app.command()
def show(
    finding: Annotated[str, typer.Argument(help="Pattern (P-…) or violation (V-…).")],
    case: options.CasePath = None,
    output: options.Output = render.OutputFormat.TABLE,
    as_json: options.AsJson = False,
) -> None:
    """One finding: verdict, recurrence, bouts, violations, and where its evidence lies."""
    options.choose(output, as_json)
    with options.reading(case) as opened:
        if finding[:2].upper() == "P-":
            _show_pattern(opened, "P-" + finding[2:].lower())
        elif finding[:2].upper() == "V-":
            _show_violation(opened, "V-" + finding[2:].lower())
        else:
            raise UsageError(f"{finding!r} is neither a pattern (P-…) nor a violation (V-…)", remedy="see: fwf hunt")


def _one(case: Case, sql: str, finding: str) -> dict[str, Any]:
    rows = case.sql(sql, [finding]).rows()
    if not rows:
        raise UsageError(f"there is no finding {finding}", remedy="see: fwf hunt")
    return rows[0]


def _show_pattern(case: Case, finding: str) -> None:
    row = _one(case, "SELECT * FROM patterns WHERE pattern_id = ?", finding)
    if render.style.output is not render.OutputFormat.TABLE:
        render.show(case.sql("SELECT * FROM patterns WHERE pattern_id = ?", [finding]).pl())
        return
    render.lines([row["verdict"], ""])
    for title, found in statistics(row).items():
        render.mapping(found, title)
        render.lines([""])
    scope = case.sql("SELECT scope FROM hunts ORDER BY hunt_id DESC LIMIT 1").scalar()
    if scope == "partial":
        render.say("partial: the hunt was filtered")
    bouts = listing(case, "pattern-bouts", finding=finding)
    render.show(bouts, title="bouts", limit=30)
    against = listing(case, "pattern-associations", finding=finding)
    if against.height:
        render.show(against, title="what it was tested against: bouts that coincide, expected by chance", limit=12)
    before = listing(case, "pattern-calls", finding=finding)
    if before.height:
        render.show(before, title="such calls before each bout, all of them: time alone names none", limit=20)
    calls = listing(case, "pattern-candidates", finding=finding)
    if calls.height:
        render.show(
            calls, title="tool calls that are the best candidate of violations (a coincidence, no proof)", limit=10
        )
    marked = listing(case, "pattern-violations", finding=finding)
    render.show(marked, title="violations", limit=20)
    print_ends(case, [*row["destinations"], *row["hosts"]])
    _say_where_it_comes_from(case, row)
    render.say(f"the raw lines: fwf evidence {finding}")


def _say_where_it_comes_from(case: Case, row: dict[str, Any]) -> None:
    """Who made a finding: hunt, rule with its version, parameters and what the case was then."""
    for made in listing(case, "made-by", rule=row["detection"]).to_dicts():
        render.say(
            f"made by hunt {made['hunt_id']} of fwforensics {made['tool']}, detection {row['detection']} version "
            f"{made['version']} with {made['parameters'] or 'no parameters'}, case fingerprint {made['fingerprint']}"
        )
        render.say(f"its SQL: fwf sql \"SELECT sql FROM rules WHERE version = '{made['version']}'\" -o jsonl")
    if row["suppressed_by"]:
        render.say(f"hidden by entry {row['suppressed_by']} of the safelist, or by what was one: fwf safelist")


def _show_violation(case: Case, finding: str) -> None:
    row = _one(case, "SELECT * FROM violations WHERE violation_id = ?", finding)
    if render.style.output is not render.OutputFormat.TABLE:
        render.show(case.sql("SELECT * FROM violations WHERE violation_id = ?", [finding]).pl())
        return
    render.mapping({k: v for k, v in row.items() if v is not None})
    calls = listing(case, "violation-candidates", finding=finding)
    if calls.height:
        render.show(calls, title="tool calls that it coincides with, best first")
    runs = listing(case, "violation-runs", finding=finding)
    render.show(runs, title="possible runs")
    events = listing(case, "violation-events", finding=finding)
    render.show(events, title="events", limit=30)
    print_ends(case, [ip for ip in (row["dst_ip"], row["src_ip"]) if ip])
    _say_where_it_comes_from(case, row)
    render.say(f"the raw lines: fwf evidence {finding}")
