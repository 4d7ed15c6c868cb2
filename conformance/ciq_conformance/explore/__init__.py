"""Random legal histories: made up, played on a stage, shrunk when they show a deviation, written as a script."""
