"""RITA's score in SQL against a plain transcription of its published formula."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from fwforensics import queries
from tests.case_builder import at, event, make_case
from tests.test_detections import AGENT, DETECTIONS, OTHER, OUTSIDE

DAY = 86_400


def even(x: np.ndarray, default: float) -> float:
    """Half of it for a symmetrical distribution, half for a narrow one."""
    q1, q2, q3 = np.quantile(x, [0.25, 0.5, 0.75])
    skew = 0.0 if q3 - q1 < 10 or q2 in (q1, q3) else abs((q1 + q3 - 2 * q2) / (q3 - q1))
    narrow = default if q2 < 1 else max(0.0, (q2 - np.median(np.abs(x - q2))) / q2)
    return float(((1 - skew) + narrow) / 2)


def rita(times: np.ndarray, sizes: np.ndarray, first: float, last: float) -> float:
    """The mean of the four parts."""
    gaps = np.diff(times)
    bars = np.bincount(np.minimum(23, np.floor(24 * (times - first) / (last - first)).astype(int)), minlength=24)
    spread = 1 - min(1.0, float(bars.std() / bars.mean()))
    full = bars[bars > 0]
    modes = np.bincount(full // max(1, int(np.ceil(full.max() * 0.05))))
    fit = float(np.sort(modes)[-2:].sum() / max(1, full.size - 1)) if full.size >= 11 else 0.0
    longest = max(len(run) for run in re.findall("1+", "".join("1" if n else "0" for n in [*bars, *bars])))
    lasting = max((times[-1] - times[0]) / (last - first), min(24, longest) / 12) if full.size >= 6 else 0.0
    parts = even(gaps[gaps > 0].astype(float), 1.0), even(sizes, 0.0), max(spread, min(1.0, fit)), min(1.0, lasting)
    return float(np.mean(parts))


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
    assert found
    assert float(found[1]) == pytest.approx(rita(times, sizes, 0, DAY - 60), abs=0.006)
