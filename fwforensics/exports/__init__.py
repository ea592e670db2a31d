"""What others read: one module a kind, found by being in this folder."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module

from fwforensics.errors import UsageError
from fwforensics.exports._exporter import Exporter as Exporter


@cache
def exporters() -> dict[str, Exporter]:
    """All kinds of export, by name."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))
    return {n: import_module(f"{__name__}.{n}").EXPORTER for n in names}


def exporter(name: str) -> Exporter:
    """One kind of export.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in exporters():
        raise UsageError(f"nothing is exported as {name!r}", remedy=f"one of {', '.join(exporters())}")
    return exporters()[name]
