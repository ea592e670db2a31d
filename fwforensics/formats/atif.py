"""Harbor: agent trajectories (ATIF, `trajectory.json`) and trial results (`result.json`).

Reference: https://www.harborframework.com/docs/agents/trajectory-format

Time: ISO 8601. A step has one time; a call lasts until the next step, which is marked as worked out. A trial is an
episode, its `environment_setup`, `agent_setup`, `agent_execution` and `verifier` are phases; a trajectory in the same
folder belongs to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fwforensics.formats._format import Context, Format
from fwforensics.formats._moments import moment
from fwforensics.formats._records import Out, Peek, Row, Skip, Unit, json_units, records
from fwforensics.formats._traces import command, items, obj, text, whole

PHASES = ("environment_setup", "agent_setup", "agent_execution", "verifier")


def steps(document: Any) -> list[Any]:
    """The steps of a trajectory with what it says of itself; another document as it is."""
    given = obj(document)
    listed = items(given.get("steps"))
    if not listed:
        return [document]
    said = {"@session": given.get("session_id"), "@agent": obj(given.get("agent"))}
    after = [s.get("timestamp") for s in listed[1:]] + [None]
    return [dict(s) | said | {"@next": n} for s, n in zip(listed, after, strict=True)]


class Trials:
    """Calls wait for the trial of their folder."""

    def __init__(self, context: Context) -> None:
        del context
        self.waiting: list[tuple[Unit, Mapping[str, Any], Mapping[str, Any]]] = []
        self.trial: dict[str, Mapping[str, Any]] = {}

    def read(self, unit: Unit) -> Iterable[Out]:
        """See `Reader`."""
        value = unit.value
        if "trial_name" in value:
            self.trial[_folder(unit.name)] = value
            return list(self._trial(unit, value))
        calls = items(value.get("tool_calls"))
        self.waiting += [(unit, value, call) for call in calls]
        return [] if calls else [Skip("step without a call")]

    def finish(self) -> Iterable[Row]:
        """See `Reader`."""
        for unit, step, call in self.waiting:
            trial = self.trial.get(_folder(unit.name)) or self.trial.get(_folder(_folder(unit.name))) or {}
            end = moment(step.get("@next")) or moment(obj(trial.get("agent_execution")).get("finished_at"))
            session = text(step.get("@session"))
            yield unit.row(
                "activity",
                kind="tool_call",
                activity_id=f"atif:{session}:{step.get('step_id')}:{call.get('tool_call_id')}",
                parent_id=text(trial.get("trial_name")),
                run_id=_run(trial),
                episode_id=text(trial.get("trial_name"), session),
                step=whole(step.get("step_id")),
                tool=text(call.get("function_name")),
                command=command(call.get("arguments")),
                started_at=moment(step.get("timestamp")),
                ended_at=end,
                end_is_inferred=True if end else None,
                extra={"agent": text(obj(step.get("@agent")).get("name")), "session_id": session},
            )

    def _trial(self, unit: Unit, value: Mapping[str, Any]) -> Iterable[Row]:
        name = text(value.get("trial_name"))
        spans = [("episode", name, value), *(("phase", p, obj(value.get(p))) for p in PHASES)]
        for kind, called, span in spans:
            if span.get("started_at"):
                end = moment(span.get("finished_at"))
                yield unit.row(
                    "activity",
                    kind=kind,
                    activity_id=f"trial:{name}" + (f":{called}" if kind == "phase" else ""),
                    name=called,
                    run_id=_run(value),
                    episode_id=name,
                    started_at=moment(span.get("started_at")),
                    ended_at=end,
                    end_is_inferred=False if end else None,
                    extra={"task": text(value.get("task_name"))} if kind == "episode" else {},
                )


def _run(trial: Mapping[str, Any]) -> str | None:
    config = obj(trial.get("config"))
    return text(trial.get("job_id"), config.get("job_id"), trial.get("job_name"))


def _folder(name: str) -> str:
    return name.replace("!", "/").rpartition("/")[0]


def recognise(peek: Peek, name: str) -> bool:
    """A trajectory says its schema; a trial its name and task."""
    del name
    return '"ATIF-v' in peek.text[:4096] or {"trial_name", "task_name"} <= peek.keys


FORMAT = Format(
    name="atif",
    title="Harbor trajectories (ATIF) and trial results",
    reference="https://www.harborframework.com/docs/agents/trajectory-format",
    notes="Ends of calls are worked out: they are the next step's time.",
    table="activity",
    binary=records(
        unit="step or result", recognise=recognise, reader=Trials, units=json_units(steps), scope=lambda _p, _n: "atif"
    ),
)
