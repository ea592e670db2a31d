/* ---
name = "pattern-calls"
title = "Calls of the strongest subject in the window before each bout of a pattern"
kind = "case"
--- */
SELECT b.bout_no, c.run_id, c.episode_id, c.step, c.tool, a.command, round(c.delay_s, 1) AS delay_s, c.n_calls, c.n_episodes,
    CASE WHEN c.n_calls = 1 AND c.chance <= 0.05 THEN 'single candidate'
        WHEN c.n_episodes = 1 THEN 'one episode'
        ELSE 'one of ' || c.n_episodes || ' episodes' END AS says
FROM pattern_bouts AS b
JOIN bout_calls AS c USING (pattern_id, bout_no)
LEFT JOIN (SELECT activity_id, run_id, episode_id, any_value(command) AS command FROM activity GROUP BY ALL) AS a
    ON a.activity_id = c.activity_id AND a.run_id IS NOT DISTINCT FROM c.run_id AND a.episode_id IS NOT DISTINCT FROM c.episode_id
WHERE b.pattern_id = $finding
ORDER BY b.bout_no, c.delay_s, c.activity_id
