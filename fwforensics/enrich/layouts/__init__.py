"""Layouts of feeds: one module each with `LAYOUT`, found by its name; the first that knows the content reads it."""
