"""Random numbers that depend on the pattern alone, so that another pattern changes no result of this one."""

from __future__ import annotations

import hashlib

import numpy as np


def seed_of(pattern_id: str) -> int:
    """The seed of a pattern: 63 bits of the SHA-256 of its key."""
    return int.from_bytes(hashlib.sha256(pattern_id.encode()).digest()[:8], "big") >> 1


def generator(seed: int, purpose: str) -> np.random.Generator:
    """Random numbers of one test of one pattern; tests do not share them."""
    return np.random.default_rng([seed, int.from_bytes(hashlib.sha256(purpose.encode()).digest()[:4], "big")])
