"""What a case would show of a world: the frames that the statistics take, and the truth beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from fwforensics.analysis.observations import EVERYWHERE, FRAMES, Observations
from simulator.patterns import Kind
from simulator.world import CLASSES, NAMES, Floats, World

MERGE_S = 60.0
VIEW = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A pattern that is to be simulated.

    Attributes:
        name: its `pattern_id`, which also decides its random numbers.
        label: what it is called in tables.
        kind: how it comes about.
        n: bouts that it aims at.
        tool: the tool that it follows, or None.
        share: how much of it does.
        merge_s: attempts of a host this close are one bout; 0 takes each for its own.
        limited: is its rule known to hit a logging limit?
    """

    name: str
    label: str
    kind: Kind
    n: int
    tool: str | None = None
    share: float = 0.0
    merge_s: float = MERGE_S
    limited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """How the sensor's clock differs from the hosts'.

    Attributes:
        skew_s: the difference is uniform within ± this.
        shared: is it the same for all hosts?
        residual_s: what is known of it may still be wrong by this, uniform; None: nothing is known.
    """

    skew_s: float = 0.0
    shared: bool = False
    residual_s: float | None = 0.0


def observe(
    world: World, patterns: Sequence[Pattern], *, clocks: Clocks = Clocks(), bound_s: float = 10.0, gaps: int = 0,
    shared_address: bool = False, phases: bool = True,
) -> tuple[Observations, pl.DataFrame]:  # fmt: skip
    """The observations, and one row of truth a pattern.

    Args:
        world: what went on.
        patterns: violations.
        clocks: how clocks differ.
        bound_s: what the case says about the precision of the clock where something is known of it.
        gaps: number of gaps of 20 to 90 minutes in the log.
        shared_address: do all hosts leave by one address, so that the log does not tell them apart?
        phases: does the trace tell phases?
    """
    rng = np.random.default_rng([world.seed, 2])
    offset = rng.uniform(-clocks.skew_s, clocks.skew_s, len(world.hosts))
    if clocks.shared:
        offset[:] = offset[0]
    off = rng.uniform(-1, 1, len(offset)) * (clocks.residual_s or 0.0)
    known = np.zeros(len(offset)) if clocks.residual_s is None else offset + off
    alive = _alive(world.span, gaps, rng)
    seen = pl.concat([_attempts(world, p, offset, known, alive) for p in patterns])
    place = pl.lit(EVERYWHERE) if shared_address else pl.col("host")
    frames = {
        "patterns": pl.DataFrame({
            "pattern_id": [p.name for p in patterns], "view": VIEW, "rate_limited": [p.limited for p in patterns],
        }),
        "attempts": seen.with_columns(aggregated=pl.lit(value=False)),
        "bouts": _bouts(seen, patterns).with_columns(place=place),
        "observed": _observed(world, alive, known, shared_address=shared_address),
        "alive": pl.DataFrame({"view": VIEW, "low": alive[:, 0], "high": alive[:, 1]}),
        "calls": _calls(world),
        "phases": _phases(world) if phases else pl.DataFrame(schema=FRAMES["phases"]),
        "clocks": _clocks(world, known, bound_s, clocks, shared_address=shared_address),
    }  # fmt: skip
    shaped = {name: frame.select(*FRAMES[name]).cast(FRAMES[name]) for name, frame in frames.items()}
    counts = shaped["bouts"].group_by("pattern_id").agg(pl.len().alias("bouts"))
    truth = pl.DataFrame(
        [(p.name, p.label, p.n, p.tool, p.share) for p in patterns],
        schema={"pattern_id": pl.String, "label": pl.String, "n": pl.Int64, "tool": pl.String, "share": pl.Float64},
        orient="row",
    ).join(counts, on="pattern_id", how="left", maintain_order="left")
    return Observations(**shaped), truth.with_columns(pl.col("bouts").fill_null(0))


def _attempts(world: World, pattern: Pattern, offset: Floats, known: Floats, alive: np.ndarray) -> pl.DataFrame:
    """Attempts as they stand in the log: by the sensor's clock, whole seconds, none in gaps; runs by what is known."""
    rng = np.random.default_rng([world.seed, *pattern.name.encode()])
    host, at = pattern.kind(world, pattern.n, rng)
    stamped = np.floor(at - offset[host])
    kept = _in_spans(stamped, alive)
    host, stamped = host[kept], stamped[kept]
    guess = stamped + known[host]
    run = np.searchsorted(world.run_low, guess, side="right") - 1
    took_part = np.zeros((len(world.run_low) + 1, len(world.hosts)), bool)
    took_part[world.window_run, world.window_host] = True
    inside = (run >= 0) & (guess < world.run_high[run]) & took_part[run, host]
    names = np.array([f"run-{i:02d}" for i in range(len(world.run_low))] + [""])
    columns = {
        "pattern_id": pl.Series([pattern.name]).new_from_index(0, len(host)),
        "host": np.array(world.hosts)[host], "at": stamped,
        "run_id": pl.Series(names[np.where(inside, run, -1)], dtype=pl.String).replace("", None),
    }  # fmt: skip
    return pl.DataFrame(columns, schema={c: FRAMES["attempts"][c] for c in columns}).sort("host", "at")


def _bouts(attempts: pl.DataFrame, patterns: Sequence[Pattern]) -> pl.DataFrame:
    """Attempts of a pattern on a host at most `merge_s` apart are one bout, which begins with the first."""
    merge = pl.DataFrame(
        {"pattern_id": [p.name for p in patterns], "merge_s": [p.merge_s for p in patterns]},
        schema={"pattern_id": pl.String, "merge_s": pl.Float64},
    )
    first = pl.col("at").diff().over("pattern_id", "host").fill_null(np.inf) > pl.col("merge_s")
    begun = attempts.sort("pattern_id", "host", "at").join(merge, on="pattern_id", maintain_order="left").filter(first)
    return begun.sort("pattern_id", "at", "host").with_columns(bout_no=pl.int_range(pl.len()).over("pattern_id") + 1)


def _alive(span: tuple[float, float], gaps: int, rng: np.random.Generator) -> np.ndarray:
    """When the sensor was alive: all the time but for some gaps."""
    begin = np.sort(rng.uniform(*span, gaps))
    end = np.minimum(begin + rng.uniform(1200, 5400, gaps), span[1])
    low, high = np.concatenate(([span[0]], np.maximum.accumulate(end))), np.concatenate((begin, [span[1]]))
    return np.floor(np.stack((low, high), axis=1)[high > low])


def _in_spans(times: Floats, spans: np.ndarray) -> np.ndarray:
    at = np.searchsorted(spans[:, 0], times, side="right") - 1
    return (at >= 0) & (times < spans[np.maximum(at, 0), 1])


def _observed(world: World, alive: np.ndarray, known: Floats, *, shared_address: bool) -> pl.DataFrame:
    """Runs as far as the sensor was alive, by the trace's clock as far as that is known."""
    rows = []
    for run, host in zip(world.window_run, world.window_host, strict=True):
        low = np.maximum(alive[:, 0] + known[host], world.run_low[run])
        high = np.minimum(alive[:, 1] + known[host], world.run_high[run])
        place = EVERYWHERE if shared_address else world.hosts[host]
        rows += [(VIEW, f"run-{run:02d}", place, a, b) for a, b in zip(low, high, strict=True) if b > a]
    frame = pl.DataFrame(rows, schema=FRAMES["observed"], orient="row")
    return frame.unique(["run_id", "place", "low"], keep="first").sort("run_id", "place", "low")


def _calls(world: World) -> pl.DataFrame:
    runs = np.array([f"run-{i:02d}" for i in range(len(world.run_low))])
    classes = np.array([*CLASSES, ""])
    return pl.DataFrame({
        "run_id": runs[world.call_run], "place": np.array(world.hosts)[world.call_host], "at": world.call_at,
        "tool": np.array(NAMES)[world.call_tool],
        "command_class": pl.Series(classes[world.call_class], dtype=pl.String).replace("", None),
    })  # fmt: skip


def _phases(world: World) -> pl.DataFrame:
    runs = np.array([f"run-{i:02d}" for i in range(len(world.run_low))])
    return pl.DataFrame({
        "run_id": runs[world.phase_run], "name": world.phase_name, "low": world.phase_low, "high": world.phase_high,
    })  # fmt: skip


def _clocks(world: World, known: Floats, bound_s: float, clocks: Clocks, *, shared_address: bool) -> pl.DataFrame:
    """What the case knows of the clock of each host; nothing where nothing is known."""
    if clocks.residual_s is None:
        return pl.DataFrame(schema=FRAMES["clocks"])
    if shared_address:
        return pl.DataFrame(
            {"view": [VIEW], "place": [EVERYWHERE], "offset_s": [float(known.mean())], "bound_s": [bound_s]}
        )
    return pl.DataFrame({"view": VIEW, "place": list(world.hosts), "offset_s": known, "bound_s": bound_s})
