"""OpenHands: events of a session in files or arrays, version 0 and 1, and histories of benchmarks.

Read are `sessions/<id>/events/<n>.json`, `<conversation>/<YYYYMMDDHHMMSS>_<Kind>_<id>` and `events/event-<n>-<id>.json`
(one event each), arrays of events and downloaded trajectories, and `output.jsonl` with `instance_id` and `history`
(flat, or pairs of action and observation). An action that runs something is a tool call; the observation that names it
ends it. The session or instance is the episode. Rejected and failed calls say so in their status.

Reference: https://docs.openhands.dev/

Time: ISO 8601 without zone, the local time of the server. The end is the time of the observation, worked out. The step
is the event's number. `hostname` of an observation is the short id of the container, or else the host's name; where all
observations of a session agree, it holds for all of its calls. The container is called `openhands-runtime-<session>`.
No run and no address are recorded. Not covered: `event_cache` pages, which repeat `events`, and logs of completions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from fwforensics.formats._format import Context, Format
from fwforensics.formats._openhands_events import Conversation
from fwforensics.formats._records import Bad, Out, Peek, Row, Skip, Unit, json_units, records
from fwforensics.formats._traces import items, obj, short, text

#: Files of one event each; the number that the second names is the event's place.
ONE_EVENT = re.compile(r"(?:\d+\.json|event-(\d{5,})-[0-9a-fA-F-]{8,}\.json|\d{14}_[A-Za-z]+_[0-9a-f]+(?:\.json)?)")
PAGE = re.compile(r"\d+-\d+\.json")
#: Files beside events: keys that they are known by, and what they are.
BESIDE = {
    "state of the conversation": {"id", "agent", "workspace"},
    "metadata of the conversation": {"conversation_id", "selected_repository", "created_at"},
}
SOURCES = {"agent", "user", "environment", "hook"}


def split(document: Any) -> Iterable[Any]:
    """Events of an array or a downloaded trajectory; a benchmark's instance stays whole, as on its line."""
    given = document.get("trajectory") if isinstance(document, Mapping) else document
    return given if isinstance(given, list) else [document]


class Sessions:
    """Actions wait for observations: files of a folder come in the order of their names."""

    def __init__(self, context: Context) -> None:
        del context
        self.open: dict[str, Conversation] = {}

    def read(self, unit: Unit) -> Iterable[Out]:
        """See `Reader`."""
        value = unit.value
        if not isinstance(value, Mapping):
            return [Bad("no object")]
        if isinstance(value.get("history"), list):
            return list(_instance(unit, value))
        beside = next((what for what, keys in BESIDE.items() if keys <= value.keys()), None)
        path = PurePosixPath(unit.name.replace("!", "/"))
        if beside is not None or (path.parent.name == "event_cache" and PAGE.fullmatch(path.name)):
            return [Skip(beside or "page of the event cache")]
        if not {"action", "observation", "kind"} & value.keys():
            return [Bad("neither an action nor an observation")]
        one = ONE_EVENT.fullmatch(path.name)
        number = int(one.group(1)) if one is not None and one.group(1) else None
        why = self._of(unit, path, alone=one is not None).take(unit, value, number)
        return [Skip(why)] if why is not None else []

    def finish(self) -> Iterable[Row]:
        """See `Reader`."""
        for known in self.open.values():
            if known.calls or known.hooks:
                yield _episode(known)
                yield from known.rows()

    def _of(self, unit: Unit, path: PurePosixPath, *, alone: bool) -> Conversation:
        """The conversation of an event: the folder (above `events`) of files of one event, else the file."""
        folder = path.parent.parent if path.parent.name == "events" else path.parent
        key, name = (str(folder), folder.name) if alone else (str(path), path.stem)
        if key not in self.open:
            activity = f"openhands:{name}" if alone else f"openhands:{unit.source}:{name}"
            self.open[key] = Conversation(name or None, activity, unit)
        return self.open[key]


def _instance(unit: Unit, value: Mapping[str, Any]) -> Iterator[Out]:
    """Everything that one instance of a benchmark did."""
    name = text(value.get("instance_id"))
    known = Conversation(name, f"openhands:{unit.source}:{unit.number}:{name}", unit)
    for one in value["history"]:
        for event in items(one if isinstance(one, list) else [one]):
            known.take(unit, event)
    metadata = obj(value.get("metadata"))
    config = obj(metadata.get("llm_config")) or obj(metadata.get("llm"))
    yield _episode(
        known,
        status="error" if value.get("error") else None,
        extra={
            "error": short(value.get("error")), "model": text(config.get("model")), "attempt": value.get("attempt"),
            **{k: short(metadata.get(k)) for k in ("agent_class", "dataset", "eval_output_dir", "eval_note")},
        },
    )  # fmt: skip
    yield from known.rows()


def _episode(known: Conversation, **values: Any) -> Row:
    return known.head.row(
        "activity", kind="episode", activity_id=known.activity, episode_id=known.name, name=known.name,
        started_at=known.first, ended_at=known.last, end_is_inferred=True if known.last else None, **values,
    )  # fmt: skip


def recognise(peek: Peek, name: str) -> bool:
    """An event has a time, a source that there is, and an action, an observation or a kind; histories hold events."""
    keys, value = peek.keys, peek.value
    given = list(split(value)) if value is not None else []
    if isinstance(value, list) or "trajectory" in keys:
        return bool(given) and isinstance(given[0], Mapping) and _is_event(given[0])
    if isinstance(value, Mapping) and "history" not in keys:
        beside = any(want <= keys for want in BESIDE.values()) and name in ("base_state.json", "metadata.json")
        return beside or _is_event(value)
    shown = re.search(r'"source"\s*:\s*"(?:agent|user|environment)"', peek.text) is not None
    told = re.search(r'"(?:action|observation|kind)"\s*:\s*"', peek.text) is not None
    if "instance_id" in keys:
        cut = value is None and {"test_result", "git_patch"} <= keys
        return cut or {"test_result", "instruction"} <= keys or ("history" in keys and shown and told)
    return value is None and shown and told and "timestamp" in keys and not {"src_ip", "schema_version"} & keys


def _is_event(value: Mapping[str, Any]) -> bool:
    told = isinstance(value.get("action"), str) or isinstance(value.get("observation"), str)
    kind = value.get("kind")
    newer = isinstance(kind, str) and kind.endswith(("Event", "Observation", "Condensation", "Request", "Summary"))
    return "timestamp" in value and value.get("source") in SOURCES and (told or newer) and "src_ip" not in value


FORMAT = Format(
    name="openhands",
    title="OpenHands events and benchmark histories",
    reference="https://docs.openhands.dev/",
    notes="Times have no zone; the hostname of an observation is the container's short id.",
    table="activity",
    binary=records(
        unit="event or instance",
        recognise=recognise,
        reader=Sessions,
        units=json_units(split),
        scope=lambda _peek, _name: "openhands",
    ),
)
