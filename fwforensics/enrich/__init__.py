"""Enrichment: what is known of the addresses of a case, by whom it is said, and of which day.

One module a provider. Facts never overwrite what a log says: they are statements in `enrichments`; `addresses` holds,
for each address, the word of the provider that ranks highest. Offline is the default: asking the world about an
attacker's address tells the attacker.
"""
