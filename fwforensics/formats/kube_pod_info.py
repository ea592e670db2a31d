"""kube-state-metrics: which pod had which address, from Prometheus text or the JSON of a query.

`kube_pod_info` says the pod, its address, its node and the node's address; `kube_pod_start_time` (or `_created`) and
`kube_pod_completion_time` say from when to when, in the same file. Without them a query's first and last sample do.

Reference: https://github.com/kubernetes/kube-state-metrics/blob/main/docs/metrics/workload/pod-metrics.md

Time: epoch seconds; of text without times only what the metrics themselves say. A pod with `host_network` shares the
node's address. Pod addresses are used again: what overlaps stays side by side.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from fwforensics.formats._format import Context, Format
from fwforensics.formats._moments import moment
from fwforensics.formats._prometheus import Sample, sample, series_units, shows
from fwforensics.formats._records import Bad, Out, Peek, Row, Skip, Unit, records

STARTS = ("kube_pod_start_time", "kube_pod_created")
Key = tuple[str | None, str | None, str | None]


class Pods:
    """Collects what is said of each pod."""

    def __init__(self, context: Context) -> None:
        del context
        self.info: dict[tuple[Key, str | None], list[tuple[Unit, Sample]]] = {}
        self.times: dict[tuple[str, Key], datetime] = {}
        self.labels: dict[Key, dict[str, str]] = {}

    def read(self, unit: Unit) -> Iterable[Out]:
        """See `Reader`."""
        try:
            one = sample(unit.value)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            return [Bad(f"no sample: {error}")]
        if one is None:
            return [Skip("comment")]
        key = (one.labels.get("namespace"), one.labels.get("pod"), one.labels.get("uid"))
        if one.name == "kube_pod_info":
            self.info.setdefault((key, one.labels.get("pod_ip")), []).append((unit, one))
        elif one.name in (*STARTS, "kube_pod_completion_time"):
            when = moment(one.points[-1][1])
            if when is not None:
                self.times[one.name, key] = when
        elif one.name == "kube_pod_labels":
            self.labels[key] = one.labels
        else:
            return [Skip("other metric")]
        return []

    def finish(self) -> Iterable[Row]:
        """See `Reader`."""
        nodes: dict[tuple[str, str], Unit] = {}
        for ((namespace, pod, uid), ip), found in self.info.items():
            unit, one = found[0]
            key = (namespace, pod, uid)
            points = [t for _, s in found for t, _ in s.points if t is not None]
            start = next((self.times[n, key] for n in STARTS if (n, key) in self.times), min(points, default=None))
            end = self.times.get(("kube_pod_completion_time", key))
            inferred = end is None and len(points) > 1
            end = max(points) if inferred else end
            shared = one.labels.get("host_network") == "true" or (ip is not None and ip == one.labels.get("host_ip"))
            node, host_ip = one.labels.get("node"), one.labels.get("host_ip")
            labels = self.labels.get(key, {})
            name = "/".join(p for p in (namespace, pod) if p)
            yield unit.row(
                "activity",
                kind="container",
                activity_id=f"pod:{uid or name}",
                name=pod,
                pod=pod,
                namespace=namespace,
                host=node,
                ip=None if shared else ip,
                started_at=start,
                ended_at=end,
                end_is_inferred=inferred if end else None,
                sandbox_id=_label(labels, "sandbox_id", "inspectSampleUUID"),
                run_id=_label(labels, "run_id"),
                extra={**one.labels, **labels},
            )
            if ip:
                yield unit.row(
                    "leases",
                    ip=ip,
                    owner_kind="pod",
                    owner_id=name,
                    started_at=start,
                    ended_at=end,
                    shared=shared,
                    run_id=_label(labels, "run_id"),
                )
            if node and host_ip:
                nodes.setdefault((node, host_ip), unit)
        for (node, host_ip), unit in nodes.items():
            yield unit.row("leases", ip=host_ip, owner_kind="host", owner_id=node)


def _label(labels: dict[str, Any], *names: str) -> str | None:
    """A pod's label: kube-state-metrics writes `label_` before it and has underscores for what is no letter."""
    folded = {k.removeprefix("label_").replace("_", "").lower(): v for k, v in labels.items()}
    return next((folded[n.replace("_", "").lower()] for n in names if folded.get(n.replace("_", "").lower())), None)


def recognise(peek: Peek, name: str) -> bool:
    """Series whose names begin with `kube_pod_`."""
    del name
    return shows(peek, "kube_pod_")


FORMAT = Format(
    name="kube_pod_info",
    title="kube-state-metrics pods (Prometheus text, query JSON)",
    reference="https://github.com/kubernetes/kube-state-metrics/blob/main/docs/metrics/workload/pod-metrics.md",
    notes="Leases of pods and nodes; overlapping ones stay.",
    table="leases",
    binary=records(unit="line or series", recognise=recognise, reader=Pods, units=series_units),
)
