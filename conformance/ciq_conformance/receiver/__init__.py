"""Tests callback receivers: sends callbacks and judges responses and effects (`ciq receiver`).

`messages` and `plans` decide what is sent, `wire` sends it, `effects` reads what the receiver counted,
`checks_*` judge.
"""
