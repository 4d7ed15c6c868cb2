"""Runs one target under atheris: `python fuzz_one_target.py TARGET [options of libFuzzer] [corpus folders]`."""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["ciq_schemas", "ciq_mock"]):
    sys.path.insert(0, str(Path(__file__).parent))
    from guided_targets import TARGETS

if __name__ == "__main__":
    name = sys.argv.pop(1)
    atheris.Setup(sys.argv, TARGETS[name])
    atheris.Fuzz()
