"""What may be quoted: a finding in one sentence, how sure it is, and what could not be assessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from fwforensics.analysis.verdicts import counted, percent, probability, span
from fwforensics.report.model import Sentence
from fwforensics.text import label

Row = Mapping[str, Any]
RECURRING_RUNS = 2
KINDS = {
    "mining": "Traffic that looks like crypto-mining",
    "tunnel": "Traffic that looks like a tunnel or remote access",
    "probe": "Probing of other machines",
    "metadata": "Requests to an endpoint that hands out credentials",
    "upload": "Uploads of unusual size",
    "policy": "Traffic against the firewall's policy",
}
SHORT = {
    "mining": "Mining", "tunnel": "Tunnel", "probe": "Probe", "metadata": "Metadata", "upload": "Upload",
    "policy": "Policy",
}  # fmt: skip
#: What the tiers of `analysis.ranking` mean.
TIERS = {
    "A": "bouts are tied to one tool, by a test against time and one against the other tools",
    "B": "tied to tool calls at large or to a phase, or a command names its destination",
    "C": "it recurs in two runs or more, without a clock of its own; nothing ties it to tool calls",
    "D": "a single run, or a clock explains it; nothing ties it to tool calls",
}


def name(row: Row) -> str:
    """A finding in a few words."""
    return f"{SHORT.get(row['category'], 'Other')}: {row['service']} to {_where(row)}"


def _where(row: Row) -> str:
    if row["target"] == "internal":
        ends = row["destinations"] or []
        return label(ends[0], 60) if row["n_dst"] == 1 and ends else f"{row['n_dst']:,} internal addresses"
    return label(row["target"], 60)


def sentence(row: Row, details: Row) -> Sentence:
    """A finding for a manager."""
    kind = KINDS.get(row["category"], "Suspicious traffic")
    text = (
        f"{kind} ({row['service']} to {_where(row)}) {_recurs(row)}, {_since(row['first_ts'], row['last_ts'])}; "
        f"{_coincides(row, details)}{_clock(row)}."
    )
    return Sentence(text=text, finding=row["pattern_id"], severity=row["severity"], how_sure=how_sure(row))


def _recurs(row: Row) -> str:
    hit, maybe, seen = row["runs_hit"], row["runs_possible"] or 0, row["runs_exposed"]
    more = f" and possibly in {maybe - hit} more" if maybe > hit else ""
    if seen and not hit:
        return f"is certain to have occurred in none of {counted(seen, 'observed run')}{more}"
    if seen:
        return f"occurred in {hit} of {counted(seen, 'observed run')}{more}"
    if hit or maybe:
        return f"occurred in {counted(hit, 'run')}{more}, of an unknown number that could have shown it"
    return "is tied to no run"


def _since(first: datetime | None, last: datetime | None) -> str:
    if first is None or last is None:
        return "at a time that its records do not tell"
    begun = f"since {day(first)}, {first:%H:%M} UTC"
    if first.date() == last.date():
        return f"{begun} (last at {last:%H:%M})"
    return f"{begun} (last on {day(last)}, {last:%H:%M})"


def day(moment: datetime) -> str:
    """`24 November 2026`."""
    return f"{moment.day} {moment:%B %Y}"


def _coincides(row: Row, details: Row) -> str:
    subject = row["coincides_with"]
    matches = details.get("content_matches") or 0
    named = f"the most likely command names the destination of {counted(matches, 'violation')}"
    if subject:
        what = "tool calls, of no single tool" if subject == "any call" else f"calls of “{label(subject, 60)}”"
        q = row["q_assoc"] if subject == "any call" else row["q_tool"]
        said = (
            f"it coincides with {what}: {row['coincident_k']} of {row['coincident_n']} bouts, "
            f"{row['expected_e']:.1f} expected by chance (q {_is(q)})"
        )
        return f"{said}, and {named}" if matches else said
    if row["phase"]:
        return f"it is bound to the phase {label(row['phase'], 60)}"
    if matches:
        return f"no tool is tied to it by time alone, but {named}"
    if row["p_time"] is None:
        return "whether it follows tool calls could not be assessed"
    return f"no tie to tool calls is shown (q {_is(row['q_assoc'])})"


def _is(value: float | None) -> str:
    text = probability(value)
    return text if text.startswith(("<", "not")) else f"= {text}"


def _clock(row: Row) -> str:
    if row["timing"] == "periodic" and row["period_s"]:
        return f"; it comes about every {span(row['period_s'])} (p {_is(row['p_periodic'])})"
    if row["timing"] == "diurnal":
        return "; it keeps to a time of day"
    if row["timing"] == "persistent":
        return "; it goes on nearly all the time"
    return ""


def how_sure(row: Row) -> str:
    """What the recurrence and the tie to tool calls rest on."""
    if not row["runs_exposed"] or row["recurrence_low"] is None:
        return f"Grade {row['tier']}. In how many runs it could have been seen is not known."
    low, high = percent(row["recurrence_low"]), percent(row["recurrence_high"])
    return f"Grade {row['tier']}. 95 % interval of the share of runs: {low} to {high} ({row['runs_exposed']} observed)."


def headline(rows: Sequence[Row], observed: int, n_runs: int, evaluated: int) -> str:
    """The answer in a sentence or two."""
    runs = f"{observed} of {counted(n_runs, 'run')} could be observed" if observed < n_runs else ""
    seen = counted(observed, "observed run")
    if not rows:
        text = f"No violation was found in {seen} by {counted(evaluated, 'detection')} that could be evaluated."
        return f"{text} {runs}: that is no all-clear for the others." if runs else text
    again = [r for r in rows if r["runs_hit"] >= RECURRING_RUNS]
    most = max(rows, key=lambda r: (r["runs_hit"], r["n_bouts"]))
    if not again:
        text = f"{counted(len(rows), 'pattern')} of violations, none of which is certain to have occurred in two runs."
    else:
        verb = "recurs" if len(again) == 1 else "recur"
        text = (
            f"{len(again)} of {counted(len(rows), 'pattern')} of violations {verb}: they occurred in two or more runs, "
            f"the most frequent one in {most['runs_hit']} of {_denominator(most)}."
        ).replace("recurs: they", "recurs: it")
    tied = sum(r["coincides_with"] is not None for r in rows)
    tie = (
        f"{tied} of them {'coincides' if tied == 1 else 'coincide'} with tool calls more often than chance."
        if tied
        else "None is tied to tool calls by time alone."
    )
    return " ".join(part for part in (text, tie, f"Only {runs}." if runs else "") if part)


def _denominator(row: Row) -> str:
    return counted(row["runs_exposed"], "observed run") if row["runs_exposed"] else "an unknown number"


def unknown(rows: Sequence[Row], *, blind_runs: Sequence[str], not_evaluable: Sequence[Row], gaps: int, rejects: int,
            lines: int, hidden: int, partial: bool) -> list[str]:  # fmt: skip
    """What could not be assessed, or was left out."""
    said = []
    if partial:
        said.append("The hunt was filtered: what lies outside of its filter was not looked at.")
    if blind_runs:
        which = ", ".join(label(r, 40) for r in blind_runs[:5]) + (", …" if len(blind_runs) > 5 else "")
        verb = "was" if len(blind_runs) == 1 else "were"
        said.append(f"{counted(len(blind_runs), 'run')} {verb} not observed by any sensor ({which}): nothing is known.")
    nowhere = [r for r in not_evaluable if r["nowhere"]]
    if nowhere:
        which = ", ".join(r["detection"] for r in nowhere)
        said.append(
            f"{counted(len(nowhere), 'detection')} could not be evaluated at all, since no source holds what they need "
            f"({which}): their silence is no all-clear."
        )
    part = [r for r in not_evaluable if not r["nowhere"]]
    if part:
        which = ", ".join(f"{r['detection']} in {counted(len(r['runs'] or []), 'run')}" for r in part)
        said.append(f"Not evaluable in some runs: {which}.")
    said += _unproven(rows)
    if gaps:
        said.append(f"The logs have {counted(gaps, 'gap')}, or begin late or end early, while runs were under way.")
    if rejects:
        said.append(
            f"{rejects:,} of {counted(lines, 'line')} could not be read ({100 * rejects / max(lines, 1):.2g} %)."
        )
    if hidden:
        said.append(f"The safelist hides {counted(hidden, 'violation')}; its reasons stand in section 4.")
    return said


def _unproven(rows: Sequence[Row]) -> list[str]:
    """Where the statistics had too little to say anything."""
    said = []
    untested = sum(r["p_time"] is None for r in rows)
    if untested:
        said.append(f"For {counted(untested, 'pattern')} of {len(rows)} a tie to tool calls could not be tested.")
    weak = sum(r["p_time"] is not None and r["coincides_with"] is None and r["mde"] is None for r in rows)
    if weak:
        said.append(
            f"For {counted(weak, 'pattern')} of {len(rows)} there are so few bouts that not even a full tie to a tool "
            "would have shown."
        )
    undetermined = sum(r["timing"] == "undetermined" for r in rows)
    if undetermined:
        said.append(
            f"For {counted(undetermined, 'pattern')} of {len(rows)} there are too few attempts to tell the timing."
        )
    nowhere = sum(r["runs_exposed"] is None for r in rows)
    if nowhere:
        said.append(
            f"For {counted(nowhere, 'pattern')} the number of runs that could have shown them is not observable."
        )
    return said
