"""Statistics: one method a module, pure functions on frames; no clock, no database, no unseeded randomness."""
