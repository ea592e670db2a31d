"""Worlds with known truth: training runs, their tool calls, and violations with or without relation to them.

`world` lays out runs, phases, hosts, clocks and calls; `patterns` lets violations happen; `observe` turns both into
what a case would show: clocks that are off, gaps in the log, shared addresses, times cut to seconds, attempts merged to
bouts.
"""

from simulator.observe import Clocks, Pattern, observe
from simulator.patterns import ACTIVITY_KINDS, KINDS, NULL_KINDS, caused
from simulator.world import World, WorldShape, make_world

__all__ = [
    "ACTIVITY_KINDS",
    "KINDS",
    "NULL_KINDS",
    "Clocks",
    "Pattern",
    "World",
    "WorldShape",
    "caused",
    "make_world",
    "observe",
]
