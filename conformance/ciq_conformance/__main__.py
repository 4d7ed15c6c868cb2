"""`python -m ciq_conformance` is `ciq`."""

from ciq_conformance.cli import main

if __name__ == "__main__":
    main()
