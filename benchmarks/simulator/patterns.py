"""Kinds of violations: each a function of a world, a number of bouts that it aims at, and random numbers.

What comes back are attempts: hosts and times by the host's clock, before any log has cut, lost or shifted them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simulator.world import NAMES, Floats, Integers, Spans, World

Attempts = tuple[Integers, Floats]
Kind = Callable[[World, int, np.random.Generator], Attempts]
BACKOFF_S = np.concatenate(([0.0], np.cumsum(2.0 ** np.arange(8))))
#: A log limit of three rows an hour after a burst of five, the default of netfilter's `limit`.
LIMIT_PER_S, LIMIT_BURST = 3 / 3600, 5.0


def anywhere(spans: Spans, n: int, rng: np.random.Generator) -> Attempts:
    """Uniform over spans."""
    length = spans.high - spans.low
    own = rng.choice(len(length), n, p=length / length.sum())
    return spans.host[own], spans.low[own] + rng.random(n) * length[own]


def poisson(world: World, n: int, rng: np.random.Generator) -> Attempts:
    """At any time, in runs and outside."""
    return anywhere(world.always(), rng.poisson(n), rng)


def in_runs(world: World, n: int, rng: np.random.Generator) -> Attempts:
    """At any time of a run."""
    return anywhere(world.in_runs(), n, rng)


def clustered(onsets: Attempts, size: int, pause_s: float, rng: np.random.Generator) -> Attempts:
    """Each onset is followed by 2 to `size` attempts, exponential pauses."""
    host, at = onsets
    count = rng.integers(3, size + 1, len(at))
    number = np.repeat(np.arange(len(at)), count)
    pauses = rng.exponential(pause_s, len(number))
    ends = np.cumsum(pauses)
    before = np.concatenate(([0.0], ends))[np.concatenate(([0], np.cumsum(count)[:-1]))] if len(at) else ends
    return host[number], at[number] + ends - before[number]


def bursty(world: World, n: int, rng: np.random.Generator) -> Attempts:
    """Bursts of bouts, a minute or two apart."""
    return clustered(poisson(world, max(2, n // 5), rng), 9, 90.0, rng)


def cron(world: World, n: int, rng: np.random.Generator) -> Attempts:
    """One or two hosts' jobs by the wall clock, 5 % jitter, 5 % missed."""
    own = rng.choice(len(world.hosts), min(2, len(world.hosts)), replace=False)
    low, high = world.span
    period = max(60.0, 60.0 * round((high - low) * len(own) / (2.0 * n) / 60.0))
    beats = np.arange(np.ceil(low / period), high // period) * period + rng.uniform(0, 0.95 * period)
    host, at = np.repeat(own, len(beats)), np.tile(beats, len(own))
    kept = rng.random(len(at)) >= 0.05
    return host[kept], (at + rng.uniform(0, 0.05 * period, len(at)))[kept]


def sleep_loop(world: World, n: int, rng: np.random.Generator) -> Attempts:
    """A loop on one host that sleeps about as long each time, ± 30 %."""
    low, high = world.span
    period = (high - low) / (2.0 * n)
    at = low + np.cumsum(period * rng.uniform(0.7, 1.3, 4 * n))
    at = at[at < high]
    return np.full(len(at), rng.integers(len(world.hosts))), at


def diurnal(world: World, n: int, rng: np.random.Generator) -> Attempts:
    """Around an hour of the day, everywhere."""
    host, at = anywhere(world.always(), 5 * n, rng)
    angle = 2 * np.pi * (at / 86_400 - rng.random())
    kept = rng.random(len(at)) < ((1 + np.cos(angle)) / 2) ** 2
    return host[kept][: 2 * n], at[kept][: 2 * n]


def in_rollouts(world: World, n: int, rng: np.random.Generator) -> Attempts:
    """At any time of rollouts, never else; calls do not matter."""
    return anywhere(world.in_phase("rollout"), n, rng)


def in_updates(world: World, n: int, rng: np.random.Generator) -> Attempts:
    """At any time of updates, when no calls are made."""
    return anywhere(world.in_phase("update"), n, rng)


def in_eval(world: World, n: int, rng: np.random.Generator) -> Attempts:
    """At any time of evaluations."""
    return anywhere(world.in_phase("eval"), n, rng)


def rollout_hook(world: World, n: int, rng: np.random.Generator) -> Attempts:
    """In the first seconds of rollouts."""
    spans = world.in_phase("rollout")
    own = rng.choice(len(spans.low), min(n, len(spans.low)), replace=False)
    return spans.host[own], spans.low[own] + rng.uniform(0, 20, len(own))


def retries(world: World, n: int, rng: np.random.Generator) -> Attempts:
    """Attempts that are repeated after 1, 2, 4 … seconds until given up; reduced to bouts."""
    host, at = poisson(world, max(2, n // 2), rng)
    tries = rng.integers(3, len(BACKOFF_S) + 1, len(at))
    number = np.repeat(np.arange(len(at)), tries)
    order = np.arange(len(number)) - np.concatenate(([0], np.cumsum(tries)[:-1]))[number]
    return host[number], at[number] + BACKOFF_S[order] * rng.uniform(0.95, 1.05, len(number))


def unmerged_retries(world: World, n: int, rng: np.random.Generator) -> Attempts:
    """The same, with every attempt taken for a bout of its own: what happens where the reduction fails."""
    return retries(world, max(4, n // 3), rng)


def rate_limited(world: World, n: int, rng: np.random.Generator) -> Attempts:
    """Bursts of which a log limit lets through only some."""
    host, at = clustered(poisson(world, max(2, n), rng), 30, 60.0, rng)
    order = np.argsort(at)
    tokens, last, kept = LIMIT_BURST, -np.inf, []
    for index in order:
        tokens = min(LIMIT_BURST, tokens + (at[index] - last) * LIMIT_PER_S)
        last = at[index]
        if tokens >= 1:
            tokens -= 1
            kept.append(index)
    return host[kept], at[kept]


def load_following(world: World, n: int, rng: np.random.Generator) -> Attempts:
    """As often as calls go on, whichever: at any moment of a call's life."""
    own = rng.choice(len(world.call_at), n, p=world.call_s / world.call_s.sum())
    return world.call_host[own], world.call_at[own] + rng.random(n) * world.call_s[own]


def ramp(world: World, n: int, rng: np.random.Generator) -> Attempts:
    """Ever more often through the run."""
    spans = world.in_runs()
    length = spans.high - spans.low
    own = rng.choice(len(length), n, p=length / length.sum())
    return spans.host[own], spans.low[own] + np.sqrt(rng.random(n)) * length[own]


def one_off(world: World, n: int, rng: np.random.Generator) -> Attempts:
    """Some attempts in ten minutes of one run."""
    host, at = anywhere(world.in_runs(), 1, rng)
    return np.repeat(host, n), at + np.sort(rng.uniform(0, 600, n))


def caused(tool: str, share: float, delay: str = "exponential") -> Kind:
    """Bouts of which a share follows calls of one tool; the rest comes at any time of a run.

    Args:
        tool: which tool.
        share: how many of the bouts are caused: rounded to whole ones.
        delay: `exponential` (mean 10 s) or `uniform` (0 to 120 s).
    """

    def kind(world: World, n: int, rng: np.random.Generator) -> Attempts:
        calls = np.flatnonzero(world.call_tool == NAMES.index(tool))
        many = round(n * share)
        own = rng.choice(calls, many, replace=many > len(calls))
        wait = rng.exponential(10.0, many) if delay == "exponential" else rng.uniform(0, 120.0, many)
        host, at = anywhere(world.in_runs(), n - many, rng)
        return np.concatenate((world.call_host[own], host)), np.concatenate((world.call_at[own] + wait, at))

    return kind


#: Kinds that have nothing to do with calls.
NULL_KINDS: dict[str, Kind] = {
    "poisson": poisson, "bursty": bursty, "cron": cron, "sleep loop": sleep_loop, "diurnal": diurnal,
    "only in rollouts": in_rollouts, "rollout hook": rollout_hook, "retries, merged": retries,
    "retries, unmerged": unmerged_retries, "rate-limited": rate_limited, "rising through the run": ramp,
    "only in eval": in_eval, "only in updates": in_updates,
}  # fmt: skip
#: Kinds that follow calls at large, but no tool.
ACTIVITY_KINDS: dict[str, Kind] = {"load-following": load_following}
KINDS: dict[str, Kind] = {**NULL_KINDS, **ACTIVITY_KINDS, "in runs": in_runs, "one-off": one_off}
