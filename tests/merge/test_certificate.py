"""What rounding takes away, counted exactly."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch

from shoptune.merge import certificate
from shoptune.merge.certificate import Certificate, Tally, add_rounded, by_kind, sentence


def test_a_tally_by_hand() -> None:
    base = torch.tensor([1.0, 1.0], dtype=torch.bfloat16)
    delta = torch.tensor([2.0**-9, 2.0**-7])  # bfloat16 steps at 1 are 2^-7: the first is lost, the second survives
    summary = add_rounded(base, delta, torch.bfloat16)[1].summary()
    assert summary["intended_norm"] == pytest.approx(math.hypot(2.0**-9, 2.0**-7))
    assert summary["survived_norm"] == pytest.approx(2.0**-7)
    assert summary["lost_share"] == pytest.approx(2.0**-9 / math.hypot(2.0**-9, 2.0**-7))
    assert summary["unchanged_share"] == 0.5
    assert summary["max_error"] == 2.0**-9
    assert summary["entries"] == 2


def test_chunks_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    base, delta = torch.randn(7, 9), torch.randn(7, 9) * 0.01
    written, whole = add_rounded(base, delta, torch.float16)
    monkeypatch.setattr(certificate, "_CHUNK", 10)
    in_pieces, tally = add_rounded(base, delta, torch.float16)
    assert torch.equal(in_pieces, written)
    assert tally.summary() == pytest.approx(whole.summary())


def test_against_float64() -> None:
    generator = torch.Generator().manual_seed(0)
    base = (torch.randn(64, 64, generator=generator) * 0.02).to(torch.bfloat16)
    delta = torch.randn(64, 64, generator=generator) * 1e-4
    for dtype in (torch.bfloat16, torch.float16, torch.float32):
        written, tally = add_rounded(base, delta, dtype)
        summary = tally.summary()
        assert torch.equal(written, (base.float() + delta).to(dtype))
        applied = written.double() - base.double()
        lost = (applied - delta.double()).norm() / delta.double().norm()
        assert summary["lost_share"] == pytest.approx(float(lost), rel=1e-5, abs=1e-6)
        assert summary["survived_norm"] == pytest.approx(float(applied.norm()), rel=1e-5)


def test_a_typical_delta_loses_over_a_third_in_bfloat16_and_a_tenth_of_that_in_float16() -> None:
    """The README's reason for float16: weights of deviation 0.02, a delta of 1e-4."""
    generator = torch.Generator().manual_seed(0)
    base = (torch.randn(256, 256, generator=generator) * 0.02).to(torch.bfloat16)
    delta = torch.randn(256, 256, generator=generator) * 1e-4
    lost = {
        dtype: add_rounded(base, delta, dtype)[1].summary()["lost_share"] for dtype in (torch.bfloat16, torch.float16)
    }
    assert lost[torch.bfloat16] > 0.3
    assert lost[torch.float16] < 0.1


def test_the_file_and_the_sentence(tmp_path: Path) -> None:
    made = Certificate()
    base, delta = torch.ones(4), torch.full((4,), 2.0**-20)
    for name in ("a", "b"):
        made.record(name, add_rounded(base, delta, torch.float16)[1])
    made.write(tmp_path, {"dtype": "float16"})
    value = json.loads((tmp_path / "certificate.json").read_text())
    assert value["dtype"] == "float16"
    assert value["total"]["entries"] == 8
    assert value["tensors"].keys() == {"a", "b"}
    assert sentence(made, "float16") == (
        "rounding to float16 lost 100.0% of the delta's norm and left 100.0% of 8 weights as they were"
    )


def test_the_table_sums_layers_of_a_kind_up() -> None:
    certificate = Certificate()
    for name, intended in [
        ("model.layers.0.self_attn.q_proj.weight", 9.0),
        ("model.layers.1.self_attn.q_proj.weight", 16.0),
    ]:
        certificate.record(name, Tally(entries=4, intended=intended, survived=intended))
    certificate.record("model.layers.0.mlp.up_proj.weight", Tally(entries=2, intended=1.0))
    kinds = by_kind(certificate)
    assert {kind: tally.summary()["intended_norm"] for kind, tally in kinds.items()} == {"q_proj": 5.0, "up_proj": 1.0}
    assert kinds["q_proj"].entries == 8
