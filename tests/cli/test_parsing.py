"""The parser of command lines that other tests use rejects the same lines as the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.parsing import parse


def test_a_line_becomes_its_command_and_parameters() -> None:
    words, parameters = parse("shoptune train training_configs/x.yaml --set a=1 --set b=2 --out runs/x")
    assert words == ("train",)
    assert parameters["file"] == Path("training_configs/x.yaml")
    assert parameters["overrides"] == ["a=1", "b=2"]
    assert parameters["force"] is False


def test_the_default_command_of_a_group_is_found() -> None:
    assert parse("shoptune export infer/cpu.yaml --model m --out o")[0] == ("export", "submission")


@pytest.mark.parametrize(
    "line",
    [
        "shoptune merge x.yaml",
        "shoptune train x.yaml --out o (by SLURM: launch.sh)",
        "shoptune train x.yaml --out o --sets a=1",
        "shoptune export x.yaml --model m --out o --track 6",
        "shoptune fly x.yaml",
    ],
)
def test_invalid_command_lines_are_rejected(line: str) -> None:
    with pytest.raises(Exception, match=r"Missing|unexpected|No such|less than or equal to 5"):
        parse(line)
