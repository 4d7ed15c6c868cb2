"""Programs for maintainers of the kit. They run from a clone and are not part of the wheel."""
