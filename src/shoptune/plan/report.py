"""Format a plan as text for a terminal, or as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final

from shoptune.plan.capability import capability_text
from shoptune.plan.estimate import FITS, Budget, amount
from shoptune.plan.run import Plan
from shoptune.runtime.machine_facts import Machine

_MINUTE: Final = 60
_HOUR: Final = 3600


def as_json(plan: Plan) -> dict[str, Any]:
    """Return the whole plan as JSON values; sizes are in 10^9 bytes."""
    estimate, machine = plan.estimate, plan.machine
    return {
        "stage": estimate.stage,
        "config": str(plan.file),
        "model": plan.model.name,
        "machine": _machine_json(machine),
        "verdict": plan.verdict,
        "problems": [{**asdict(problem), "file": str(problem.file)} for problem in plan.problems],
        **estimate.figures,
        **{f"{budget.key}_memory" if budget.key != "disk" else "disk": _budget(budget) for budget in estimate.budgets},
        "hours": None if estimate.seconds is None else round(estimate.seconds / _HOUR, 2),
        "notes": list(estimate.notes),
        "assumptions": _assumptions(plan),
    }


def as_text(plan: Plan, width: int) -> str:
    """Return the plan as text, wrapped to `width` characters."""
    return "\n".join(line for text in _lines(plan) for line in _wrap(text, width))


def duration(seconds: float) -> str:
    """Format a rough duration, such as 40 s, 25 minutes or 20.9 hours."""
    if seconds < 1.5 * _MINUTE:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / _MINUTE:.0f} minutes" if seconds < 1.5 * _HOUR else f"{seconds / _HOUR:.1f} hours"


def _machine_json(machine: Machine) -> dict[str, Any]:
    return {
        "name": machine.name,
        "gpus": [
            {
                "name": gpu.name,
                "memory_gb": round(gpu.memory_bytes / 1e9, 2),
                "free_gb": round(gpu.available_bytes / 1e9, 2),
                "capability": capability_text(gpu.capability),
            }
            for gpu in machine.gpus
        ],
        "cpus": machine.cpus,
        "memory_gb": round(machine.memory_bytes / 1e9, 2),
        "disk_gb": round(machine.disk_bytes / 1e9, 2),
        "shared_memory_gb": round(machine.shared_memory_bytes / 1e9, 2),
        "driver": machine.driver_text or None,
        "c_compiler": machine.c_compiler,
        "python_headers": machine.python_headers,
        "flash_attention": machine.flash_attention,
    }


def _budget(budget: Budget) -> dict[str, Any]:
    return {
        "needed_gb": round(budget.needed / 1e9, 2),
        "available_gb": round(budget.limit / 1e9, 2),
        "fits": budget.fits,
        "parts_gb": {name: round(size / 1e9, 2) for name, size in budget.parts.items()},
    }


def _lines(plan: Plan) -> Iterator[str]:
    estimate = plan.estimate
    yield f"{estimate.stage}: {plan.file}"
    yield f"model: {plan.model.name}"
    yield from _describe(plan.machine)
    for budget in estimate.budgets:
        yield ""
        state = "" if budget.fits else ": too little"
        yield f"{budget.title}: {amount(budget.needed)} of {amount(budget.limit)}{state}"
        yield from (f"  {amount(size):>9}  {name}" for name, size in _by_size(budget))
    yield ""
    yield from _figures(plan)
    if estimate.seconds is not None:
        yield f"time: about {duration(estimate.seconds)}"
    yield from _listed("notes", estimate.notes)
    yield from _listed("assumptions", _assumptions(plan))
    yield ""
    yield f"verdict: {plan.verdict}"


def _by_size(budget: Budget) -> list[tuple[str, float]]:
    return sorted(budget.parts.items(), key=lambda item: -item[1])


def _describe(machine: Machine) -> Iterator[str]:
    yield f"machine: {machine.name}"
    if machine.gpus:
        gpu = machine.gpus[0]
        yield (
            f"  {len(machine.gpus)} x {gpu.name}, {amount(gpu.available_bytes)} free of {amount(gpu.memory_bytes)}, "
            f"capability {capability_text(gpu.capability)}"
        )
        compiler = "yes" if machine.c_compiler else "no"
        headers = "yes" if machine.python_headers else "no"
        yield f"  driver {machine.driver_text or 'unknown'}; C compiler: {compiler}; Python.h: {headers}"
    else:
        yield "  no GPU"
    yield (
        f"  {machine.cpus} cores, {amount(machine.memory_bytes)} of memory, {amount(machine.disk_bytes)} of disk, "
        f"{amount(machine.shared_memory_bytes)} of /dev/shm"
    )


def _figures(plan: Plan) -> Iterator[str]:
    figures = plan.estimate.figures
    if "weights_gb_per_gpu" in figures:
        total, padded = figures["weights_gb_total"], figures["padded_weights_gb_total"]
        widened = f", {padded:.1f} GB padded" if padded != total else ""
        yield f"weights: {total:.1f} GB{widened}, {figures['weights_gb_per_gpu']:.1f} GB per device"
        yield f"key-value cache: {figures['kv_tokens']:,} tokens"
    if figures.get("padded_intermediate_size", 0) != figures.get("intermediate_size", 0):
        yield f"feed-forward width: {figures['intermediate_size']}, padded to {figures['padded_intermediate_size']}"
    if "trainable_parameters" in figures:
        yield f"trained weights: {figures['trainable_parameters']:,}"
        if figures["tokens_per_second"]:
            yield f"speed: about {figures['tokens_per_second']:,} tokens/s"
    if "calls" in figures:
        yield f"calls: {figures['calls']:,}, {figures['prompt_tokens']:,} tokens in prompts"
        yield f"answers: at most {figures['answer_tokens_at_most']:,} tokens"
        if "cost_at_most" in figures:
            yield f"cost: at most {figures['cost_at_most']:,.2f}, in the currency of the recipe's price"
        if "gpu_hours" in figures:
            yield f"GPUs: about {figures['gpu_hours']:,.1f} hours of one GPU, on {figures['replicas']} engines"
    chosen = figures.get("track")
    for number, minutes in figures.get("minutes_per_track", {}).items():
        if chosen is None or str(chosen) == number:
            limit = figures["track_limits_minutes"][number]
            verdict = FITS if minutes <= limit else "too slow"
            yield f"track {number}: about {minutes:.0f} of {limit} minutes: {verdict}"


def _assumptions(plan: Plan) -> list[str]:
    model = [f"model: {plan.model.name}, since {plan.model.assumed} (--model)"] if plan.model.assumed else []
    return [*model, *plan.estimate.assumptions]


def _listed(title: str, sentences: Sequence[str]) -> Iterator[str]:
    if sentences:
        yield ""
        yield f"{title}:"
        yield from (f"- {sentence}" for sentence in sentences)


def _wrap(line: str, width: int) -> list[str]:
    indent = " " * (2 if line.startswith("- ") else len(line) - len(line.lstrip()) + 2)
    return textwrap.wrap(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False) or [""]
