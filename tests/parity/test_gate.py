"""The comparisons, messages and failures of the parity gate."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shoptune.errors import ShoptuneError
from shoptune.parity.compare import Distributions
from shoptune.parity.config import Parity
from shoptune.parity.forms import Form, adapters_form
from shoptune.parity.gate import run_gate
from shoptune.parity.prompts import spread

_PARITY = Parity(questions="q.json", device="cpu")
_FORMS = [
    Form("base + adapters", "base", (("a", 0.5),)),
    Form("merged", "merged"),
    Form("4-bit", "awq", is_quantized=True),
    Form("merged", "merged").served(),
]
_MERGE: dict[str, Any] = {
    "method": "task_arithmetic", "base_weights": "checkpoint", "wise_ft_alpha": 1.5,
    "adapters": [{"path": "a", "weight": 0.5}, {"path": "b", "weight": -2.0}],
}  # fmt: skip


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, list[float]]:
    """Stands in for the environments' programs: writes the probabilities that a test gives each form."""
    shares = {"base + adapters": [0.6, 0.4], "merged": [0.6, 0.4], "4-bit": [0.5, 0.5], "merged in vLLM": [0.6, 0.4]}

    def ran(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        job = json.loads(Path(command[-1]).read_text())
        library = command[-2].rpartition("_")[2]
        for form in job["forms"]:
            assert form["library"] == library
            Distributions.of_logits(np.log([shares[form["name"]]]), 2).save(Path(form["out"]))
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", ran)
    monkeypatch.setattr("shoptune.runtime.environments.python_of", Path)
    return shares


def _run(tmp_path: Path, parity: Parity = _PARITY) -> dict[str, Any]:
    run_gate(parity, _FORMS, tmp_path, tmp_path / "work")
    assert not (tmp_path / "work").exists()
    return {form["name"]: form for form in json.loads((tmp_path / "parity.json").read_text())["forms"]}


def test_forms_are_compared_with_the_first(
    programs: dict[str, list[float]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forms = _run(tmp_path)
    assert forms["merged"]["mean_kl"] == forms["merged in vLLM"]["mean_kl"] == 0
    # KL([0.6, 0.4] || [0.5, 0.5])
    assert forms["4-bit"]["mean_kl"] == pytest.approx(0.6 * np.log(1.2) + 0.4 * np.log(0.8))
    assert all(form["passes"] for form in forms.values())
    assert "parity: 4-bit against base + adapters: KL 0.02 nats per token (at most 0.02), same top token 100.0%\n" in (
        capsys.readouterr().err
    )


def test_a_form_that_answers_otherwise_stops_the_run(
    programs: dict[str, list[float]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    programs["merged in vLLM"] = [0.3, 0.7]
    with pytest.raises(ShoptuneError, match=r"parity: merged in vLLM does not answer as base \+ adapters; look for"):
        _run(tmp_path)
    assert "same top token 0.0%; DOES NOT PASS (at most 0.01, 98%)" in capsys.readouterr().err
    assert not _run(tmp_path, _PARITY.model_copy(update={"on_failure": "warn"}))["merged in vLLM"]["passes"]


def test_4_bits_have_thresholds_of_their_own(programs: dict[str, list[float]], tmp_path: Path) -> None:
    programs["4-bit"] = [0.75, 0.25]
    assert _run(tmp_path)["4-bit"]["passes"]
    programs["merged"] = [0.75, 0.25]
    with pytest.raises(ShoptuneError, match="merged does not answer"):
        _run(tmp_path)


def test_a_failing_program_is_a_one_line_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def ran(command: list[str], stdout: Any, **options: Any) -> subprocess.CompletedProcess[str]:
        stdout.write("Traceback\nKeyError: 'q'\n")
        stdout.flush()
        return subprocess.CompletedProcess(command, 1)

    monkeypatch.setattr(subprocess, "run", ran)
    monkeypatch.setattr("shoptune.runtime.environments.python_of", Path)
    with pytest.raises(
        ShoptuneError, match=r"the models could not be run with transformers: Traceback KeyError: 'q'; see"
    ):
        _run(tmp_path)


def test_adapters_are_scaled_by_their_weights_and_alpha(tmp_path: Path) -> None:
    for name in ("a", "b", "dora"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "adapter_config.json").write_text(json.dumps({"use_dora": name == "dora"}))
    inputs = {"base": tmp_path, "adapters[0]": tmp_path / "a", "adapters[1]": tmp_path / "b"}
    form = adapters_form(_MERGE, inputs)
    assert form is not None
    assert [factor for _, factor in form.adapters] == [0.75, -3.0]
    assert adapters_form(_MERGE | {"method": "ties"}, inputs) is None
    assert adapters_form(_MERGE | {"base_weights": "nf4"}, inputs) is None
    assert adapters_form(_MERGE, inputs | {"adapters[1]": tmp_path / "gone"}) is None
    assert adapters_form(_MERGE, inputs | {"adapters[1]": tmp_path / "dora"}) is None
    alone = _MERGE | {"adapters": [{"path": "dora", "weight": 1.0}], "wise_ft_alpha": 1.0}
    assert adapters_form(alone, {"base": tmp_path, "adapters[0]": tmp_path / "dora"}) is not None


def test_prompts_are_spread_over_the_file() -> None:
    assert spread(10, 4) == [0, 2, 5, 7]
    assert spread(3, 16) == [0, 1, 2]
