/* ---
name = "network-list"
title = "What counts as inside"
kind = "case"
--- */
SELECT cidr, name, zone, basis FROM networks ORDER BY low, high DESC
