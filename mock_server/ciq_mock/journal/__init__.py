"""The SQLite journal: records of what happened, group commit, and replay after a restart. Loaded with `--data` only."""
