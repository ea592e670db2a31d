"""Trials of the statistics, one a module: `run(quick)` yields lines of Markdown."""
