"""`python -m fwforensics` is `fwf`."""

from __future__ import annotations

from fwforensics.cli.app import main

main()
