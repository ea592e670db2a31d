"""The formats: one module each, found by being here."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from fwforensics.errors import UsageError
from fwforensics.formats._format import Binary, Context, Decoded, Decoder, Format

__all__ = ["Binary", "Context", "Decoded", "Decoder", "Format", "find_format", "formats"]


@cache
def formats() -> dict[str, Format]:
    """All formats by name, in the order in which they claim lines."""
    names = [m.name for m in iter_modules(__path__) if not m.name.startswith("_")]
    found: list[Format] = [import_module(f"{__name__}.{n}").FORMAT for n in names]
    return {f.name: f for f in sorted(found, key=lambda f: (f.priority, f.name))}


def find_format(name: str) -> Format:
    """The format of that name, or an error that lists the names."""
    try:
        return formats()[name]
    except KeyError:
        known = ", ".join(sorted(formats()))
        raise UsageError(f"there is no format {name!r}", remedy=f"known formats: {known}") from None
