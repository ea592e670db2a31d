"""Runs one after the other, each on some hosts: warm-up, rollouts and updates in turn, evaluation; their calls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
START = 1_772_323_200.0  # 2026-03-01T00:00:00Z
#: Tools and their share of the calls, before episodes prefer some of them.
TOOLS = {
    "bash": 0.25, "read_file": 0.20, "edit": 0.15, "python": 0.10, "grep": 0.08, "pytest": 0.07, "search": 0.05,
    "git": 0.04, "pip": 0.03, "fetch": 0.02, "browser": 0.007, "notes": 0.003,
}  # fmt: skip
NAMES = tuple(TOOLS)
#: Classes of commands of the first tool; others have none.
CLASSES = ("build", "copy", "fetch")
FAMILIES = 10
WARMUP_S, ROLLOUT_S, UPDATE_S, EVAL_S = 600.0, 800.0, 400.0, 1500.0
#: Chance that a call is of the same tool as the one before it.
STICKY = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldShape:
    """How large a world is.

    Attributes:
        runs: number of runs.
        hours: shortest and longest run.
        hosts: hosts there are.
        hosts_per_run: at most so many take part in a run.
        episodes: that go on at once on a host.
        gap_s: mean pause between calls of an episode.
        cycle_jitter: by how much rollouts and updates differ in length (standard deviation of the logarithm).
    """

    runs: int = 12
    hours: tuple[float, float] = (6.0, 14.0)
    hosts: int = 6
    hosts_per_run: int = 3
    episodes: int = 8
    gap_s: float = 40.0
    cycle_jitter: float = 0.1


@dataclass(frozen=True, slots=True)
class Spans:
    """Stretches of time on hosts: where something may happen. All of shape (n,)."""

    host: Integers
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything that went on, by each host's own clock.

    Attributes:
        seed: what it was made from.
        hosts: names.
        span: first and last second of it all.
        run_low, run_high: runs; shape (runs,).
        window_run, window_host: which hosts took part in which run.
        phase_run, phase_name, phase_low, phase_high: phases of runs.
        call_run, call_host, call_at, call_tool, call_class, call_s: calls, in order of time on a host; `call_s` is how
            long each goes on, `call_class` -1 for none.
    """

    seed: int
    hosts: tuple[str, ...]
    span: tuple[float, float]
    run_low: Floats
    run_high: Floats
    window_run: Integers
    window_host: Integers
    phase_run: Integers
    phase_name: npt.NDArray[np.str_]
    phase_low: Floats
    phase_high: Floats
    call_run: Integers
    call_host: Integers
    call_at: Floats
    call_tool: Integers
    call_class: Integers
    call_s: Floats

    def always(self) -> Spans:
        """All hosts, all the time."""
        count = len(self.hosts)
        return Spans(np.arange(count), np.full(count, self.span[0]), np.full(count, self.span[1]))

    def in_runs(self) -> Spans:
        """Hosts while they take part in a run."""
        return Spans(self.window_host, self.run_low[self.window_run], self.run_high[self.window_run])

    def in_phase(self, name: str) -> Spans:
        """Hosts while their run is in a phase."""
        window, phase = np.nonzero(self.window_run[:, None] == self.phase_run[None, self.phase_name == name])
        own = np.flatnonzero(self.phase_name == name)[phase]
        return Spans(self.window_host[window], self.phase_low[own], self.phase_high[own])


def make_world(shape: WorldShape, seed: int) -> World:
    """A world; the same shape and seed give the same."""
    rng = np.random.default_rng([seed, 1])
    length = rng.uniform(*shape.hours, shape.runs) * 3600
    pause = rng.uniform(0.5, 4.0, shape.runs) * 3600
    low = np.floor(START + np.cumsum(pause) + np.concatenate(([0.0], np.cumsum(length)[:-1])))
    high = np.floor(low + length)
    window_run, window_host = [], []
    for run in range(shape.runs):
        own = rng.choice(shape.hosts, rng.integers(1, shape.hosts_per_run + 1), replace=False)
        window_run += [run] * len(own)
        window_host += sorted(own)
    phases = [_phases(run, low[run], high[run], shape.cycle_jitter, rng) for run in range(shape.runs)]
    run, name, begin, end = (np.concatenate([p[i] for p in phases]) for i in range(4))
    windows = np.array(window_run), np.array(window_host)
    calls = _calls(shape, windows, (run, name, begin, end), rng)
    return World(
        seed=seed, hosts=tuple(f"host-{i}" for i in range(shape.hosts)), span=(START, float(high[-1] + 2 * 3600)),
        run_low=low, run_high=high, window_run=windows[0], window_host=windows[1],
        phase_run=run, phase_name=name, phase_low=begin, phase_high=end, **calls,
    )  # fmt: skip


def _phases(
    run: int, low: float, high: float, jitter: float, rng: np.random.Generator
) -> tuple[Integers, npt.NDArray[np.str_], Floats, Floats]:
    """Warm-up, then rollouts and updates in turn, evaluation at the end."""
    cycles = int((high - low - WARMUP_S - EVAL_S) // (ROLLOUT_S + UPDATE_S))
    lengths = np.tile([ROLLOUT_S, UPDATE_S], cycles) * np.exp(rng.normal(0, jitter, 2 * cycles))
    lengths *= (high - low - WARMUP_S - EVAL_S) / lengths.sum()
    edges = np.floor(low + np.concatenate(([0.0], np.cumsum([WARMUP_S, *lengths, EVAL_S]))))
    edges[-1] = high
    names = np.array(["warmup", *["rollout", "update"] * cycles, "eval"])
    return np.full(len(names), run), names, edges[:-1], edges[1:]


def _calls(
    shape: WorldShape, windows: tuple[Integers, Integers],
    phases: tuple[Integers, npt.NDArray[np.str_], Floats, Floats], rng: np.random.Generator,
) -> dict[str, npt.NDArray]:  # fmt: skip
    """Calls of all episodes: each fills most of a rollout (or evaluation) and keeps to the habits of its family."""
    run, name, begin, end = phases
    busy = np.flatnonzero((name == "rollout") | (name == "eval"))
    window, phase = np.nonzero(windows[0][:, None] == run[None, busy])
    window, phase = np.repeat(window, shape.episodes), np.repeat(busy[phase], shape.episodes)
    length = end[phase] - begin[phase]
    first = begin[phase] + rng.uniform(0, 0.1, len(phase)) * length
    last = end[phase] - rng.uniform(0, 0.4, len(phase)) ** 2 * length
    count = rng.poisson((last - first) / shape.gap_s * rng.gamma(4.0, 0.25, len(phase)))
    episode = np.repeat(np.arange(len(phase)), count)
    at = first[episode] + rng.random(len(episode)) * (last - first)[episode]
    order = np.lexsort((at, episode))
    tool = _tools(episode[order], len(phase), rng)
    columns = {
        "call_run": windows[0][window[episode[order]]], "call_host": windows[1][window[episode[order]]],
        "call_at": at[order], "call_tool": tool,
        "call_class": np.where(tool == 0, rng.integers(0, len(CLASSES), len(tool)), -1),
        "call_s": rng.exponential(20.0, len(tool)),
    }  # fmt: skip
    by_host = np.lexsort((columns["call_at"], columns["call_host"]))
    return {key: value[by_host] for key, value in columns.items()}


def _tools(episode: Integers, episodes: int, rng: np.random.Generator) -> Integers:
    """Tools of calls, in order of episode and time; runs of one tool are common."""
    habits = np.array(list(TOOLS.values())) * rng.gamma(0.5, 2.0, (FAMILIES, len(TOOLS)))
    habits = 0.5 * habits / habits.sum(axis=1, keepdims=True) + 0.5 * np.array(list(TOOLS.values()))
    ladder = np.cumsum(habits, axis=1)
    family = rng.integers(0, FAMILIES, episodes)[episode]
    drawn = np.minimum((ladder[family] < rng.random(len(episode))[:, None]).sum(axis=1), len(TOOLS) - 1)
    fresh = (rng.random(len(episode)) >= STICKY) | np.concatenate(([True], episode[1:] != episode[:-1]))
    return drawn[np.maximum.accumulate(np.where(fresh, np.arange(len(episode)), 0))]
