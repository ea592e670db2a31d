"""What an ingest was asked to do, and what became of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from fwforensics.errors import UsageError
from fwforensics.inflate import Limits
from fwforensics.version import __version__

PARSER_VERSION = __version__
#: A file may be this much older than its last record (clocks differ, copies keep times).
CLOCK_SLACK = timedelta(days=1)
#: Told label, bytes done, and bytes in all (0 where unknown).
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to read; what changes the rows is recorded with the source.

    Attributes:
        mapping: path and text of a mapping file, by which text is read in place of all formats.
        jobs: threads that bring connections and the like up to date after the reading; 0: one a core, four at most.
    """

    format: str | None = None
    tz: str | None = None
    year: int | None = None
    sensor: str | None = None
    run: str | None = None
    mapping: tuple[str, str] | None = None
    replace: bool = False
    strict: bool = False
    max_reject_ratio: float = 0.05
    jobs: int = 0
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if self.year is not None and not 1970 <= self.year <= 2199:
            raise UsageError(f"{self.year} is no year of a log", remedy="give one from 1970 to 2199")

    @property
    def zone(self) -> str:
        """Zone of times that have none."""
        return self.tz or "UTC"

    @property
    def forced(self) -> str | None:
        """The format that every source has, if the analyst said one; a mapping file reads text."""
        return "canonical" if self.mapping is not None else self.format

    def recorded(self) -> str:
        """The options that change the rows, as stored in `sources.options`."""
        kept = {"format": self.format, "tz": self.zone, "year": self.year, "sensor": self.sensor, "run": self.run}
        if self.mapping is not None:
            kept["map"] = hashlib.sha256(self.mapping[1].encode()).hexdigest()[:16]
        return json.dumps({k: v for k, v in kept.items() if v is not None}, sort_keys=True)


@dataclass(slots=True)
class SourceReport:
    """What became of one source."""

    label: str
    status: str  # new, continued, duplicate, error, conflict
    source_id: int | None = None
    format: str | None = None
    lines: int = 0
    parsed: int = 0
    rejects: int = 0
    ignored: int = 0
    rows: int = 0
    size: int = 0
    seconds: float = 0.0
    message: str = ""
    remedy: str = ""


@dataclass(slots=True)
class Report:
    """What became of an ingest."""

    sources: list[SourceReport] = field(default_factory=list)
    max_reject_ratio: float = 0.05

    @property
    def exit_code(self) -> int:
        """0, 2 where options conflict with what is there, 3 where something was not read."""
        if any(s.status == "conflict" for s in self.sources):
            return 2
        return 3 if any(self.is_partial(s) for s in self.sources) else 0

    def is_partial(self, s: SourceReport) -> bool:
        """Did the source give nothing, or more rejects than allowed?"""
        if s.status == "error":
            return True
        if s.status == "duplicate":
            return False
        nothing = s.size > 0 and s.rows == 0 and s.rejects > 0
        return nothing or (s.lines > 0 and s.rejects / s.lines > self.max_reject_ratio)
