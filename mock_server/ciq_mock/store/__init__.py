"""The store of a mock: nothing by default, with `--data` a journal of what has happened and the way back from it.

What needs SQLite is loaded with the latter only.
"""
