/* ---
name = "forgotten"
title = "Take back what a provider, a source or a feed said"
kind = "build"
[params.source]
type = "text"
help = "provider, source or feed"
[params.feed]
type = "text"
help = "the same as feeds are marked"
--- */
DELETE FROM enrichments WHERE provider = $source OR source = $source;

DELETE FROM lookups WHERE provider = $source;

DELETE FROM indicators WHERE source = $source OR source = $feed;
