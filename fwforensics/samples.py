"""Where the sample logs lie: inside the wheel, or in the checkout."""

from __future__ import annotations

from pathlib import Path

PACKAGED = Path(__file__).parent / "_data" / "sample_logs"
CHECKOUT = Path(__file__).parent.parent / "sample_logs"


def sample_logs() -> Path:
    """The folder of samples."""
    return PACKAGED if PACKAGED.is_dir() else CHECKOUT
