"""The parity gate of a merge: base and adapters, the merged model, and each as vLLM serves it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from shoptune.errors import ShoptuneError
from shoptune.merge.plan import Plan
from shoptune.parity.config import Parity
from shoptune.parity.forms import Form, adapters_form


def check_parity(parity: Parity, plan: Plan, inputs: Mapping[str, Path], directory: Path) -> None:
    """Run the gate on a finished merge.

    Args:
        parity: prompts and thresholds.
        plan: the merge.
        inputs: its folders by name.
        directory: the merged checkpoint.

    Raises:
        ShoptuneError: a form does not pass, or cannot be computed.
    """
    from shoptune.merge.adapter import write_adapter
    from shoptune.merge.certificate import FILE
    from shoptune.parity.gate import run_gate

    workspace = directory / "parity"
    unmerged, merged = adapters_form(plan.config.model_dump(mode="json"), inputs), Form("merged", str(directory))
    forms = [unmerged, merged] if unmerged else [merged]
    if parity.served:
        if unmerged:
            ensemble = workspace / "ensemble"
            ensemble.mkdir(parents=True)
            with suppress(ShoptuneError):  # DoRA and whole modules are no LoRA adapter
                write_adapter(plan, ensemble, None)
                (ensemble / FILE).unlink()
                forms.append(dataclasses.replace(unmerged.served(), ensemble=str(ensemble)))
        forms.append(merged.served())
    run_gate(parity, forms, directory, workspace)
