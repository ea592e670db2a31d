"""What a value looks like: to people, to machines, and never as an order to the terminal.

Log text is hostile: control and escape characters never reach a terminal.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fwforensics.errors import UsageError
from fwforensics.text import CONTROLS as CONTROLS
from fwforensics.text import safe as safe
from fwforensics.text import visible as visible


class OutputFormat(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"
    MARKDOWN = "markdown"


@dataclass(slots=True)
class Style:
    """How this run of the command prints."""

    output: OutputFormat = OutputFormat.TABLE
    quiet: bool = False
    progress: bool = True
    zone: ZoneInfo | None = None


style = Style()


def set_zone(name: str | None) -> None:
    """Zone in which times are shown; changes nothing but the display."""
    style.zone = None
    if name is not None:
        try:
            style.zone = ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise UsageError(
                f"there is no time zone {name!r}", remedy="give an IANA name such as Europe/Berlin"
            ) from None


def cell(value: Any) -> str:
    """One value for people."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    if isinstance(value, list | tuple):
        shown = ", ".join(cell(v) for v in value[:4])
        return f"{shown}, … ({len(value)})" if len(value) > 4 else shown
    if isinstance(value, dict):
        return safe(json.dumps(value, default=str, ensure_ascii=False))
    return safe(str(value))


def stamp(value: datetime) -> str:
    """RFC 3339, UTC unless `--display-tz`."""
    zoned = value.replace(tzinfo=UTC)
    if style.zone is not None:
        return zoned.astimezone(style.zone).isoformat(
            sep="T", timespec="seconds" if not value.microsecond else "milliseconds"
        )
    text = value.isoformat(timespec="seconds" if not value.microsecond else "milliseconds")
    return f"{text}Z"


def plain(value: Any) -> Any:
    """One value for machines: times as RFC 3339, the rest as it is."""
    if isinstance(value, datetime):
        zoned = value.replace(tzinfo=UTC)
        return (zoned.astimezone(style.zone) if style.zone else zoned).isoformat().replace("+00:00", "Z")
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, float) and value != value:
        return None
    return value
