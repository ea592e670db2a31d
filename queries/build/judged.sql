/* ---
name = "judged"
title = "Recurrence, timing, association, rank and verdict into the patterns"
kind = "build"
--- */
UPDATE patterns SET
    runs_hit = j.runs_hit, runs_possible = j.runs_possible, runs_exposed = j.runs_exposed, recurrence = j.recurrence,
    recurrence_low = j.recurrence_low, recurrence_high = j.recurrence_high, rate_per_run_hour = j.rate_per_run_hour,
    rate_low = j.rate_low, rate_high = j.rate_high, rate_limited = j.rate_limited,
    timing = j.timing, timing_statistic = j.timing_statistic, p_periodic = j.p_periodic, p_diurnal = j.p_diurnal,
    p_burst = j.p_burst, period_s = j.period_s, rita_beacon_score = j.rita_beacon_score,
    phase = j.phase, p_phase = j.p_phase, p_in_run = j.p_in_run,
    coincides_with = j.coincides_with, attributable_share = j.attributable_share, attributable_low = j.attributable_low,
    attributable_high = j.attributable_high, coincident_k = j.coincident_k, coincident_n = j.coincident_n,
    expected_e = j.expected_e, p_time = j.p_time, p_label = j.p_label, q_assoc = j.q_assoc, q_tool = j.q_tool,
    window_s = j.window_s, lag_s = j.lag_s, clock_offset_s = j.clock_offset_s, clock_bound_s = j.clock_bound_s, mde = j.mde,
    n_tests = j.n_tests, surrogates = j.surrogates, seed = j.seed, details = j.details,
    tier = j.tier, score = j.score, verdict = j.verdict
FROM judged AS j
WHERE patterns.pattern_id = j.pattern_id;
