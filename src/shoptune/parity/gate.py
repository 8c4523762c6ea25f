"""The parity gate: run all forms of a model on the same tokens, compare them, and stop if one does not pass."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from shoptune.errors import fail
from shoptune.parity.config import Parity, Thresholds
from shoptune.parity.forms import Form
from shoptune.runtime.environments import call
from shoptune.runtime.progress import say

FILE = "parity.json"
_ENVIRONMENTS = {"transformers": "train", "vllm": "infer"}
_LAST_LINES = 5


@dataclass(frozen=True)
class Outcome:
    """One form compared with the reference.

    Attributes:
        name: of the form.
        mean_kl: mean KL divergence of the reference from it, in nats per token.
        max_kl: the largest at any token.
        top1: the share of tokens with the same most probable token.
        max_mean_kl: the threshold of `mean_kl`.
        min_top1: the threshold of `top1`.
    """

    name: str
    mean_kl: float
    max_kl: float
    top1: float
    max_mean_kl: float
    min_top1: float

    @property
    def passes(self) -> bool:
        """Whether both thresholds are met."""
        return self.mean_kl <= self.max_mean_kl and self.top1 >= self.min_top1


def run_gate(parity: Parity, forms: Sequence[Form], directory: Path, workspace: Path) -> None:
    """Compare the forms with the first one, print the table and write `parity.json`.

    Args:
        parity: prompts and thresholds.
        forms: the reference first; at least one more.
        directory: the artifact's folder.
        workspace: an empty folder for what the environments exchange; removed at the end.

    Raises:
        ShoptuneError: an environment is not installed, a form cannot be computed, or one does not pass.
    """
    workspace.mkdir(parents=True, exist_ok=True)
    for library in ("transformers", "vllm"):
        members = [form for form in forms if form.library == library]
        if members:
            _run(library, parity, forms, members, workspace)
    outcomes = compare_forms(parity, forms, workspace)
    value = {
        "reference": forms[0].name,
        "prompts": parity.prompts,
        "tokens": parity.tokens,
        "forms": [asdict(outcome) | {"passes": outcome.passes} for outcome in outcomes],
    }
    (directory / FILE).write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
    shutil.rmtree(workspace)
    print_outcomes(forms[0].name, outcomes)
    failed = [outcome.name for outcome in outcomes if not outcome.passes]
    if failed and parity.on_failure == "stop":
        what = f"{', '.join(failed)} {'does' if len(failed) == 1 else 'do'} not answer as {forms[0].name}"
        raise fail(directory, "parity", what, "look for what went wrong, or raise the thresholds")


def compare_forms(parity: Parity, forms: Sequence[Form], workspace: Path) -> list[Outcome]:
    """Compare the distributions written by the environments."""
    from shoptune.parity.compare import Distributions, compare

    reference = Distributions.load(_distributions(workspace, forms, forms[0]))
    outcomes = []
    for form in forms[1:]:
        limits: Thresholds = parity.quantized if form.is_quantized else parity.exact
        found = compare(reference, Distributions.load(_distributions(workspace, forms, form)))
        outcomes.append(
            Outcome(form.name, found.mean_kl, found.max_kl, found.top1, limits.max_kl, limits.min_agreement)
        )
    return outcomes


def print_outcomes(reference: str, outcomes: Sequence[Outcome]) -> None:
    """Print one line per form."""
    for outcome in outcomes:
        verdict = "" if outcome.passes else f"; DOES NOT PASS (at most {outcome.max_mean_kl:g}, {outcome.min_top1:.0%})"
        say(
            f"parity: {outcome.name} against {reference}: KL {outcome.mean_kl:.2g} nats per token (at most "
            f"{outcome.max_kl:.2g}), same top token {outcome.top1:.1%}{verdict}"
        )


def _run(library: str, parity: Parity, forms: Sequence[Form], members: Sequence[Form], workspace: Path) -> None:
    """Compute distributions in the environment of a library."""
    job: Mapping[str, Any] = {
        "parity": parity.model_dump(mode="json"),
        "tokens": str(workspace / "tokens.json"),
        "reference": forms[0].path,
        "forms": [form.values() | {"out": str(_distributions(workspace, forms, form))} for form in members],
    }
    file, log = workspace / f"{library}.json", workspace / f"{library}.log"
    file.write_text(json.dumps(job), encoding="utf-8")
    module, variables = f"shoptune.parity.in_{library}", {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    if parity.device == "cpu":
        variables["CUDA_VISIBLE_DEVICES"] = ""
    with log.open("w", encoding="utf-8") as output:
        ended = call(_ENVIRONMENTS[library], module, [str(file)], variables, output, subprocess.STDOUT)
    if ended.returncode:
        last = " ".join(log.read_text(encoding="utf-8").strip().splitlines()[-_LAST_LINES:])
        raise fail(log, "parity", f"the models could not be run with {library}: {last}", "see this log")


def _distributions(workspace: Path, forms: Sequence[Form], form: Form) -> Path:
    return workspace / f"form-{forms.index(form)}.npz"
