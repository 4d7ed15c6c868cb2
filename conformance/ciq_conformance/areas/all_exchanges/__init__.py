"""Rules on every exchange of a run, whatever the scenario."""
