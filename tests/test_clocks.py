"""Offsets between a sensor's clock and a trace's."""

from __future__ import annotations

import numpy as np
import pytest

from fwforensics.analysis.clocks import MIN_Z, REACH_S, estimate_offset


def _times(n: int, hours: float, rng: np.random.Generator) -> np.ndarray:
    return 1.8e9 + np.sort(rng.uniform(0, hours * 3600, n))


@pytest.mark.parametrize("offset", [0.0, 98.0, -250.0, 3600.0, -18000.0, 18031.0])
def test_an_offset_is_found_among_unrelated_flows(offset: float) -> None:
    """200 calls that each make a flow within a second, and three times as many flows of something else."""
    rng = np.random.default_rng(3)
    calls = _times(200, 4, rng)
    flows = np.concatenate([calls + rng.exponential(0.5, 200), _times(600, 4, rng)]) - offset
    found = estimate_offset(calls, flows)
    assert found is not None
    assert abs(found.offset_s - offset) < 2
    assert found.whole_hours == round(offset / 3600)


@pytest.mark.parametrize("seed", range(12))
def test_unrelated_flows_show_no_offset(seed: int) -> None:
    """Neither Poisson flows nor bursts of them, whatever the hour that is tried."""
    rng = np.random.default_rng(seed)
    bursts = np.repeat(_times(60, 6, rng), 5) + rng.exponential(3, 300)
    assert estimate_offset(_times(400, 6, rng), _times(400, 6, rng)) is None
    assert estimate_offset(_times(400, 6, rng), bursts) is None


def test_too_few_anchors_say_nothing() -> None:
    """29 flows, however well they fit."""
    calls = 1.8e9 + 60.0 * np.arange(29)
    assert estimate_offset(calls, calls) is None
    assert estimate_offset(np.empty(0), calls) is None


def test_an_offset_beyond_the_reach_is_not_made_up() -> None:
    """Twenty minutes off is neither near zero nor near a whole hour."""
    rng = np.random.default_rng(5)
    calls = _times(200, 4, rng)
    assert estimate_offset(calls, calls - 1200.0) is None
    assert REACH_S < 1200
    assert MIN_Z >= 8
