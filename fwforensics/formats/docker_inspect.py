"""`docker inspect` (also `podman inspect`) of containers: who had which address, from when to when.

Each container is an activity with the time from `State.StartedAt` to `State.FinishedAt`, and a lease for each of its
addresses in `NetworkSettings`. With the host's network it has none of its own.

Reference: https://docs.docker.com/reference/cli/docker/inspect/

Time: RFC 3339; the year 1 means never. An address of a bridge means nothing outside its host, which the file does not
name: the lease has no scope, so name the host's logs by `--sensor`, and do not mix hosts whose addresses repeat.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fwforensics.formats._format import Format
from fwforensics.formats._moments import moment
from fwforensics.formats._records import Out, Peek, Skip, Unit, records
from fwforensics.formats._traces import obj, text


def read(unit: Unit) -> Iterable[Out]:
    """One container."""
    record = unit.value
    state, config = obj(record.get("State")), obj(record.get("Config"))
    if "NetworkSettings" not in record or not state:
        return [Skip("no container")]
    start, end = (_real(state.get(k)) for k in ("StartedAt", "FinishedAt"))
    if end is not None and (state.get("Running") or (start is not None and end < start)):
        end = None
    identity, labels = text(record.get("Id"), record.get("ID")), obj(config.get("Labels"))
    addresses = list(_addresses(obj(record.get("NetworkSettings"))))
    argv = [record.get("Path"), *(record.get("Args") or [])] if isinstance(record.get("Args") or [], list) else []
    rows: list[Out] = [
        unit.row(
            "activity",
            kind="container",
            activity_id=f"docker:{identity}:{start}",
            container_id=identity,
            name=(text(record.get("Name")) or "").lstrip("/") or None,
            started_at=start,
            ended_at=end,
            command=" ".join(str(a) for a in argv if a) or None,
            ip=addresses[0] if addresses else None,
            run_id=text(labels.get("run_id")),
            sandbox_id=text(labels.get("rock.sandbox/sandbox-id"), labels.get("sandbox_id")),
            status=text(state.get("Status")),
            end_is_inferred=False if end else None,
            extra={
                "image": text(config.get("Image")),
                "hostname": text(config.get("Hostname")),
                "pid": state.get("Pid"),
                "exit_code": state.get("ExitCode"),
                "privileged": obj(record.get("HostConfig")).get("Privileged"),
                "network_mode": text(obj(record.get("HostConfig")).get("NetworkMode")),
                "labels": dict(labels),
            },
        )
    ]
    rows += [
        unit.row(
            "leases", ip=ip, owner_kind="container", owner_id=identity, started_at=start, ended_at=end, shared=False
        )
        for ip in addresses
    ]
    return rows


def _real(value: Any) -> Any:
    when = moment(value)
    return when if when is not None and when.year > 1970 else None


def _addresses(settings: Mapping[str, Any]) -> Iterable[str]:
    """All addresses of a container, each once."""
    networks = [settings, *(obj(n) for n in obj(settings.get("Networks")).values())]
    found = [text(n.get(k)) for n in networks for k in ("IPAddress", "GlobalIPv6Address")]
    return dict.fromkeys(f for f in found if f)


def recognise(peek: Peek, name: str) -> bool:
    """An array of objects with a state and network settings; they stand far apart, so that one of them will do."""
    del name
    return (
        peek.text.startswith("[")
        and {"Id", "State"} <= peek.keys
        and bool({"NetworkSettings", "HostConfig"} & peek.keys)
    )


FORMAT = Format(
    name="docker_inspect",
    title="docker inspect of containers",
    reference="https://docs.docker.com/reference/cli/docker/inspect/",
    notes="Bridge addresses have no scope here, since the file does not name its host.",
    table="activity",
    binary=records(unit="container", recognise=recognise, read=read),
)
