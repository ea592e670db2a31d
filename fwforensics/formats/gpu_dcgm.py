"""NVIDIA DCGM exporter: Prometheus text, or the JSON of a query or a range query.

Utilization, memory in use and power become their columns; other `DCGM_FI_…` values are kept in `extra`.

Reference: https://docs.nvidia.com/datacenter/cloud-native/gpu-telemetry/latest/dcgm-exporter.html

Time: that of the sample; text without times has none. `Hostname`, `gpu` or `UUID` and `pod` are labels.
"""

from __future__ import annotations

from collections.abc import Iterable

from fwforensics.formats._format import Format
from fwforensics.formats._prometheus import sample, series_units, shows
from fwforensics.formats._records import Bad, Out, Peek, Skip, Unit, records

COLUMNS = {
    "DCGM_FI_DEV_GPU_UTIL": "utilization",
    "DCGM_FI_DEV_FB_USED": "memory_mib",
    "DCGM_FI_DEV_POWER_USAGE": "power_w",
}


def read(unit: Unit) -> Iterable[Out]:
    """One line, or all points of one series."""
    try:
        one = sample(unit.value)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        return [Bad(f"no sample: {error}")]
    if one is None:
        return [Skip("comment")]
    if not one.name.startswith("DCGM_FI_"):
        return [Skip("other metric")]
    labels, column = one.labels, COLUMNS.get(one.name)
    said = {k: v for k, v in labels.items() if k in ("namespace", "container", "modelName", "hpc_job", "device", "gpu")}
    return [
        unit.row(
            "gpu_samples",
            ts=when,
            host=labels.get("Hostname") or labels.get("hostname") or labels.get("instance"),
            gpu=labels.get("UUID") or labels.get("gpu"),
            pod=labels.get("pod") or labels.get("exported_pod"),
            extra={**said, **({} if column else {one.name: value})},
            **({column: value} if column else {}),
        )
        for when, value in one.points
    ]


def recognise(peek: Peek, name: str) -> bool:
    """Series of DCGM's field names."""
    del name
    return shows(peek, "DCGM_FI_")


FORMAT = Format(
    name="gpu_dcgm",
    title="NVIDIA DCGM exporter (Prometheus text, query JSON)",
    reference="https://docs.nvidia.com/datacenter/cloud-native/gpu-telemetry/latest/dcgm-exporter.html",
    notes="Corroboration only: load alone proves nothing.",
    table="gpu_samples",
    binary=records(unit="line or series", recognise=recognise, read=read, units=series_units),
)
