"""Golden files: the expected bytes of each report.

`CIQ_REFRESH_GOLDEN=1 pytest tests/reports` writes new ones; look at the difference before you commit it.
"""

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"
REFRESH = "CIQ_REFRESH_GOLDEN"


def assert_golden(name: str, text: str) -> None:
    """Compare with the stored file, or store the text when a refresh is requested."""
    path = FOLDER / name
    if os.environ.get(REFRESH):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.is_file(), f"{path} is missing: run {REFRESH}=1 pytest tests/reports"
    stored = path.read_text(encoding="utf-8")
    assert text == stored, f"{name} has changed; when that is meant, run {REFRESH}=1 pytest tests/reports"
