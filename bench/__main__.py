"""`python -m bench`: measure everything and print one table; `--quick` runs few rounds, `--only NAME` one part."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from bench import console, figures, receivers
from bench.figures import Figure


def main() -> int:
    """Run the chosen parts; return 0 whatever the figures are, because they depend on the machine."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and requests: for a look, not for a record")
    names = ["submit", "durable", "callbacks", "start-up", "tls", "console", "memory", "run", "judge", "receiver"]
    parser.add_argument("--only", action="append", choices=names, help="may be given several times")
    options = parser.parse_args()
    quick = options.quick
    parts: dict[str, Callable[[], list[Figure]]] = {
        "submit": lambda: figures.submit(2 if quick else 5, 4000 if quick else 20000),
        "durable": lambda: figures.durable(2 if quick else 5, 4000 if quick else 20000),
        "callbacks": lambda: figures.callbacks(2 if quick else 5, 2000 if quick else 10000),
        "start-up": lambda: figures.start_up(3 if quick else 7),
        "tls": lambda: figures.tls(3 if quick else 7, 4000 if quick else 20000),
        "console": lambda: [
            *console.pages(50_000 if quick else 1_000_000, 20 if quick else 60),
            *console.submit_beside(2 if quick else 5, 10_000 if quick else 100_000, 5000 if quick else 20_000),
        ],
        "memory": lambda: figures.memory(10000 if quick else 100000),
        "run": lambda: figures.full_run(1 if quick else 3),
        "judge": lambda: figures.judge(100_000 if quick else 1_000_000),
        "receiver": lambda: receivers.received(1 if quick else 3, 10_000),
    }
    table = Table("what", "ours", "against", "ratio", "goal", "met", title="ciq-kit, measured side by side")
    screen = Console()
    for name, measure in parts.items():
        if not options.only or name in options.only:
            screen.print(f"measuring {name} ...", style="dim")
            for figure in measure():
                met = "yes" if figure.met else "no"
                table.add_row(figure.name, figure.ours, figure.peer, f"{figure.ratio:.2f}", figure.goal, met)
    screen.print(table)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
