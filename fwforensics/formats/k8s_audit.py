"""Kubernetes audit log (audit.k8s.io/v1), JSON lines: commands run in pods from outside, and pods' addresses.

`pods/exec` and `pods/attach` are processes with their command; a pod's status with its `podIP` (Request level or above)
is a lease from then on; a deletion ends it. Of the stages of one request the last counts.

Reference: https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/

Time: `requestReceivedTimestamp` to `stageTimestamp`, UTC. Requests about anything but pods are ignored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fwforensics.formats._format import Context, Format
from fwforensics.formats._moments import moment
from fwforensics.formats._records import Out, Peek, Row, Skip, Unit, json_units, records
from fwforensics.formats._traces import command, items, obj, text

INSIDE = ("exec", "attach", "ephemeralcontainers", "portforward")
Lease = tuple[Unit, str, str, str | None, bool, datetime | None]


class Audit:
    """Remembers requests until their last stage, and addresses until their pod is deleted."""

    def __init__(self, context: Context) -> None:
        del context
        self.open: dict[str, tuple[Unit, Mapping[str, Any]]] = {}
        self.leases: dict[tuple[str | None, str | None, str], Lease] = {}

    def read(self, unit: Unit) -> Iterable[Out]:
        """See `Reader`."""
        event = unit.value
        about = obj(event.get("objectRef"))
        if about.get("resource") != "pods":
            return [Skip("not about pods")]
        if about.get("subresource") in INSIDE:
            identity = text(event.get("auditID")) or f"{unit.source}:{unit.number}"
            first = self.open.get(identity, (unit, event))
            if event.get("stage") in ("ResponseComplete", "Panic"):
                self.open.pop(identity, None)
                return [self._process(first[0], event, identity, ended=True)]
            self.open[identity] = (first[0], event)
            return []
        rows = list(self._pod(unit, event, about))
        return rows if rows is not None and (rows or self._said(event)) else [Skip("no pod address in it")]

    def finish(self) -> Iterable[Row]:
        """See `Reader`."""
        yield from (self._process(u, e, i, ended=False) for i, (u, e) in self.open.items())
        yield from (self._lease(key, None) for key in list(self.leases))

    def _process(self, unit: Unit, event: Mapping[str, Any], identity: str, *, ended: bool) -> Row:
        about, query = obj(event.get("objectRef")), parse_qs(urlsplit(str(event.get("requestURI") or "")).query)
        return unit.row(
            "activity",
            kind="process",
            activity_id=f"k8s:{identity}",
            tool=f"kubectl {about.get('subresource')}",
            command=command({"command": query["command"]}) if "command" in query else None,
            namespace=text(about.get("namespace")),
            pod=text(about.get("name")),
            started_at=moment(event.get("requestReceivedTimestamp")),
            ended_at=moment(event.get("stageTimestamp")) if ended else None,
            end_is_inferred=False if ended else None,
            status=text(obj(event.get("responseStatus")).get("code")),
            extra={
                "user": text(obj(event.get("user")).get("username")),
                "source_ips": event.get("sourceIPs"),
                "container": query.get("container", [None])[0],
                "user_agent": text(event.get("userAgent")),
            },
        )

    def _said(self, event: Mapping[str, Any]) -> bool:
        return any(self._status(event, part).get("podIP") for part in ("responseObject", "requestObject"))

    @staticmethod
    def _status(event: Mapping[str, Any], part: str) -> Mapping[str, Any]:
        return obj(obj(event.get(part)).get("status"))

    def _pod(self, unit: Unit, event: Mapping[str, Any], about: Mapping[str, Any]) -> Iterable[Row]:
        """Leases that begin and end here."""
        namespace, name = text(about.get("namespace")), text(about.get("name"))
        when = moment(event.get("stageTimestamp") or event.get("requestReceivedTimestamp"))
        if event.get("verb") == "delete" and event.get("stage") in (None, "ResponseComplete"):
            for key in [k for k in self.leases if k[:2] == (namespace, name)]:
                yield self._lease(key, when)
            return
        for part in ("responseObject", "requestObject"):
            status = self._status(event, part)
            ips = [status.get("podIP"), *(i.get("ip") for i in items(status.get("podIPs")))]
            for ip in dict.fromkeys(i for i in ips if isinstance(i, str)):
                key = (namespace, name, ip)
                if key not in self.leases:
                    owner = "/".join(p for p in (namespace, name) if p)
                    start = moment(status.get("startTime")) or when
                    self.leases[key] = (unit, ip, owner, text(status.get("hostIP")), ip == status.get("hostIP"), start)

    def _lease(self, key: tuple[str | None, str | None, str], end: datetime | None) -> Row:
        unit, ip, owner, _, shared, start = self.leases.pop(key)
        return unit.row(
            "leases", ip=ip, owner_kind="pod", owner_id=owner, started_at=start, ended_at=end, shared=shared
        )


def recognise(peek: Peek, name: str) -> bool:
    """Every event names its API, an audit id and a stage."""
    del name
    return "audit.k8s.io/" in peek.text and bool({"auditID", "items"} & peek.keys)


FORMAT = Format(
    name="k8s_audit",
    title="Kubernetes audit log",
    reference="https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/",
    notes="exec and attach with their commands; addresses from Request level on.",
    table="activity",
    binary=records(
        unit="event",
        recognise=recognise,
        reader=Audit,
        units=json_units(lambda d: items(obj(d).get("items")) or ([d] if not isinstance(d, list) else d)),
    ),
)
