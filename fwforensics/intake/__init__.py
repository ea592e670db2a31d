"""The parts of an ingest: what was asked, text and binary sources, and the writer that closes the accounts."""
