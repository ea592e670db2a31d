"""Which tool calls does a violation coincide with? Un-NAT, interval join, ranking; never one name by default.

The steps are build scripts in `queries/build/`; what a command says is read in `analysis.commands`.
"""

from __future__ import annotations

from typing import Any

from fwforensics.analysis.commands import meanings, suits
from fwforensics.queries import listing, run_build
from fwforensics.store import Case

#: Translators one behind the other: sandbox, host, firewall, provider; more than this is a loop.
MAX_HOPS = 4


def trace_origins(case: Case) -> None:
    """Go back from each grouped connection to the first address that translations show; fills `origins`."""
    run_build(case, "mappings")
    run_build(case, "origins_begin")
    for hop in range(MAX_HOPS):
        run_build(case, "origins_step", {"hop": hop})
        if not case.sql("SELECT EXISTS (SELECT 1 FROM stepped)").scalar():
            break
    run_build(case, "origins_end")


def attribute(case: Case, given: dict[str, Any] | None = None) -> dict[str, Any]:
    """Fill `candidates` and the attribution of violations and patterns; needs `grouped` and `origins`.

    Args:
        case: an open case.
        given: values for parameters of the build scripts, by name.

    Returns:
        The parameters that it was run with.
    """
    used = run_build(case, "calls", given)
    used |= run_build(case, "suspects", given)
    case.temporary("suits", suits())
    run_build(case, "fitting")
    case.temporary("meanings", meanings(listing(case, "commands").get_column("command")))
    return used | run_build(case, "candidates", given)
