/* ---
name = "lines-rejected"
title = "Lines that could not be read, by reason"
kind = "case"
--- */
SELECT reason, count(*) AS lines, min(left(raw, 100)) AS sample
FROM rejects
GROUP BY reason
ORDER BY lines DESC, reason
