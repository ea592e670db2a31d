"""RITA's score in SQL, over all pairs at once, against the one in `analysis`, which is held to hand-computed values."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from fwforensics import queries
from fwforensics.analysis.rita import rita_beacon_score
from tests.case_builder import at, event, make_case
from tests.test_detections import AGENT, DETECTIONS, OTHER, OUTSIDE

DAY = 86_400


@pytest.mark.parametrize(("jitter", "seed"), [(0, 1), (60, 2), (240, 3), (3000, 4)])
def test_score_is_ritas(tmp_path: Path, jitter: int, seed: int) -> None:
    """From a clock to noise; in every case to two digits."""
    rng = np.random.default_rng(seed)
    times = np.sort(np.arange(0, DAY - 4000, 600) + rng.integers(0, jitter + 1, 138)[: len(range(0, DAY - 4000, 600))])
    sizes = 500.0 + rng.integers(0, 400, times.size)
    rows = [
        event("00:00:00", f"{AGENT} {2000 + n}", f"{OUTSIDE} 443", "allow",
              ts=at("00:00:00") + timedelta(seconds=int(t)), bytes_out=int(s), bytes_in=900)
        for n, (t, s) in enumerate(zip(times, sizes, strict=True))
    ]  # fmt: skip
    # The day's first and last record, by somebody else.
    rows += [event(clock, f"{OTHER} 1", "192.0.2.1 443", "allow") for clock in ("00:00:00", "23:59:00")]
    with make_case(tmp_path, rows) as case:
        (reason,) = set(queries.run(case, DETECTIONS["beacon"], {"beacon_least": "0"})["reason"])
    found = re.match(r"beacon score ([\d.]+)", reason)
    expected = rita_beacon_score(times.astype(float), sizes, 0.0, DAY - 60.0)
    assert found and expected is not None
    assert float(found[1]) == pytest.approx(expected.score, abs=0.006)
