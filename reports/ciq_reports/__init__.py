"""Readers of a run file: console, HTML, JUnit, Markdown, badge, matrix.

Knows `ciq_schemas` only. Must not know the suite, the judge or the mock: a report never decides a verdict.
"""
