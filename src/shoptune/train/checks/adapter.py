"""Whether an adapter's target modules exist, and how many parameters are trained, from the model's shapes alone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoptune.config import file_of
from shoptune.errors import Problem

if TYPE_CHECKING:
    from shoptune.train.checks.report import Report
    from shoptune.train.config import TrainConfig


_TIED = ("embed_tokens", "lm_head")


def check_adapter(config: TrainConfig, checked: Any, model: Path, report: Report) -> None:
    """Build the model and its adapter without memory for weights, on torch's meta device.

    Args:
        config: for problems.
        checked: the config as axolotl completed it.
        model: a folder with the model's `config.json`.
        report: receives the number of trained parameters, or the target modules that no layer has.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    with torch.device("meta"):
        shapes: Any = AutoConfig.from_pretrained(model)
        network: Any = AutoModelForCausalLM.from_config(shapes, dtype=torch.bfloat16)  # type: ignore[no-untyped-call]
    total = sum(parameter.numel() for parameter in network.parameters())
    if not config.axolotl.get("adapter"):
        report.notes.append(
            f"all {total:,} parameters are trained; the result is a checkpoint for `shoptune infer`, `quantize`, and, "
            "as a member of an ensemble, `merge`"
        )
        return
    from axolotl.loaders.adapter import load_lora
    from peft import get_peft_model

    _, settings = load_lora(network, checked, config_only=True)
    report.problems += _without_layer(config, settings.target_modules, [name for name, _ in network.named_modules()])
    if network.config.tie_word_embeddings:
        report.problems += _half_of_a_tie(config)
    if report.problems:
        return
    adapted = get_peft_model(network, settings, autocast_adapter_dtype=False, low_cpu_mem_usage=True)
    trained, targets = _trained(adapted), ", ".join(sorted(settings.target_modules))
    report.notes.append(
        f"LoRA of rank {settings.r} on {targets}: {trained:,} of {total + trained:,} parameters are trained "
        f"({trained / (total + trained):.2%})"
    )


def _half_of_a_tie(config: TrainConfig) -> list[Problem]:
    """A problem where one side of a tied embedding and output layer would be trained without the other."""
    if config.axolotl.get("peft_ensure_weight_tying"):
        return []
    listed = {key: config.axolotl.get(key) or [] for key in ("lora_modules_to_save", "lora_target_modules")}
    return [
        Problem(
            file_of(config.file, [key]),
            key,
            f"trains {module}, and this base has one weight for its embedding and its output layer",
            "set peft_ensure_weight_tying: true, or remove it",
        )
        for key, modules in listed.items()
        for module in ([modules] if isinstance(modules, str) else modules)
        if module.rpartition(".")[2] in _TIED
    ]


def _trained(model: Any) -> int:
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def _without_layer(config: TrainConfig, targets: Any, names: Iterable[str]) -> list[Problem]:
    """A problem for each listed target that is the end of no layer's name; PEFT takes a string as an expression."""
    if isinstance(targets, str):
        return []
    ends = {name.rpartition(".")[2] for name in names}
    return [
        Problem(
            file_of(config.file, ["lora_target_modules"]),
            "lora_target_modules",
            f"the model has no layer '{target}'",
            f"name some of {', '.join(sorted(end for end in ends if end.endswith('proj'))) or 'its layers'}",
        )
        for target in sorted(targets)
        if target.rpartition(".")[2] not in ends
    ]
