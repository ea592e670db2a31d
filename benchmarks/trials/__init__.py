"""Trials of the statistics, one a module: `run(scale)` yields lines of Markdown."""
