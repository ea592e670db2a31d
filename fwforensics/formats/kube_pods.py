"""`kubectl get pods -A -o json` (a List of Pods, or single ones): pods, containers and their addresses.

Reference: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/

Time: RFC 3339. A pod lasts from `status.startTime` to the end of its last container; `containerID` loses its scheme.
"""

from __future__ import annotations

from collections.abc import Iterable

from fwforensics.formats._format import Format
from fwforensics.formats._moments import moment
from fwforensics.formats._records import Out, Peek, Skip, Unit, json_units, records
from fwforensics.formats._traces import command, items, obj, text


def read(unit: Unit) -> Iterable[Out]:
    """One pod."""
    pod = unit.value
    if pod.get("kind", "Pod") != "Pod" or "status" not in pod:
        return [Skip("no pod")]
    meta, spec, status = obj(pod.get("metadata")), obj(pod.get("spec")), obj(pod.get("status"))
    labels, namespace, name = obj(meta.get("labels")), text(meta.get("namespace")), text(meta.get("name"))
    containers = items(status.get("containerStatuses"))
    ends = [moment(obj(obj(c.get("state")).get("terminated")).get("finishedAt")) for c in containers]
    end = (
        max((e for e in ends if e), default=None) if containers and all(ends) else moment(meta.get("deletionTimestamp"))
    )
    start = moment(status.get("startTime")) or moment(meta.get("creationTimestamp"))
    ips = list(
        dict.fromkeys(i for i in [status.get("podIP"), *(p.get("ip") for p in items(status.get("podIPs")))] if i)
    )
    shared, owner = bool(spec.get("hostNetwork")), "/".join(p for p in (namespace, name) if p)
    run = text(labels.get("run_id"), labels.get("run-id"))
    sandbox = text(labels.get("rock.sandbox/sandbox-id"), labels.get("inspectSampleUUID"), labels.get("sandbox_id"))
    base = {
        "pod": name,
        "namespace": namespace,
        "host": text(spec.get("nodeName")),
        "run_id": run,
        "sandbox_id": sandbox,
    }
    if not containers:
        containers = [{}]
    commands = {
        c.get("name"): [*(c.get("command") or []), *(c.get("args") or [])] for c in items(spec.get("containers"))
    }
    rows: list[Out] = []
    for one in containers:
        done = obj(obj(one.get("state")).get("terminated"))
        begun = moment(done.get("startedAt") or obj(obj(one.get("state")).get("running")).get("startedAt")) or start
        finished = moment(done.get("finishedAt"))
        identity = (text(one.get("containerID")) or "").rpartition("/")[2] or None
        rows.append(
            unit.row(
                "activity",
                kind="container",
                activity_id=f"pod:{text(meta.get('uid')) or owner}:{text(one.get('name')) or ''}",
                name=text(one.get("name"), name),
                container_id=identity,
                ip=None if shared or not ips else ips[0],
                command=command({"command": commands.get(one.get("name"))}) if commands.get(one.get("name")) else None,
                started_at=begun,
                ended_at=finished,
                end_is_inferred=False if finished else None,
                status=text(done.get("exitCode"), done.get("reason"), status.get("phase")),
                extra={"image": one.get("image"), "labels": dict(labels)},
                **base,
            )
        )
    lease = {
        "owner_kind": "pod",
        "owner_id": owner,
        "run_id": run,
        "started_at": start,
        "ended_at": end,
        "shared": shared,
    }
    rows += [unit.row("leases", ip=ip, **lease) for ip in ips]
    if spec.get("nodeName") and status.get("hostIP"):
        rows.append(unit.row("leases", ip=status["hostIP"], owner_kind="host", owner_id=text(spec.get("nodeName"))))
    return rows


def recognise(peek: Peek, name: str) -> bool:
    """A List of Pods, or a Pod."""
    del name
    return {"apiVersion", "kind"} <= peek.keys and '"Pod"' in peek.text and "audit.k8s.io" not in peek.text


FORMAT = Format(
    name="kube_pods",
    title="kubectl get pods -o json",
    reference="https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/",
    notes="Pods with labels run_id, rock.sandbox/sandbox-id or inspectSampleUUID are tied to these.",
    table="activity",
    binary=records(
        unit="pod",
        recognise=recognise,
        read=read,
        units=json_units(
            lambda d: (
                items(obj(d).get("items"))
                if isinstance(obj(d).get("items"), list)
                else d
                if isinstance(d, list)
                else [d]
            )
        ),
    ),
)
