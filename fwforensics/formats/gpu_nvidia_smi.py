"""`nvidia-smi`: CSV of `--query-gpu` and `--query-compute-apps`, and the text of `pmon` and `dmon`.

Columns are known by their names, with units (`utilization.gpu [%]`) or without. A file without its header cannot be
told apart and is not read.

Reference: https://docs.nvidia.com/deploy/nvidia-smi/index.html

Time: `timestamp` is local without zone (`--tz`). `pmon` and `dmon` have times with `-o DT` only; without them `ts` is
NULL. The output does not name its host, which stays NULL.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO

from fwforensics.formats._format import Format
from fwforensics.formats._moments import moment
from fwforensics.formats._records import Bad, Out, Peek, Skip, Unit, records, text_units
from fwforensics.formats._traces import text

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
CSV = {
    "utilization": ("utilization.gpu",),
    "memory_mib": ("memory.used", "used_memory", "used_gpu_memory"),
    "power_w": ("power.draw", "power.draw.instant", "power.draw.average"),
    "gpu": ("gpu_uuid", "uuid", "gpu_index", "index"),
    "process": ("process_name", "name"),
}
TABLE = {"utilization": ("sm",), "memory_mib": ("fb",), "power_w": ("pwr",), "gpu": ("gpu",), "process": ("command",)}


def units(stream: BinaryIO) -> Iterator[tuple[int, Any, bytes]]:
    """Rows by the names of their columns."""
    names: list[str] = []
    table = False
    for number, line, raw in text_units(stream):
        bare = line.strip()
        if bare.startswith("#"):
            words = bare.lstrip("# ").split()
            if {"gpu", "sm"} <= {w.lower() for w in words} or {"gpu", "pwr"} <= {w.lower() for w in words}:
                names, table = [w.lower() for w in words], True
            yield number, "header", raw
        elif not bare:
            yield number, "blank", raw
        elif not table and re.match(r"(?:timestamp|index|uuid|gpu_uuid|pid|gpu_name|name)\b.*,", bare):
            names = [re.sub(r"\s*\[.*\]$", "", c.strip()) for c in bare.split(",")]
            yield number, "header", raw
        else:
            cells = bare.split(None, len(names) - 1) if table and names else [c.strip() for c in bare.split(",")]
            yield (
                number,
                dict(zip(names, cells, strict=False)) | {"@table": table, "@fits": len(cells) == len(names)},
                raw,
            )


def read(unit: Unit) -> Iterable[Out]:
    """One sample."""
    if isinstance(unit.value, str):
        return [Skip(unit.value)]
    row: Mapping[str, Any] = unit.value
    if not row.get("@fits"):
        return [Bad("not as many fields as the header names")]
    keys = TABLE if row["@table"] else CSV
    picked = {column: next((row[n] for n in names if n in row), None) for column, names in keys.items()}
    date, clock = text(row.get("date")), text(row.get("time"))
    when = moment(row.get("timestamp")) or (
        moment(f"{date[:4]}-{date[4:6]}-{date[6:8]} {clock}") if date and clock else None
    )
    used = {n for names in keys.values() for n in names} | {"timestamp", "date", "time", "@table", "@fits"}
    return [
        unit.row(
            "gpu_samples",
            ts=when,
            gpu=_word(picked["gpu"]),
            process=_word(picked["process"]) if "pid" in row else None,
            utilization=_number(picked["utilization"]),
            memory_mib=_number(picked["memory_mib"]),
            power_w=_number(picked["power_w"]),
            extra={k: v for k, v in row.items() if k not in used or (k == "name" and "pid" not in row)},
        )
    ]


def _word(value: Any) -> str | None:
    return None if value in (None, "-", "", "[N/A]", "N/A", "[Not Supported]") else str(value)


def _number(value: Any) -> float | None:
    match = _NUMBER.match(str(value or ""))
    return float(match.group(0)) if match else None


def recognise(peek: Peek, name: str) -> bool:
    """A CSV header of nvidia-smi's field names, or the two comment lines of pmon and dmon."""
    del name
    first = peek.text.split("\n", 1)[0]
    if "," in first and re.search(
        r"\b(?:utilization\.gpu|memory\.used|gpu_uuid|used_(?:gpu_)?memory|power\.draw)\b", first
    ):
        return True
    return re.match(r"#\s*(?:Date\s+Time\s+)?gpu\s+(?:pid|pwr|Idx)", first, re.IGNORECASE) is not None


FORMAT = Format(
    name="gpu_nvidia_smi",
    title="nvidia-smi samples (CSV, pmon, dmon)",
    reference="https://docs.nvidia.com/deploy/nvidia-smi/index.html",
    notes="Corroboration only. The output does not name its host.",
    table="gpu_samples",
    binary=records(unit="line", recognise=recognise, read=read, units=units),
)
