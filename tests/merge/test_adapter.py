"""The ensemble as a single adapter: exact at the sum of the ranks, and optimal below it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

from shoptune.checkpoints.checkpoint import Checkpoint
from shoptune.errors import ShoptuneError
from shoptune.merge.adapter import Truncation, compress, total
from shoptune.merge.changes import LoraChange
from shoptune.merge.config import MergeConfig
from shoptune.merge.factors import Factors
from shoptune.merge.lora import load_adapter
from shoptune.merge.sources import Sources
from shoptune.merge.stage import MERGE, Form, Job
from shoptune.stage import run

from .conftest import HIDDEN, LAYER, VOCABULARY, WIDE, WriteAdapter

UP, EMBEDDING = "model.layers.0.mlp.up_proj", "model.embed_tokens"


@pytest.fixture
def members(write_adapter: WriteAdapter) -> list[dict[str, object]]:
    first = {
        LAYER: (torch.randn(2, HIDDEN), torch.randn(HIDDEN, 2)),
        UP: (torch.randn(2, HIDDEN), torch.randn(WIDE, 2)),
    }
    second = {
        LAYER: (torch.randn(3, HIDDEN), torch.randn(HIDDEN, 3)),
        EMBEDDING: (torch.randn(3, VOCABULARY), torch.randn(HIDDEN, 3)),
    }
    return [
        {"path": str(write_adapter("first", first, rank=2)), "weight": 0.75},
        {"path": str(write_adapter("second", second, rank=3, use_rslora=True)), "weight": -0.5},
    ]


def _run(base: Checkpoint, members: list[dict[str, object]], out: Path, form: Form, **settings: object) -> Path:
    config = MergeConfig.model_validate({"base": str(base.path), "adapters": members, **settings})
    run(MERGE, Job(config, Sources.of(config, Path("m.yaml")), form), out)
    return out


@pytest.mark.parametrize("alpha", [0.56, 1.0, -0.25])
def test_the_adapter_merges_to_the_same_weights_as_the_ensemble(
    base: Checkpoint, members: list[dict[str, object]], tmp_path: Path, alpha: float
) -> None:
    adapter = _run(base, members, tmp_path / "adapter", Form(as_adapter=True), wise_ft_alpha=alpha)
    direct = _run(base, members, tmp_path / "direct", Form(), wise_ft_alpha=alpha, dtype="float32")
    again = _run(base, [{"path": str(adapter)}], tmp_path / "again", Form(), dtype="float32")
    for shard in base.shards:
        one, two = load_file(direct / shard.name), load_file(again / shard.name)
        assert all(torch.allclose(one[name], two[name], atol=1e-6) for name in one)


def test_every_target_has_one_rank_and_scale_one(
    base: Checkpoint, members: list[dict[str, object]], tmp_path: Path
) -> None:
    adapter = _run(base, members, tmp_path / "adapter", Form(as_adapter=True))
    config = json.loads((adapter / "adapter_config.json").read_text())
    assert (config["r"], config["lora_alpha"]) == (5, 5)
    assert config["target_modules"] == ["embed_tokens", "q_proj", "up_proj"]
    targets = load_adapter(adapter, base).targets
    assert {target.factors().a.shape[0] for target in targets.values() if isinstance(target, LoraChange)} == {5}
    assert json.loads((adapter / "certificate.json").read_text())["exact"] is True


def test_both_factors_carry_the_root_of_alpha(
    base: Checkpoint, members: list[dict[str, object]], tmp_path: Path
) -> None:
    """Paper 001, section 4.4."""
    name = f"base_model.model.{UP}.lora_A.weight"
    whole = load_file(_run(base, members, tmp_path / "1", Form(as_adapter=True)) / "adapter_model.safetensors")
    part = load_file(
        _run(base, members, tmp_path / "2", Form(as_adapter=True), wise_ft_alpha=0.25) / "adapter_model.safetensors"
    )
    assert torch.allclose(part[name], 0.5 * whole[name])
    assert torch.allclose(part[name.replace("A", "B")], 0.5 * whole[name.replace("A", "B")])


def test_compression_reports_the_worst_and_the_total_loss(
    base: Checkpoint, members: list[dict[str, object]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    adapter = _run(base, members, tmp_path / "adapter", Form(as_adapter=True, rank=2))
    certificate = json.loads((adapter / "certificate.json").read_text())
    lost = certificate["lost_share"]
    assert lost[f"{UP}.weight"] == pytest.approx(0.0, abs=1e-6)  # of rank 2 already
    assert 0 < lost[f"{LAYER}.weight"] < 1
    worst = max(lost, key=lost.get)
    total = certificate["total_lost_share"]
    assert 0 < total < lost[worst]
    line = (
        f"merge: compressing to rank 2 lost {total:.1%} of the delta's norm in total and {lost[worst]:.1%} in the "
        f"worst matrix, {worst}"
    )
    assert line in capsys.readouterr().err.splitlines()


def test_losses_add_up_by_squares() -> None:
    first, second = Truncation(whole=75.0, lost=27.0), Truncation(whole=25.0, lost=9.0)
    assert (first.share, second.share) == (0.6, 0.6)  # sqrt(27 / 75)
    assert total([first, second]).share == 0.6  # sqrt(36 / 100)
    assert total([first, Truncation(25.0, 22.0)]).share == 0.7  # sqrt(49 / 100)
    assert total([Truncation(0.0, 0.0)]).share == 0.0


def test_dense_methods_have_no_factors(base: Checkpoint, members: list[dict[str, object]], tmp_path: Path) -> None:
    with pytest.raises(ShoptuneError, match="method: is ties, whose delta has no factors; use task_arithmetic"):
        _run(base, members, tmp_path / "x", Form(as_adapter=True), method="ties", density=0.5)


@settings(max_examples=50, deadline=None)
@given(
    rows=st.integers(1, 9),
    columns=st.integers(1, 9),
    stacked=st.integers(1, 6),
    rank=st.integers(1, 6),
    seed=st.integers(0, 99),
)
def test_compression_is_the_truncated_svd_of_the_dense_delta(
    rows: int, columns: int, stacked: int, rank: int, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    factors = Factors(
        torch.randn(stacked, columns, generator=generator), torch.randn(rows, stacked, generator=generator)
    )
    small, lost = compress(factors, rank)
    dense = factors.b.double() @ factors.a.double()
    u, s, v = torch.linalg.svd(dense, full_matrices=False)
    best = u[:, :rank] @ torch.diag(s[:rank]) @ v[:rank]
    assert small.a.shape[0] <= rank
    # float32 factors; where singular values are equal the best approximation is not unique, but its error is
    error = (dense - (small.b.double() @ small.a.double())).norm()
    assert float(error) == pytest.approx(float((dense - best).norm()), abs=1e-5)
    assert lost.share == pytest.approx(float((dense - best).norm() / dense.norm()), abs=1e-6)
