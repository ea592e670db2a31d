"""nfdump's JSON array over many lines, as `-o json` prints it; one object a line (`-o json-log`) is `nfdump_text`.

Reference: https://github.com/phaag/nfdump

Fields, times and counters are those of `nfdump_text`. A line is an object of the array, numbered from 1.
"""

from __future__ import annotations

from fwforensics.formats import nfdump_text
from fwforensics.formats._format import Format
from fwforensics.formats._json_array import array_of

FORMAT = Format(
    name="nfdump_json",
    title="nfdump output as a JSON array (-o json)",
    reference="https://github.com/phaag/nfdump",
    notes="Line = object of the array. Times are local to the machine that printed them.",
    kind="flow",
    binary=array_of(nfdump_text.FORMAT),
)
