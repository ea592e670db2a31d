/* ---
name = "pattern-violations"
title = "The violations of a pattern"
kind = "case"
--- */
SELECT
    v.violation_id, v.detection, v.severity, v.ts, v.src_ip, v.dst_ip, v.dst_port, v.run_id, v.run_basis, v.reason
FROM pattern_violations JOIN violations AS v USING (violation_id)
WHERE pattern_id = $finding
ORDER BY v.ts, v.violation_id
