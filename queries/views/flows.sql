/* ---
name = "flows"
title = "Traffic as flow exporters recorded it, without a decision"
kind = "view"
--- */
SELECT * FROM traffic WHERE kind = 'flow'
