"""RITA's beacon score, from its published formula, so that analysts can compare. A low score is no all-clear.

For the connections of one source to one destination in the last 24 h of the data, with Q quartiles, MAD the median
absolute deviation, all of it at seconds:

* stat(x) = ½ [(1 − |Bowley skew|) + (median − MAD)/median]; the skew is 0 where Q3 − Q1 < 10 or Q2 is Q1 or Q3; the
  second part is at least 0, and a default where the median is below 1 (1 for times, 0 for sizes).
* ts = stat(gaps between connections, those of 0 left out); ds = stat(bytes that the source sent).
* hist, over 24 equal bins: the larger of 1 − σ/μ (0 below) and the share of the bins that are not empty, but for one,
  in the two most frequent heights (in steps of 5 % of the highest); the latter from 11 such bins on.
* dur = 0 below 6 bins that are not empty, else the larger of (last − first)/24 h and longest run of such bins / 12.
* score = (ts + ds + dur + hist) / 4. Range [0, 1]. At least 4 connections and 3 gaps above 0, fewer than 86,400.

Where no sizes are known (a firewall's denials have none) the score is the mean of the other three.

Source: activecm/rita v5, `analysis/beacons.go`. It has no error rate: see docs/accuracy.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]
DAY_S, BINS = 86_400.0, 24
MIN_CONNECTIONS, MIN_GAPS, MAX_CONNECTIONS = 4, 3, 86_400
MIN_SPREAD = 10.0
MODE_STEP, MIN_BIMODAL_BINS, OUTLIER_BINS = 0.05, 11, 1
MIN_DURATION_BINS, IDEAL_RUN = 6, 12


@dataclass(frozen=True, slots=True)
class Subscores:
    """The four parts, each in [0, 1], and the score; `ds` is None where sizes are not known."""

    ts: float
    ds: float | None
    dur: float
    hist: float

    @property
    def score(self) -> float:
        """Their mean."""
        parts = [p for p in (self.ts, self.ds, self.dur, self.hist) if p is not None]
        return round(sum(parts) / len(parts), 3)


def rita_beacon_score(times: Floats, sizes: Floats | None, first: float, last: float) -> Subscores | None:
    """The score of one source's connections to one destination.

    Args:
        times: starts of connections, in seconds; shape (n,).
        sizes: bytes that the source sent in each; shape (n,); None where not known.
        first: start of the data, 24 h before its end at most.
        last: end of the data.

    Returns:
        None where there are too few connections, or too many (RITA calls those strobes).
    """
    whole = np.sort(np.floor(times))
    gaps = np.diff(whole)
    gaps = gaps[gaps > 0]
    if not MIN_CONNECTIONS <= len(np.unique(whole)) <= len(whole) < MAX_CONNECTIONS or len(gaps) < MIN_GAPS:
        return None
    edges = np.linspace(first, max(last, first + 1), BINS + 1)
    heights = np.histogram(whole, edges)[0]
    known = sizes is not None and len(sizes) >= MIN_GAPS
    return Subscores(
        ts=_stat(gaps, 1.0),
        ds=_stat(np.asarray(sizes, float), 0.0) if known else None,
        dur=_duration(heights, (whole[-1] - whole[0]) / max(last - first, 1.0)),
        hist=max(_flatness(heights), _bimodal(heights)),
    )


def _quartiles(values: Floats) -> tuple[float, float, float]:
    """Medians of the lower half, of all, and of the upper half; the middle one of an odd number is in neither half."""
    ordered, half = np.sort(values), len(values) // 2
    return float(np.median(ordered[:half])), float(np.median(ordered)), float(np.median(ordered[-half:]))


def _stat(values: Floats, default: float) -> float:
    low, middle, high = _quartiles(values)
    even = high - low < MIN_SPREAD or middle in (low, high)
    skew = 0.0 if even else (low + high - 2 * middle) / (high - low)
    spread = float(np.median(np.abs(values - middle)))
    steady = max(0.0, (middle - spread) / middle) if middle >= 1 else default
    return round((1 - abs(skew) + steady) / 2, 3)


def _flatness(heights: npt.NDArray[np.int64]) -> float:
    mean = heights.mean()
    return round(max(0.0, 1 - heights.std() / mean), 3) if mean else 0.0


def _bimodal(heights: npt.NDArray[np.int64]) -> float:
    bars = heights[heights > 0]
    if len(bars) < MIN_BIMODAL_BINS:
        return 0.0
    step = max(1, int(np.ceil(bars.max() * MODE_STEP)))
    frequent = np.sort(np.unique(bars // step, return_counts=True)[1])[::-1]
    return round(min(1.0, float(frequent[:2].sum()) / max(len(bars) - OUTLIER_BINS, 1)), 3)


def _duration(heights: npt.NDArray[np.int64], covered: float) -> float:
    filled = heights > 0
    if filled.sum() < MIN_DURATION_BINS:
        return 0.0
    # The run may go around the end.
    gaps = np.flatnonzero(~np.concatenate((filled, filled)))
    longest = BINS if filled.all() else int(np.diff(gaps).max()) - 1
    return float(min(1.0, np.ceil(max(covered, longest / IDEAL_RUN) * 1000) / 1000))


def pattern_scores(connections: pl.DataFrame) -> pl.DataFrame:
    """The highest score of any source and destination of each pattern.

    Args: connections: `pattern_id`, `client_ip`, `server_ip`, `at` (seconds), `size` (bytes, or NULL), `last`
        (seconds: the end of the data).

    Returns:
        `pattern_id`, `rita_beacon_score`.
    """
    rows = []
    recent = connections.filter(pl.col("at") > pl.col("last") - DAY_S)
    for (pattern, _, _), own in recent.group_by("pattern_id", "client_ip", "server_ip"):
        if own.height >= MIN_CONNECTIONS:
            sizes = own["size"].cast(pl.Float64).to_numpy() if own["size"].null_count() == 0 else None
            last = float(own["last"][0])
            found = rita_beacon_score(own["at"].to_numpy(), sizes, last - DAY_S, last)
            if found is not None:
                rows.append((pattern, found.score))
    scores = pl.DataFrame(rows, schema={"pattern_id": pl.String, "rita_beacon_score": pl.Float64}, orient="row")
    return scores.group_by("pattern_id").max().sort("pattern_id")
