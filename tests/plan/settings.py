"""Shared by tests of plans: Qwen2's shapes and the machines that ship with the package."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from shoptune.checkpoints.known_models import known_model_config
from shoptune.plan.estimate import Setting
from shoptune.plan.machines import find_machine
from shoptune.plan.shapes import Shape, shape_of
from shoptune.runtime.machine_facts import Machine

FILE = Path("config.yaml")


def shape(size: str = "72B") -> Shape:
    return shape_of(known_model_config(f"Qwen/Qwen2-{size}-Instruct") or {}, FILE)


def setting(machine: str | Machine, size: str = "72B", **changes: Any) -> Setting:
    chosen = find_machine(machine) if isinstance(machine, str) else machine
    return Setting(FILE, shape(size), dataclasses.replace(chosen, **changes))
