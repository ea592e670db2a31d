/* ---
name = "lines-ignored"
title = "Lines without traffic, by reason and program"
kind = "case"
--- */
SELECT reason, program, sum(lines)::BIGINT AS lines, min(sample) AS sample
FROM ignored
GROUP BY reason, program
ORDER BY lines DESC, reason, program
