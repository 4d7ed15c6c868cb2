"""The areas: one folder per scenario, with its scenario, its labels and the checks that read them."""
