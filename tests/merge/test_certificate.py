"""The statistics of a merge, as files, tables and sentences."""

from __future__ import annotations

import json
from pathlib import Path

from shoptune.merge.certificate import Certificate, RoundingStatistics, by_kind, sentence


def test_the_file_and_the_sentence(tmp_path: Path) -> None:
    made = Certificate()
    for name in ("a", "b"):
        made.record(name, RoundingStatistics(entries=4, intended=4.0, lost=4.0, unchanged=4))
    made.write(tmp_path, {"dtype": "float16"})
    value = json.loads((tmp_path / "certificate.json").read_text())
    assert value["dtype"] == "float16"
    assert value["total"]["entries"] == 8
    assert value["tensors"].keys() == {"a", "b"}
    assert sentence(made, "float16") == (
        "rounding to float16 lost 100.0% of the delta's norm and left 100.0% of 8 weights unchanged"
    )


def test_the_table_sums_layers_of_a_kind_up() -> None:
    certificate = Certificate()
    for name, intended in [
        ("model.layers.0.self_attn.q_proj.weight", 9.0),
        ("model.layers.1.self_attn.q_proj.weight", 16.0),
    ]:
        certificate.record(name, RoundingStatistics(entries=4, intended=intended, survived=intended))
    certificate.record("model.layers.0.mlp.up_proj.weight", RoundingStatistics(entries=2, intended=1.0))
    kinds = by_kind(certificate)
    assert {kind: rounding.summary()["intended_norm"] for kind, rounding in kinds.items()} == {
        "q_proj": 5.0,
        "up_proj": 1.0,
    }
    assert kinds["q_proj"].entries == 8
