"""`python -m ciq_mock`: the mock alone, without the rest of the `ciq` command."""

from ciq_mock.cli import main

main()
