"""The table of thresholds: `queries/thresholds.toml`, each with its unit, default, reason and source.

Queries name the ones that they use (`thresholds = […]` in the header), and have them as parameters then.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fwforensics.errors import QueryError


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """One named number.

    Attributes:
        default: what holds unless somebody says otherwise.
        unit: what it counts.
        why: why it lies there.
        source: where that comes from.
    """

    default: int | float
    unit: str
    why: str
    source: str

    @property
    def type(self) -> str:
        """The type of the parameter that it becomes."""
        return "int" if isinstance(self.default, int) else "float"


@cache
def table(path: Path) -> dict[str, Threshold]:
    """All thresholds of a file, by name."""
    try:
        return {name: Threshold(**row) for name, row in tomllib.loads(path.read_text(encoding="utf-8")).items()}
    except (tomllib.TOMLDecodeError, TypeError) as error:
        raise QueryError(f"the table of thresholds cannot be read: {error}", where=str(path)) from error
