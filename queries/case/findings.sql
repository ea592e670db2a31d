/* ---
name = "findings"
title = "The patterns of the last hunt, best first; without those that an entry of the safelist which is in force hides"
kind = "case"
[params.moment]
type = "time"
help = "what counts as now"
[params.hidden_too]
type = "bool"
default = false
help = "show what the safelist hides, too"
--- */
SELECT *
FROM patterns
WHERE $hidden_too OR suppressed_by IS NULL
    OR suppressed_by NOT IN (SELECT entry_id FROM safelist WHERE expires_at IS NULL OR expires_at > $moment)
ORDER BY tier, score DESC, n_bouts DESC, pattern_id
