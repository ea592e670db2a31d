"""Which timing class does a process of known kind get, by the number of its attempts?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
from simulator.world import ROLLOUT_S, START, UPDATE_S

from fwforensics.analysis.timing import Attempts, classify
from trials.tables import table

Floats = npt.NDArray[np.float64]
Process = Callable[[Floats, Floats, int, np.random.Generator], Floats]
NUMBERS = (6, 10, 20, 50, 200)
#: Runs of 12 h, one every 16 h, on one host; so many attempts to a run at most.
RUN_S, EVERY_S, A_RUN = 12 * 3600.0, 16 * 3600.0, 20
CLASSES = ("periodic", "persistent", "diurnal", "bursty", "irregular", "one-off", "undetermined")


def cron(jitter: float, noise: float = 0.0, lost: float = 0.0) -> Process:
    """Beats by the clock, each late by up to `jitter` of the period; further attempts at any time; lost beats."""

    def process(low: Floats, high: Floats, n: int, rng: np.random.Generator) -> Floats:
        extra = round(n * noise / (1 + noise))
        period = float((high - low).sum()) * (1 - lost) / (n - extra)
        beats = [np.arange(np.ceil(a / period), b // period) * period for a, b in zip(low, high, strict=True)]
        at = np.concatenate(beats)
        at = (at + rng.uniform(0, jitter * period, len(at)))[rng.random(len(at)) >= lost]
        return np.concatenate((at, _uniform(low, high, extra, rng)))

    return process


def sleep_loop(jitter: float) -> Process:
    """Sleeps of the same length, ± jitter, from the start of each run."""

    def process(low: Floats, high: Floats, n: int, rng: np.random.Generator) -> Floats:
        period = float((high - low).sum()) / n
        loops = (a + np.cumsum(period * rng.uniform(1 - jitter, 1 + jitter, 2 * n)) for a in low)
        return np.concatenate([at[at < b] for at, b in zip(loops, high, strict=True)])

    return process


def diurnal(low: Floats, high: Floats, n: int, rng: np.random.Generator) -> Floats:
    """Around one hour of the day."""
    at = _uniform(low, high, 30 * n, rng)
    angle = 2 * np.pi * (at / 86_400 - rng.random())
    kept = at[rng.random(len(at)) < ((1 + np.cos(angle)) / 2) ** 2]
    return rng.permutation(kept)[:n]


def bursts(low: Floats, high: Floats, n: int, rng: np.random.Generator) -> Floats:
    """Bursts of about ten, 30 s between attempts."""
    onsets = np.repeat(_uniform(low, high, max(2, n // 10), rng), 10)[:n]
    return onsets + np.cumsum(rng.exponential(30.0, len(onsets))) % 600


def poisson(low: Floats, high: Floats, n: int, rng: np.random.Generator) -> Floats:
    """At any time."""
    return _uniform(low, high, n, rng)


def in_rollouts(low: Floats, high: Floats, n: int, rng: np.random.Generator) -> Floats:
    """At any time of rollouts, which come in turn with updates."""
    at = _uniform(low, high, 4 * n, rng)
    return at[at % (ROLLOUT_S + UPDATE_S) < ROLLOUT_S][:n]


def _uniform(low: Floats, high: Floats, n: int, rng: np.random.Generator) -> Floats:
    own = rng.integers(0, len(low), n)
    return np.asarray(low[own] + rng.random(n) * (high - low)[own])


#: Process → its class, and others that are no error: a description of the same thing.
PROCESSES: dict[str, tuple[Process, str]] = {
    "cron, jitter 5 %": (cron(0.05), "periodic"), "cron, jitter 30 %": (cron(0.3), "periodic"),
    "cron, jitter 60 %": (cron(0.6), "periodic"), "cron, 50 % further attempts": (cron(0.05, noise=0.5), "periodic"),
    "cron, 30 % lost": (cron(0.05, lost=0.3), "periodic"), "sleep loop ± 10 %": (sleep_loop(0.1), "periodic"),
    "sleep loop ± 30 %": (sleep_loop(0.3), "periodic"), "sleep loop ± 60 %": (sleep_loop(0.6), "periodic"),
    "diurnal": (diurnal, "diurnal"), "bursts of 10": (bursts, "bursty"), "Poisson": (poisson, "irregular"),
    "Poisson in rollouts": (in_rollouts, "irregular"),
}  # fmt: skip


def run(quick: bool) -> Iterator[str]:
    """The tables."""
    repetitions = 5 if quick else 200
    found = {
        (name, n): [_class(process, n, number) for number in range(repetitions)]
        for name, (process, _) in PROCESSES.items()
        for n in NUMBERS
    }
    yield (
        f"{repetitions} streams a cell, each on one host in runs of 12 h every 16 h, {A_RUN} attempts to a run (never "
        "less than two runs from n = 10 on, eight for diurnal), seeds 3000 on. "
        "*right / no class shown (undetermined or "
        "irregular) / wrong class*; "
        f"standard error at most {0.5 / repetitions**0.5:.3f}.\n"
    )
    yield from table(["process", "class", *(f"n = {n}" for n in NUMBERS)], (
        [name, right, *(_summary(found[name, n], right) for n in NUMBERS)]
        for name, (_, right) in PROCESSES.items()
    ))  # fmt: skip
    yield "\nWhat was said instead, all n together:\n"
    yield from table(["process", *CLASSES], (
        [name, *(sum(Counter(found[name, n])[word] for n in NUMBERS) or "" for word in CLASSES)]
        for name in PROCESSES
    ))  # fmt: skip


def _class(process: Process, n: int, number: int) -> str:
    rng = np.random.default_rng([3000, number, n])
    runs = max(1 if n < 10 else 2, -(-n // A_RUN), 8 if process is diurnal else 1)
    low = START + rng.uniform(0, 86_400) + np.arange(runs) * EVERY_S
    high = low + RUN_S
    at = np.sort(np.floor(process(low, high, n, rng)))
    window = np.searchsorted(low, at, side="right") - 1
    window = np.where((window >= 0) & (at < high[np.maximum(window, 0)]), window, -1)
    bouts = 1 + int((np.diff(at) > 60).sum())
    attempts = Attempts(times=at, stream=np.zeros(len(at), np.int64), window=window, starts=low, ends=high, bouts=bouts)
    return classify(attempts, number).word


def _summary(words: list[str], right: str) -> str:
    """Shares of the right class, of none (undetermined, or irregular where that is not the truth), of a wrong one."""
    # A burst by itself is a one-off, whatever it came from.
    good = words.count(right) + (words.count("one-off") if right == "bursty" else 0)
    none = words.count("undetermined") + (words.count("irregular") if right != "irregular" else 0)
    return " / ".join(f"{x / len(words):.2f}" for x in (good, none, len(words) - good - none))
