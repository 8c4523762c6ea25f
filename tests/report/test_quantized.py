"""The layers of 4-bit checkpoints on the report's page."""

from __future__ import annotations

import json
import re
from pathlib import Path

from shoptune.artifacts.manifest import Request
from shoptune.quantize.layers import Layer, report
from shoptune.report.run import run
from tests.publishing import make


def test_layers_are_listed_with_their_errors_and_deltas(tmp_path: Path) -> None:
    layers = [
        Layer("model.layers.0.mlp.up_proj.weight", 10.0, 1.0, 0.5, 12.0, 2.0, 3.0),
        Layer("model.layers.0.mlp.down_proj.weight", 10.0, 2.0, 0.25, 1e5, 2.0, 1.0),
    ]
    text = json.dumps({"engine": "autoawq"} | report(layers, ""))
    request = Request("quantize", {"engine": "autoawq"}, {})
    make(request, tmp_path / "run" / "awq", lambda folder: (folder / "quantize_report.json").write_text(text))
    run(tmp_path / "run")
    page = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", (tmp_path / "run" / "report.html").read_text()))
    assert "4 bits, layer by layer: awq (autoawq)" in page
    assert "up_proj 10.0% 1.50 12" in page
    assert "all 15.8% 1.12 1e+05" in page
    assert "beyond float16's 65504 in model.layers.0.mlp.down_proj.weight" in page
    assert "down_proj.weight 20.0% 0.25 1 2 0.50 1e+05 model.layers.0.mlp.up_proj.weight 10.0% 0.5 3 2 1.50 12" in page


def test_the_reason_for_a_missing_delta_is_reported(tmp_path: Path) -> None:
    layer = Layer("model.layers.0.mlp.up_proj.weight", 10.0, 1.0, 0.5)
    text = json.dumps({"engine": "autoawq"} | report([layer], "the base is gone"))
    request = Request("quantize", {}, {})
    make(request, tmp_path / "run" / "awq", lambda folder: (folder / "quantize_report.json").write_text(text))
    run(tmp_path / "run")
    page = (tmp_path / "run" / "report.html").read_text()
    assert "No figures of the delta: the base is gone." in page
