"""A firewall's decision out of the words that products have for it."""

from __future__ import annotations

import polars as pl

_DENIED = (
    "den(?:y|ied)|drop(?:ped|s)?|block(?:ed|ing)?|reject(?:ed)?|discard(?:ed)?|refused?|prevent(?:ed)?|quarantined?"
    "|reset|terminated?|kill(?:ed)?|sinkholed?|clear(?:ed)?|ban(?:ned)?|forbid(?:den)?|disallow(?:ed)?|isolated?|delet(?:e|ed)"
    "|cleaned|prohibit(?:ed)?|violation|kickout|throttled?|rst"
)
_ALLOWED = (
    "allow(?:ed)?|accept(?:ed)?|permit(?:ted)?|pass(?:ed|thr(?:u|ough))?|close[d]?|start(?:ed)?|time(?:d)?[ _-]?out"
    "|forward(?:ed)?|bypass(?:ed)?|client-rst|server-rst|ip-conn|trust(?:ed)?|exempt(?:ed)?|built|teardown|established"
    "|encrypt(?:ed)?|decrypt(?:ed)?|redirect(?:ed)?|monitor(?:ed)?|grant(?:ed)?|connect(?:ed)?|end(?:ed)?|open(?:ed)?"
)
_NOTED = (
    "alert(?:ed)?|detect(?:ed|only)?|log(?:ged)?|warn(?:ed|ing)?|report(?:ed)?|observed?|inform(?:ed)?|notif(?:y|ied)"
)
#: A denial that did not come about: `not blocked`, `would deny`, Trend Micro's detect-only `IDS:Reset`.
_ONLY_NOTED = (
    r"(?i)^(?:ids:|not |no |non[- ]?block|unblock|would[ _-])|but not|not[ _-](?:blocked|dropped|prevented|denied)"
)


def _word(pattern: str) -> str:
    return rf"(?i)(?:^|[^a-z])(?:{pattern})(?:[^a-z]|$)"


def verdict(word: pl.Expr, is_attack: pl.Expr) -> pl.Expr:
    """Allow, deny or alert; NULL for words that say nothing of the kind.

    Args:
        word: what the product did, in its words.
        is_attack: the record is about an attack: what was not stopped was an alert.
    """
    passed = pl.when(is_attack).then(pl.lit("alert")).otherwise(pl.lit("allow"))
    return (
        pl.when(word.str.contains(_ONLY_NOTED))
        .then(pl.lit("alert"))
        .when(word.str.contains(r"(?i)^(?:client|server)-rst$"))
        .then(passed)
        .when(word.str.contains(_word(_DENIED)))
        .then(pl.lit("deny"))
        .when(word.str.contains(_word(_ALLOWED)))
        .then(passed)
        .when(word.str.contains(_word(_NOTED)))
        .then(pl.lit("alert"))
    )
