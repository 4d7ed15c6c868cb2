"""Reports made from a run file: console, HTML, JUnit, Markdown, badge, comparison.

Knows `ciq_schemas` only. Must not know the suite, the judge or the mock: a report never decides a verdict.
"""
