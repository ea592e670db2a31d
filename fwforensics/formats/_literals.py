"""Texts of which at least one stands in every line for which an expression holds.

A format says which lines are its own by an expression. What must stand in such a line is read off that expression, so
that many formats can be told apart by one search for many texts, and each is asked only about lines that can be its
own. Where nothing can be read off, the answer is None, and the format is asked about every line: slower, never wrong.
"""

from __future__ import annotations

import json
import re
import warnings
from base64 import b64decode
from collections.abc import Iterable
from io import BytesIO
from re import _parser  # type: ignore[attr-defined]
from typing import Any

import polars as pl
import pyarrow as pa

Texts = frozenset[str]
#: More alternatives than this are not multiplied out.
MAX_TEXTS = 40
#: Parts of a line: what stands in them stands in the line.
PARTS = {"Head", "Tail", "Slice", "StripChars", "StripCharsStart", "StripCharsEnd", "StripPrefix", "StripSuffix"}


def literals(expression: pl.Expr) -> Texts | None:
    """Texts of which one stands in each `line` for which `expression` holds; None where that is not known."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _useful(_needs(json.loads(expression.meta.serialize(format="json"))))
        except (ValueError, KeyError, TypeError, AttributeError, pl.exceptions.PolarsError):
            return None


def _needs(node: Any) -> Texts | None:
    """What an expression's node needs; the empty set where it never holds."""
    [(kind, of)] = node.items()
    if kind == "Literal":
        return frozenset() if of.get("Scalar", {}).get("Boolean") is False else None
    if kind == "Alias":
        return _needs(of[0])
    if kind == "BinaryExpr":
        return _both(_needs(of["left"]), _needs(of["right"]), of["op"])
    if kind == "Ternary":
        truthy = _better(_needs(of["predicate"]), _needs(of["truthy"]))
        return _any([truthy, _needs(of["falsy"])])
    return _function(of["function"], of["input"]) if kind == "Function" else None


def _both(left: Texts | None, right: Texts | None, op: str) -> Texts | None:
    """Both sides of an operator."""
    if op in ("And", "LogicalAnd"):
        return _better(left, right)
    return _any([left, right]) if op in ("Or", "LogicalOr") else None


def _function(name: Any, given: list[Any]) -> Texts | None:
    """What a function of other expressions needs."""
    if name == "FillNull" and given[1].get("Literal", {}).get("Scalar", {}).get("Boolean") is False:
        return _needs(given[0])
    if not isinstance(name, dict):
        return None
    if (boolean := name.get("Boolean")) is not None:
        if boolean == "AnyHorizontal":
            return _any(_needs(g) for g in given)
        return _best(_needs(g) for g in given) if boolean == "AllHorizontal" else None
    test = name.get("StringExpr")
    if test is None or not _is_line(given[0]):
        return None
    if test in ("StartsWith", "EndsWith"):
        return _texts(given[1])
    if "Contains" in test:
        texts = _texts(given[1])
        return texts if test["Contains"]["literal"] else _best(pattern_literals(t) for t in texts or ())
    if "ContainsAny" in test and not test["ContainsAny"]["ascii_case_insensitive"]:
        return _texts(given[1])
    return None


def _is_line(node: Any) -> bool:
    """Is it the line, or a part of it?"""
    if node == {"Column": "line"}:
        return True
    function = node.get("Function", {})
    name = function.get("function", {})
    part = name.get("StringExpr") if isinstance(name, dict) else None
    return (part if isinstance(part, str) else next(iter(part or {""}))) in PARTS and _is_line(function["input"][0])


def _texts(node: Any) -> Texts | None:
    """The texts of a constant."""
    scalar = node["Literal"]["Scalar"]
    if "String" in scalar:
        return frozenset((scalar["String"],))
    stored = scalar["List"]
    body = bytes(stored) if isinstance(stored, list) else b64decode(stored)
    table = pa.ipc.open_stream(BytesIO(body)).read_all()
    return frozenset(v for cell in table.column(0).to_pylist() for v in (cell if isinstance(cell, list) else [cell]))


def _any(needs: Iterable[Texts | None]) -> Texts | None:
    """One of several must hold."""
    found: set[str] = set()
    for need in needs:
        if need is None:
            return None
        found |= need
    return frozenset(found)


def _best(needs: Iterable[Texts | None]) -> Texts | None:
    """All of several must hold: the one that tells most."""
    best: Texts | None = None
    for need in needs:
        best = _better(best, need)
    return best


def _useful(texts: Texts | None) -> Texts | None:
    return None if texts is None or any(not t for t in texts) else texts


def _better(a: Texts | None, b: Texts | None) -> Texts | None:
    """Of two sets of texts, one of each of which must be there, the one that fewer lines have."""
    a, b = _useful(a), _useful(b)
    if a is None or b is None:
        return b if a is None else a
    return max(a, b, key=_weight)


def _weight(texts: Texts) -> tuple[int, int]:
    """How much a set of texts tells: by its shortest, then by how few they are."""
    return min((min(sum(4 if c == "\t" else 1 for c in t), 6) for t in texts), default=99), -len(texts)


def pattern_literals(pattern: str) -> Texts | None:
    """Texts of which one stands in whatever a regular expression matches."""
    if "[:" in pattern or "&&" in pattern:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            parsed = _parser.parse(re.sub(r"\\x\{([0-9a-fA-F]{4})\}", r"\\u\1", pattern))
        except (re.error, FutureWarning, DeprecationWarning, OverflowError, RecursionError):
            return None
    return None if parsed.state.flags & re.IGNORECASE else _useful(_sequence(parsed)[1])


def _sequence(items: Iterable[tuple[Any, Any]]) -> tuple[Texts | None, Texts | None]:
    """All texts that a sequence matches, where they are few; and those of which one is in every match."""
    run: Texts = frozenset(("",))
    best: Texts | None = None
    whole = True
    for op, given in items:
        exact, needed = _item(str(op), given)
        if exact is not None and len(run) * len(exact) <= MAX_TEXTS:
            run = frozenset(a + b for a in run for b in exact)
            continue
        best = _better(_better(best, run), needed if exact is None else exact)
        run, whole = frozenset(("",)), False
    return (run if whole else None), _better(best, run)


def _item(op: str, given: Any) -> tuple[Texts | None, Texts | None]:
    """The same for one item of a sequence."""
    if op == "LITERAL":
        return frozenset((chr(given),)), None
    if op == "AT":
        return frozenset(("",)), None
    if op == "IN" and len(given) <= 3 and all(str(o) == "LITERAL" for o, _ in given):
        return frozenset(chr(c) for _, c in given), None
    if op == "SUBPATTERN":
        return (None, None) if given[1] & re.IGNORECASE else _sequence(given[3])
    if op == "BRANCH":
        parts = [_sequence(p) for p in given[1]]
        exact = _any(e for e, _ in parts)
        return (exact if exact is not None and len(exact) <= MAX_TEXTS else None), _any(n for _, n in parts)
    if op in ("MAX_REPEAT", "MIN_REPEAT"):
        low, high, part = given
        exact, needed = _sequence(part)
        if (low, high) == (0, 1) and exact is not None:
            return exact | {""}, None
        return None, needed if low else None
    return None, None
