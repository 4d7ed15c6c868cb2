"""Puts the software bill of materials into the wheel (`.dist-info/sboms`, PEP 770); hatchling calls it."""

import importlib.util
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NAME = "ciq-kit.cdx.json"


class SbomHook(BuildHookInterface[Any]):
    """Writes the document before a wheel is packed."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the document to the files of a wheel; an editable install gets none."""
        if version == "editable":
            return
        root = Path(self.root)
        spec = importlib.util.spec_from_file_location("ciq_sbom", root / "tools" / "sbom.py")
        if spec is None or spec.loader is None:
            raise FileNotFoundError(root / "tools" / "sbom.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        target = Path(self.directory) / NAME
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(module.written(root), encoding="utf-8")
        build_data["sbom_files"].append(str(target))

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Remove the file beside the wheel: the wheel has it."""
        (Path(self.directory) / NAME).unlink(missing_ok=True)
