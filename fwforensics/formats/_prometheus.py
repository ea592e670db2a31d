"""Prometheus series: the text exposition, and the JSON of a query.

Both become samples: a metric's name, its labels, a time where there is one, and a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

from fwforensics.formats._moments import moment
from fwforensics.formats._records import Peek, json_units, text_units
from fwforensics.formats._traces import obj

_LINE = re.compile(r"([A-Za-z_:][\w:]*)(?:\s*+\{(.*)\})?\s++(\S+)(?:\s++(-?\d+(?:\.\d+)?))?\s*$")
_LABEL = re.compile(r'(?<!\w)([A-Za-z_]\w*)\s*+=\s*"((?:[^"\\]|\\.)*)"')
_ESCAPES = {r"\\": "\\", r"\"": '"', r"\n": "\n"}


@dataclass(frozen=True, slots=True)
class Sample:
    """One series: times and values; one without a time in text."""

    name: str
    labels: dict[str, str]
    points: list[tuple[datetime | None, float]]


def series_units(stream: BinaryIO) -> Iterator[tuple[int, Any, bytes]]:
    """Lines of the text exposition, or series of a query's JSON."""
    head = stream.read(1 << 16)
    joined = _Joined(head, stream)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        yield from json_units(_series)(joined)  # type: ignore[arg-type]
    else:
        yield from text_units(joined)  # type: ignore[arg-type]


class _Joined:
    """A stream of which the beginning was read."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self.head, self.stream = head, stream

    def read(self, size: int = -1) -> bytes:
        """As a file does."""
        if self.head:
            head, self.head = self.head, b""
            return head
        return self.stream.read(size)


def _series(document: Any) -> list[Any]:
    data = obj(document).get("data", document)
    found = obj(data).get("result", data)
    return found if isinstance(found, list) else [found]


def sample(value: Any) -> Sample | None:
    """A line or a series of JSON as a sample; None where it is a comment or blank.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(value, str):
        line = value.strip()
        if not line or line.startswith("#"):
            return None
        match = _LINE.match(line)
        if match is None:
            raise ValueError("no sample of a metric")
        labels = {
            k: re.sub(r"\\.", lambda m: _ESCAPES.get(m.group(0), m.group(0)), v)
            for k, v in _LABEL.findall(match.group(2) or "")
        }
        when = moment(int(float(match.group(4)))) if match.group(4) else None
        return Sample(match.group(1), labels, [(when, float(match.group(3)))])
    metric = {str(k): str(v) for k, v in obj(obj(value).get("metric")).items()}
    pairs = value.get("values") or [value["value"]]
    points = [(moment(p[0]), float(p[1])) for p in pairs]
    return Sample(metric.pop("__name__", ""), metric, points)


def shows(peek: Peek, *names: str) -> bool:
    """Does the beginning hold series of one of these names, in text or in JSON?"""
    if peek.text.startswith("{"):
        inside = '"metric"' in peek.text and '"result"' in peek.text
        return inside and any(f'"{n}' in peek.text for n in names)
    if peek.text.startswith("["):
        return '"metric"' in peek.text and any(f'"{n}' in peek.text for n in names)
    return any(re.search(rf"^{n}\w*[{{ ]", peek.text, re.MULTILINE) is not None for n in names)
