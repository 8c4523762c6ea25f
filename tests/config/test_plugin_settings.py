"""Plug-ins are discovered, and their settings are written inline."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, ClassVar

import pytest
import yaml

from shoptune.config import load
from shoptune.config.plugin_settings import InlineSettings, OneOf, settings_plugins
from shoptune.errors import ShoptuneError
from shoptune.merge.config import MergeConfig

_SHAPES = {
    "circle": """
from typing import Literal
from shoptune.config import Settings

class Circle(Settings):
    kind: Literal["circle"] = "circle"
    radius: float
""",
    "square": """
from typing import Literal
from shoptune.config import Settings

class Style(Settings):
    color: str = "red"

class Square(Settings):
    kind: Literal["square"] = "square"
    style: Style = Style()
    side: float = 1.0
""",
}


@pytest.fixture
def drawing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> type[InlineSettings]:
    """A config with one of two plug-ins, in a package made for this test."""
    package = f"shapes_{tmp_path.name.replace('-', '_')}"
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").touch()
    for name, text in _SHAPES.items():
        (tmp_path / package / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))

    class Drawing(InlineSettings):
        plugin_field: ClassVar[str] = "kind"
        plugin_package: ClassVar[str] = package
        plugin_default: ClassVar[str] = "square"

        title: str = ""
        kind: Annotated[object, OneOf(package, "kind")]

    assert f"{package}.circle" in sys.modules
    return Drawing


def _problems(tmp_path: Path, model: type[InlineSettings], text: str) -> list[str]:
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(ShoptuneError) as caught:
        load(tmp_path / "c.yaml", model)
    return [str(problem).removeprefix(f"{tmp_path}/") for problem in caught.value.problems]


def test_modules_of_the_package_are_found_in_order_of_name(drawing: type[InlineSettings]) -> None:
    assert list(settings_plugins(drawing.plugin_package, "kind")) == ["circle", "square"]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("{title: t, kind: circle, radius: 2}", {"title": "t", "kind": "circle", "radius": 2.0}),
        ("{}", {"title": "", "kind": "square", "side": 1.0, "style": {"color": "red"}}),
        ("{radius: null}", {"title": "", "kind": "square", "side": 1.0, "style": {"color": "red"}}),
        ("{style: {color: blue}}", {"title": "", "kind": "square", "side": 1.0, "style": {"color": "blue"}}),
    ],
)
def test_settings_are_read_and_written_inline(
    drawing: type[InlineSettings], tmp_path: Path, text: str, written: dict[str, object]
) -> None:
    (tmp_path / "c.yaml").write_text(text)
    config = load(tmp_path / "c.yaml", drawing)
    assert config.model_dump(mode="json") == written
    (tmp_path / "again.yaml").write_text(yaml.safe_dump(written))
    assert load(tmp_path / "again.yaml", drawing) == config


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{kind: circle}", "c.yaml: radius: is missing; add it"),
        ("{kind: circel}", "c.yaml: kind: no such kind: 'circel'; did you mean 'circle'?"),
        ("{radius: 1}", "c.yaml: radius: belongs to kind: circle; remove it, or change kind"),
        ("{sied: 1}", "c.yaml: sied: unknown key; did you mean 'side'?"),
        ("{style: {colour: red}}", "c.yaml: style.colour: unknown key; did you mean 'color'?"),
        (
            "{side: wide}",
            "c.yaml: side: input should be a valid number, unable to parse string as a number (got 'wide'); "
            "correct the value",
        ),
    ],
)
def test_problems_name_the_key_as_it_is_written(
    drawing: type[InlineSettings], tmp_path: Path, text: str, problem: str
) -> None:
    assert _problems(tmp_path, drawing, text) == [problem]


def test_all_problems_are_reported_together(drawing: type[InlineSettings], tmp_path: Path) -> None:
    assert len(_problems(tmp_path, drawing, "{title: [], kind: circle, radius: x, side: 1}")) == 3


def test_every_module_of_the_merge_methods_is_a_method() -> None:
    folder = Path(__file__).parents[2] / "src" / "shoptune" / "merge" / "methods"
    names = {file.stem for file in folder.glob("*.py")} - {"__init__"}
    assert set(settings_plugins("shoptune.merge.methods", "method")) == names
    assert MergeConfig.model_validate({"base": "b", "adapters": [{"path": "a"}]}).method.method == "task_arithmetic"
