"""Inspect AI evaluation logs: `.eval` archives and one-document `.json` logs, new and old.

Read are the head of a log (the evaluation: a run), its samples (episodes), tool calls, what was executed in sandboxes
(processes, which belong to the tool call that they served), model calls (steps), and spans, steps and subtasks of
solvers and agents (phases). Attempts of a sample that failed and was tried again are read, too. Members of one archive
know of each other; a summary stands in for a sample whose document is missing. A tool call that only the model's answer
shows (an agent bridged from inside its sandbox runs its own tools) has the state "requested", begins when the answer
was there and ends, worked out, with that agent's next model call. A log without events gives the calls of its messages,
without times.

Reference: https://inspect.aisi.org.uk/eval-logs.html

The run is `eval.run_id`, the episode the sample's `uuid`, or evaluation, sample and epoch where older logs have none.
The step is the number of the model call within the sample. Pods of the Kubernetes sandbox carry the sample's uuid as
label `inspectSampleUUID`, so that it is the sandbox, too; addresses and containers are in no log.

Time: ISO 8601 with zone; times without one are read in the zone that is given. Logs before release 0.3.71 record no
ends: an event then lasts to the next of its sample. Before 0.3.48 it bears the time of its end, and is taken to begin
after the one before it. Not covered: samples in chunks (`samples/…/events/0.json`), and a folder into which an archive
was unpacked by hand (samples then know no run).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fwforensics.formats._format import Context, Format
from fwforensics.formats._inspect_events import Events, Sample
from fwforensics.formats._moments import moment
from fwforensics.formats._records import Bad, Out, Peek, Row, Skip, Unit, json_units, records
from fwforensics.formats._traces import items, obj, short, text

#: What a sample holds in bulk: events become units of their own, the others are transcripts.
BULK = ("events", "transcript", "attachments", "events_data", "messages", "output", "input", "store", "error_retries")
EVAL = (
    "eval_id",
    "eval_set_id",
    "task_id",
    "task_file",
    "task_version",
    "model",
    "created",
    "solver",
    "sandbox",
    "tags",
    "metadata",
    "task_args",
    "revision",
    "packages",
)
#: Since 0.3.48 an event is logged when it begins, and since 0.3.71 its end is, too.
PENDING_SINCE = (3, 48)
SAMPLE_FILE = re.compile(r"(.+)_epoch_(\d+)\.json$")
#: Members of an archive that repeat what samples say.
REPEATED = {"reductions": ("scorer", "samples"), "config update": ("changes", "scope", "provenance")}


def split(document: Any) -> Iterator[Any]:
    """The head of a log, then each sample's head, followed by its events."""
    if isinstance(document, list):
        yield from document
    elif not isinstance(document, Mapping) or "epoch" in document:
        yield from _sample(document)
    else:
        yield {k: v for k, v in document.items() if k not in ("samples", "reductions")}
        for sample in items(document.get("samples")):
            yield from _sample(sample)


def _sample(document: Any) -> Iterator[Any]:
    if not isinstance(document, Mapping):
        yield document
        return
    old = obj(document.get("transcript"))
    attempts = [items(a.get("events")) for a in items(document.get("error_retries"))]
    events = [e for a in (*attempts, items(document.get("events") or old.get("events"))) for e in a]
    head = Sample((k, v) for k, v in document.items() if k not in BULK)
    head.attachments = obj(document.get("attachments") or old.get("content"))
    ends = [t for e in events[:1] + events[-1:] for t in (e.get("timestamp"), e.get("completed")) if t]
    head.first, head.last = (ends[0], ends[-1]) if ends else (None, None)
    yield head
    yield from events or (m for m in items(document.get("messages")) if m.get("tool_calls"))


class Log:
    """One log: what its head says holds for all of its samples."""

    def __init__(self, context: Context) -> None:
        del context
        self.spec: Mapping[str, Any] = {}
        self.begun: Unit | None = None
        self.events: Events | None = None
        self.summaries: dict[str, Unit] = {}
        self.seen: set[str] = set()

    def read(self, unit: Unit) -> Iterable[Out]:
        """See `Reader`."""
        value = unit.value
        if not isinstance(value, Mapping):
            return [Bad("no object")]
        if isinstance(value, Sample):
            return [*self._close(), self._episode(unit, value)]
        if isinstance(value.get("eval"), Mapping):
            return self._head(unit, value)
        if "event" in value or "role" in value:
            return self.events.read(unit) if self.events is not None else [Bad("an event without a sample")]
        for what, keys in REPEATED.items():
            if all(k in value for k in keys):
                return [Skip(what)]
        if "id" in value and "epoch" in value:
            self.summaries[self._key(value)] = unit
            return []
        return [Bad("neither a log nor a sample nor an event")]

    def finish(self) -> Iterable[Row]:
        """See `Reader`."""
        rows = self._close()
        if self.begun is not None:
            rows.append(self._run(self.begun, self.begun.value))
        return [*rows, *(self._episode(u, u.value) for k, u in self.summaries.items() if k not in self.seen)]

    def _head(self, unit: Unit, value: Mapping[str, Any]) -> list[Out]:
        """The journal's start waits for the header that repeats it, which an interrupted evaluation lacks."""
        self.spec = obj(value["eval"])
        if "status" not in value and "stats" not in value:
            self.begun = unit
            return []
        self.begun = None
        return [self._run(unit, value)]

    def _run(self, unit: Unit, value: Mapping[str, Any]) -> Row:
        spec, stats = self.spec, obj(value.get("stats"))
        ended = moment(stats.get("completed_at"))
        return unit.row(
            "activity",
            kind="run",
            activity_id=self._run_activity(),
            run_id=text(spec.get("run_id")),
            name=text(spec.get("task")),
            started_at=moment(stats.get("started_at")) or moment(spec.get("created")),
            ended_at=ended,
            end_is_inferred=False if ended else None,
            status=text(value.get("status")),
            extra={**{k: short(spec.get(k)) for k in EVAL}, "error": short(obj(value.get("error")).get("message"))},
        )

    def _run_activity(self) -> str | None:
        known = text(self.spec.get("eval_id"), self.spec.get("task_id"), self.spec.get("run_id"))
        return f"inspect:{known}" if known else None

    def _key(self, sample: Mapping[str, Any]) -> str:
        """The episode: the sample's own id, else which sample of which evaluation it is."""
        log = text(self.spec.get("eval_id"), self.spec.get("run_id"))
        return text(sample.get("uuid")) or ":".join(str(p) for p in (log, sample.get("id"), sample.get("epoch")) if p)

    def _episode(self, unit: Unit, sample: Mapping[str, Any]) -> Row:
        key = self._key(sample)
        self.seen.add(key)
        kind, uuid = obj(sample.get("sandbox") or self.spec.get("sandbox")).get("type"), text(sample.get("uuid"))
        common = {
            "run_id": text(self.spec.get("run_id")),
            "episode_id": key,
            "sandbox_id": uuid if kind == "k8s" else None,
        }
        head = sample if isinstance(sample, Sample) else Sample(sample)
        if isinstance(sample, Sample):
            self.events = Events(common, key, head, stamped_late=self._stamps_late())
        recorded = moment(sample.get("completed_at"))
        ended = recorded or moment(head.last)
        return unit.row(
            "activity",
            **common,
            kind="episode",
            activity_id=key,
            parent_id=self._run_activity(),
            name=text(sample.get("id")),
            started_at=moment(sample.get("started_at")) or moment(head.first),
            ended_at=ended,
            end_is_inferred=recorded is None if ended else None,
            status=_outcome(sample),
            extra={k: short(v) for k, v in sample.items() if k not in ("uuid", "started_at", "completed_at", *BULK)},
        )

    def _stamps_late(self) -> bool:
        """Was this written by a release that knew no events in progress?"""
        release = re.match(r"0\.(\d+)\.(\d+)", text(obj(self.spec.get("packages")).get("inspect_ai")) or "")
        return release is not None and (int(release[1]), int(release[2])) < PENDING_SINCE

    def _close(self) -> list[Row]:
        rows = list(self.events.close()) if self.events is not None else []
        self.events = None
        return rows


def _outcome(sample: Mapping[str, Any]) -> str | None:
    """How a sample ended, where it says that it ended otherwise than by itself."""
    if sample.get("error"):
        return "error"
    limit = sample.get("limit")
    return text(limit, obj(limit).get("type")) if limit else None


def recognise(peek: Peek, name: str) -> bool:
    """A head has an evaluation with its task and model; a sample or summary its id, epoch, input and target."""
    value = peek.value if isinstance(peek.value, Mapping) else None
    if value is not None and "eval" in value:
        return {"task", "model", "created"} <= obj(value["eval"]).keys()
    if value is None and {"eval", "task", "model", "created", "dataset"} <= peek.keys and peek.text.startswith("{"):
        return True
    if {"id", "epoch", "input", "target"} <= peek.keys:
        return True
    if any(set(keys) <= peek.keys for keys in REPEATED.values()):
        return True
    if SAMPLE_FILE.search(name) or name == "summaries.json":
        return {"id", "epoch"} <= peek.keys or peek.value == []
    return name == "reductions.json" and peek.value == []


def scope(peek: Peek, name: str) -> str | None:
    """A log in one document is whole; members of an archive belong together."""
    whole = "eval" in peek.keys and name not in ("start.json", "header.json")
    return None if whole else "inspect_ai"


FORMAT = Format(
    name="inspect_ai",
    title="Inspect AI evaluation log",
    reference="https://inspect.aisi.org.uk/eval-logs.html",
    notes="No addresses: pods carry the sample's uuid as label inspectSampleUUID, Docker containers join by time.",
    table="activity",
    binary=records(unit="event", recognise=recognise, reader=Log, units=json_units(split), scope=scope),
)
