"""The data that ships with the package, and the day it is of."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path

import polars as pl

FOLDER = Path(__file__).parent / "data"


@cache
def as_of(name: str) -> datetime:
    """The day of a shipped table."""
    return datetime.fromisoformat(pl.read_parquet_metadata(FOLDER / f"{name}.parquet")["as_of"])


def table(name: str) -> pl.DataFrame:
    """A shipped table."""
    return pl.read_parquet(FOLDER / f"{name}.parquet")


@cache
def special() -> pl.DataFrame:
    """The special-purpose registries of IANA: `cidr, name, reference, tag, global`."""
    return pl.read_csv(FOLDER / "special.csv")
