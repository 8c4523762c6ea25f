"""Rules of style that no linter checks: the length of files and functions, and the number of parameters."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "src" / "shoptune").rglob("*.py"))
LINES_OF_A_FILE, LINES_OF_A_FUNCTION, PARAMETERS = 250, 50, 6
# Commands take one parameter per option; typer calls them.
_COMMANDS = ROOT / "src" / "shoptune" / "cli"
# `ScaleSearch` overrides a method of AutoAWQ and keeps its parameters.
_LIBRARIES_SIGNATURES = {"_compute_best_scale"}


def _functions(module: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_files_are_short() -> None:
    lengths = {str(module.relative_to(ROOT)): len(module.read_text().splitlines()) for module in MODULES}
    assert len(lengths) > 100
    assert {name: length for name, length in lengths.items() if length > LINES_OF_A_FILE} == {}


def test_functions_are_short() -> None:
    found = {
        f"{module.relative_to(ROOT)}:{function.name}": length
        for module in MODULES
        for function in _functions(module)
        if (length := (function.end_lineno or 0) - function.lineno + 1) > LINES_OF_A_FUNCTION
    }
    assert found == {}


def test_functions_take_few_parameters() -> None:
    found = [
        f"{module.relative_to(ROOT)}:{function.name}"
        for module in MODULES
        if not module.is_relative_to(_COMMANDS)
        for function in _functions(module)
        if function.name not in _LIBRARIES_SIGNATURES
        and len([*function.args.args, *function.args.kwonlyargs]) - _is_method(function) > PARAMETERS
    ]
    assert found == []


def _is_method(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return bool(function.args.args) and function.args.args[0].arg in {"self", "cls"}
