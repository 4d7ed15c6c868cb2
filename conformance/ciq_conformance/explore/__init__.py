"""Random legal histories: generates them, runs them on a target, shrinks those that deviate, and writes scripts."""
