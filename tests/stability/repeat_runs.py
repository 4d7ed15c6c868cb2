"""Runs the whole suite on the clean mock repeatedly, while another process keeps a core busy.

`python tests/stability/repeat_runs.py --rounds 50` runs `ciq run` with features and scenarios in another order each
time. It exits with 1 at the first verdict that a clean target must not get: fail, warn, blocked, suite-error, or a MUST
left inconclusive. It prints how long the rounds took.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ciq_schemas.features import SEED_FEATURES
from ciq_schemas.transcript.records import Level, Outcome, Verdict, read_records

WRONG = {Outcome.FAIL, Outcome.WARN, Outcome.BLOCKED, Outcome.SUITE_ERROR}


def burn() -> None:
    """Keeps one core busy until the process is ended."""
    while True:
        sum(range(10_000))


def one_round(order: list[str], seed: int, folder: Path) -> tuple[int, list[str], float]:
    """Runs `ciq run` once; returns the exit code, the verdicts that a clean target must not get, and the seconds."""
    features = [word for feature in order for word in ("--feature", feature)]
    command = [
        sys.executable,
        "-m",
        "ciq_conformance",
        "run",
        "--output",
        str(folder),
        "--shuffle",
        str(seed),
        *features,
    ]
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, timeout=600, check=False)
    seconds = time.monotonic() - began
    lines = (folder / "run.ndjson").read_bytes().splitlines(keepends=True)
    bad = [
        f"{v.item} {v.outcome}: {v.seen or v.reason}"
        for v in read_records(lines)
        if isinstance(v, Verdict)
        and (v.outcome in WRONG or (v.outcome is Outcome.INCONCLUSIVE and v.level is Level.MUST))
    ]
    return done.returncode, bad, seconds


def main() -> int:
    """Runs the rounds; returns 0 when all were clean."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--burners", type=int, default=1, help="processes that keep a core busy meanwhile")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    burners = [multiprocessing.Process(target=burn, daemon=True) for _ in range(options.burners)]
    for burner in burners:
        burner.start()
    times: list[float] = []
    wavered = 0
    try:
        for number in range(1, options.rounds + 1):
            order = [str(feature) for feature in SEED_FEATURES]
            rng.shuffle(order)
            seed = rng.randrange(10**6)
            with tempfile.TemporaryDirectory() as folder:
                code, bad, seconds = one_round(order, seed, Path(folder))
            times.append(seconds)
            wavered += bool(code or bad)
            mixed = f"{', '.join(order)}, --shuffle {seed}"
            print(f"round {number} of {options.rounds} ({mixed}): exit {code}, {seconds:.1f} s", flush=True)
            for line in bad:
                print(f"  {line}", flush=True)
    finally:
        for burner in burners:
            burner.terminate()
    print(
        f"{len(times)} rounds, {wavered} wavered; {min(times):.1f} to {max(times):.1f} s, "
        f"median {statistics.median(times):.1f} s"
    )
    return int(wavered > 0)


if __name__ == "__main__":
    raise SystemExit(main())
