"""The parity gates on the report's page."""

from __future__ import annotations

import json
import re
from pathlib import Path

from shoptune.artifacts.manifest import Request
from shoptune.report.run import run
from tests.publishing import make


def test_forms_are_listed_with_their_limits(tmp_path: Path) -> None:
    form = {"name": "merged", "mean_kl": 0.002, "max_kl": 0.5, "top1": 0.975, "max_mean_kl": 0.01, "min_top1": 0.98}
    forms = [form | {"passes": False}, form | {"name": "4-bit", "passes": True}]
    gate = {"reference": "base + adapters", "prompts": 3, "tokens": 2, "forms": forms}
    fill = lambda folder: (folder / "parity.json").write_text(json.dumps(gate))  # noqa: E731
    make(Request("merge", {"adapters": []}, {}), tmp_path / "run" / "merged", fill)
    run(tmp_path / "run")
    page = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", (tmp_path / "run" / "report.html").read_text()))
    assert "Parity: merged" in page
    assert "base + adapters – – – reference merged 0.002 0.5 97.5% 0.01, 98% does not pass 4-bit 0.002 0.5" in page
    assert "on 3 prompts, 2 tokens of each answer" in page
