"""Docker events as JSON lines: when containers lived, and commands that were run in them from outside.

`start` and `die` (or `kill`, `stop`, `oom`) of a container are one activity; `exec_create: COMMAND` with its
`exec_start` and `exec_die` (by `execID`) is one more. Podman's events of the same shape are read, too.

Reference: https://docs.docker.com/reference/cli/docker/system/events/

Time: `timeNano`, or `time` in whole seconds, UTC. There is no address in events: `docker inspect` has them. Not
covered: the plain text of `docker events` without `--format json`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from fwforensics.formats._format import Context, Format
from fwforensics.formats._moments import moment
from fwforensics.formats._records import Out, Peek, Row, Skip, Unit, records
from fwforensics.formats._traces import obj, rest, text

ENDS = ("die", "died", "stop", "kill", "oom", "destroy", "remove", "cleanup")


class Containers:
    """Pairs starts with ends."""

    def __init__(self, context: Context) -> None:
        del context
        self.alive: dict[str, tuple[Unit, Mapping[str, Any], datetime | None]] = {}
        self.running: dict[str, tuple[Unit, str, str, Mapping[str, Any], datetime | None]] = {}

    def read(self, unit: Unit) -> Iterable[Out]:
        """See `Reader`."""
        event = unit.value
        action = str(event.get("Action") or event.get("status") or event.get("Status") or "")
        actor = obj(event.get("Actor"))
        attributes = obj(actor.get("Attributes") or event.get("Attributes"))
        identity = text(actor.get("ID"), event.get("id"), event.get("ID")) or ""
        when = moment(event.get("timeNano") or event.get("time") or event.get("Time"))
        if str(event.get("Type") or "container").lower() != "container":
            return [Skip(f"{event.get('Type')} event")]
        verb, _, what = action.partition(": ")
        if verb == "start":
            self.alive[identity] = (unit, attributes, when)
            return []
        if verb in ("die", "died") and identity in self.alive:
            return [self._container(identity, when, text(attributes.get("exitCode")), verb)]
        if verb.startswith("exec_"):
            return self._exec(unit, verb, what, identity, attributes, when)
        return [] if verb in ENDS else [Skip(f"container {verb}"[:60])]

    def finish(self) -> Iterable[Row]:
        """See `Reader`."""
        rows = [self._container(identity, None, None, "running") for identity in list(self.alive)]
        return [*rows, *(self._command(key, None, None) for key in list(self.running))]

    def _container(self, identity: str, end: datetime | None, code: str | None, state: str) -> Row:
        unit, attributes, start = self.alive.pop(identity)
        return unit.row(
            "activity",
            kind="container",
            activity_id=f"docker:{identity}:{start}",
            container_id=identity,
            name=text(attributes.get("name")),
            run_id=text(attributes.get("run_id")),
            started_at=start,
            ended_at=end,
            end_is_inferred=False if end else None,
            status=code or (None if end else state),
            sandbox_id=text(attributes.get("sandbox_id"), attributes.get("rock.sandbox/sandbox-id")),
            pod=text(attributes.get("io.kubernetes.pod.name")),
            namespace=text(attributes.get("io.kubernetes.pod.namespace")),
            extra=rest(attributes, "name"),
        )

    def _exec(
        self, unit: Unit, verb: str, what: str, identity: str, attributes: Mapping[str, Any], when: datetime | None
    ) -> list[Out]:
        key = text(attributes.get("execID"), identity) or ""
        if verb in ("exec_create", "exec_start"):
            if key not in self.running:
                self.running[key] = (unit, identity, what, attributes, when)
            return []
        if verb == "exec_die" and key in self.running:
            return [self._command(key, when, text(attributes.get("exitCode")))]
        return [Skip(verb)]

    def _command(self, key: str, end: datetime | None, code: str | None) -> Row:
        unit, identity, what, attributes, start = self.running.pop(key)
        return unit.row(
            "activity",
            kind="process",
            activity_id=f"docker-exec:{key}",
            container_id=identity,
            tool="docker exec",
            name=text(attributes.get("name")),
            command=what or None,
            started_at=start,
            ended_at=end,
            status=code,
            end_is_inferred=False if end else None,
        )


def recognise(peek: Peek, name: str) -> bool:
    """Events have a type, an action and an actor with a time."""
    del name
    return bool({"timeNano", "time"} & peek.keys) and ({"Type", "Action", "Actor"} <= peek.keys)


FORMAT = Format(
    name="docker_events",
    title="Docker events (JSON)",
    reference="https://docs.docker.com/reference/cli/docker/system/events/",
    notes="No addresses: give the output of docker inspect, too.",
    table="activity",
    binary=records(unit="event", recognise=recognise, reader=Containers),
)
