"""Firewall log forensics: violations that recur intermittently across training runs."""

__version__ = "0.1.0"
