"""JSON answers of search engines and log stores, a whole result in one object: made into an object for each record.

Elasticsearch's `hits.hits`, Loki's `data.result` with its streams of pairs, `results` of Splunk and of CloudWatch
Insights, Graylog's `messages`. What stands around the records is framing.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from fwforensics.formats._format import Context
from fwforensics.formats._json import Json
from fwforensics.formats._lines import Lines, Mask, Positions
from fwforensics.formats._nested import elements
from fwforensics.formats._pieces import LINE, ROW

#: Where the array of records is → texts that must stand in such an answer.
ANSWERS = {
    "hits.hits": ('"hits"', '"_source"'),
    "data.result": ('"result"', '"values"'),
    "results": ('"results"', '"'),
    "messages": ('"messages"', '"message"'),
}
#: The array itself, near the beginning: a record that merely speaks of results has no such thing.
HEAD = r'^\s*\{[^\[]{0,4000}?"(?:hits|result|results|messages)"\s*:\s*\[\s*[\[{]'
_TEXT = r'"(?:[^"\\]|\\.)*"'
#: A field as CloudWatch Insights gives it.
PAIR = rf'\{{\s*"field"\s*:\s*({_TEXT})\s*,\s*"value"\s*:\s*({_TEXT})\s*\}}'


def burst(lines: Lines) -> Lines:
    """The lines, with each answer among them replaced by its records, which have its line number."""
    answers = _answers(lines)
    if not answers.any():
        return lines
    rows = np.flatnonzero(answers)
    which, records = _records(lines.take(rows))
    if not len(which):
        return lines
    opened = np.unique(rows[which])
    others = np.setdiff1d(np.arange(len(lines)), opened)
    order = np.argsort(np.concatenate((others, rows[which])), kind="stable")
    texts = pl.concat([lines.take(others).text, records.alias("line")]).gather(pl.Series(order.astype(np.uint32)))
    numbers = np.concatenate((lines.numbers[others], lines.numbers[rows[which]]))[order]
    out = Lines.of_texts(texts, numbers)
    out.repeats = True
    return out


def _answers(lines: Lines) -> Mask:
    """Which lines are answers."""
    found: Mask = lines.bytes[lines.starts] == ord("{")
    if found.any():
        rows = np.flatnonzero(found)
        rows = rows[lines.take(rows).text.str.contains_any(list({m for m, _ in ANSWERS.values()})).to_numpy()]
        found[:] = False
        text = lines.take(rows).text.to_frame()
        marks = [pl.all_horizontal(LINE.str.contains(m, literal=True) for m in both) for both in ANSWERS.values()]
        found[rows] = text.select(hit=pl.any_horizontal(marks))["hit"].to_numpy()
        rows = np.flatnonzero(found)
        found[rows] = lines.take(rows).text.str.contains(HEAD).to_numpy()
    return found


def _records(answers: Lines) -> tuple[Positions, pl.Series]:
    """Positions in `answers` and the records in them, in order."""
    frame = Json().fields(answers, set(ANSWERS), Context()).frame
    found: list[tuple[Positions, pl.Series]] = []
    for path in ANSWERS:
        if path not in frame.columns:
            continue
        held = frame.filter(pl.col(path).str.starts_with("["))
        which, parts = elements(Lines.of_texts(held[path]))
        if path == "data.result":
            inner, texts = _pairs(parts)
            which = which[inner]
        else:
            texts = parts.text.str.replace_all(PAIR, "$1:$2").str.replace(r"(?s)^\[(.*)\]$", "{${1}}")
        found.append((held[ROW].to_numpy()[which], texts))
    which = np.concatenate([w for w, _ in found]) if found else np.empty(0, np.int64)
    records = pl.concat([t for _, t in found]) if found else pl.Series([], dtype=pl.String)
    order = np.argsort(which, kind="stable")
    return which[order], records.gather(pl.Series(order.astype(np.uint32)))


def _pairs(streams: Lines) -> tuple[Positions, pl.Series]:
    """Loki's pairs of time and line, as the objects that `logcli -o jsonl` writes."""
    frame = Json().fields(streams, {"stream", "values"}, Context()).frame
    if "values" not in frame.columns:
        return np.empty(0, np.int64), pl.Series([], dtype=pl.String)
    labels = frame["stream"] if "stream" in frame.columns else frame["values"].clear(len(frame))
    which, pairs = elements(Lines.of_texts(frame["values"]))
    pair, parts = elements(pairs)
    place = np.arange(len(pair)) - np.searchsorted(pair, pair)
    time, line = (parts.text.filter(pl.Series(place == n)) for n in (0, 1))
    whole = pair[place == 1]
    time = time.filter(pl.Series(np.isin(pair[place == 0], whole)))
    out = pl.DataFrame({"t": time, "l": line, "s": labels.fill_null("{}").gather(pl.Series(which[whole]))})
    marks = [pl.lit(m) for m in ('{"timestamp":', ',"line":', ',"labels":', "}")]
    text = pl.concat_str([marks[0], pl.col("t"), marks[1], pl.col("l"), marks[2], pl.col("s"), marks[3]])
    return frame[ROW].to_numpy()[which[whole]], out.select(text.alias("line")).to_series()
