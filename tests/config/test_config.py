"""Configs: unknown keys with suggestions, overrides, and all problems reported together."""

from pathlib import Path
from typing import Annotated

import pytest
from pydantic import Field

from shoptune.config import Settings, apply_overrides, load, read_yaml
from shoptune.errors import ShoptuneError


class Member(Settings):
    path: str
    weight: float = 1.0


class Example(Settings):
    base: str
    members: tuple[Member, ...] = ()
    limits: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    optional: Member | None = None


def _load(tmp_path: Path, text: str, *overrides: str) -> Example:
    file = tmp_path / "example.yaml"
    file.write_text(text)
    return load(file, Example, overrides)


def _problems(tmp_path: Path, text: str, *overrides: str) -> list[str]:
    with pytest.raises(ShoptuneError) as caught:
        _load(tmp_path, text, *overrides)
    return [str(problem).removeprefix(f"{tmp_path}/") for problem in caught.value.problems]


def test_a_good_config_loads(tmp_path: Path) -> None:
    config = _load(tmp_path, "base: b\nmembers: [{path: p, weight: 2}]\n")
    assert config == Example(base="b", members=(Member(path="p", weight=2.0),))


def test_json_is_yaml(tmp_path: Path) -> None:
    assert _load(tmp_path, '{"base": "b"}') == Example(base="b")


def test_an_unknown_key_is_refused_with_the_nearest(tmp_path: Path) -> None:
    assert _problems(tmp_path, "base: b\nmebmers: []\n") == [
        "example.yaml: mebmers: unknown key; did you mean 'members'?"
    ]


def test_unknown_keys_are_refused_at_every_level(tmp_path: Path) -> None:
    assert _problems(tmp_path, "base: b\nmembers: [{path: p, wieght: 1}]\noptional: {path: p, colour: red}\n") == [
        "example.yaml: members[0].wieght: unknown key; did you mean 'weight'?",
        "example.yaml: optional.colour: unknown key; valid: path, weight",
    ]


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    problems = _problems(tmp_path, "members: [{path: p, weight: a lot}]\nlimits: {a: 0}\n")
    assert problems == [
        "example.yaml: base: is missing; add it",
        "example.yaml: members[0].weight: input should be a valid number, unable to parse string as a number "
        "(got 'a lot'); correct the value",
        "example.yaml: limits.a: input should be greater than or equal to 1 (got 0); correct the value",
    ]


@pytest.mark.parametrize("weight", [".nan", ".inf", "-.inf"])
def test_numbers_are_finite(tmp_path: Path, weight: str) -> None:
    (problem,) = _problems(tmp_path, f"base: b\nmembers: [{{path: p, weight: {weight}}}]\n")
    assert "members[0].weight: input should be a finite number" in problem


def test_broken_yaml_names_the_line(tmp_path: Path) -> None:
    (problem,) = _problems(tmp_path, "base: b\nmembers: [\n")
    assert problem.startswith("example.yaml: line 3: not valid YAML")


def test_yaml_cannot_make_objects(tmp_path: Path) -> None:
    (problem,) = _problems(tmp_path, "base: !!python/object/apply:os.system [true]\n")
    assert "not valid YAML" in problem


@pytest.mark.parametrize("text", ["", "- a\n", "text\n"])
def test_a_config_is_a_mapping(tmp_path: Path, text: str) -> None:
    (problem,) = _problems(tmp_path, text)
    assert "not keys and values; write `key: value` lines" in problem


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ShoptuneError, match="no such file; check the path"):
        load(tmp_path / "none.yaml", Example)


def test_overrides_reach_into_lists_and_make_groups(tmp_path: Path) -> None:
    config = _load(tmp_path, "base: b\nmembers: [{path: p}]\n", "members.0.weight=0.5", "limits.new=3", "base=c=d")
    assert config == Example(base="c=d", members=(Member(path="p", weight=0.5),), limits={"new": 3})


def test_an_override_may_replace_a_list(tmp_path: Path) -> None:
    assert _load(tmp_path, "base: b\n", "members=[{path: q}]").members == (Member(path="q"),)


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("base", "is not of the form key=value"),
        ("=1", "is not of the form key=value"),
        ("members.5.weight=1", "'5' is not one of the list's 1 items; count from 0"),
        ("base.x=1", "'base.x' is inside a value"),
        ("base=[", "the value is not valid YAML"),
    ],
)
def test_a_bad_override_is_named(override: str, problem: str) -> None:
    with pytest.raises(ShoptuneError) as caught:
        apply_overrides({"base": "b", "members": [{}]}, [override])
    assert problem in str(caught.value)
    assert str(caught.value).startswith(f"--set: {override}: ")


def _write(tmp_path: Path, **files: str) -> Path:
    for name, text in files.items():
        (tmp_path / f"{name}.yaml").parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


def test_an_overlay_extends_a_base(tmp_path: Path) -> None:
    _write(
        tmp_path,
        base="base: b\nlimits: {a: 1, b: 2}\nmembers: [{path: p}, {path: q}]\n",
        middle="extends: base.yaml\nlimits: {b: 3}\n",
        top="extends: middle.yaml\nlimits: {c: 4}\nmembers: [{path: r}]\n",
    )
    config = load(tmp_path / "top.yaml", Example, ["limits.a=9"])
    assert config == Example(base="b", limits={"a": 9, "b": 3, "c": 4}, members=(Member(path="r"),))
    assert list(read_yaml(tmp_path / "top.yaml")) == ["base", "limits", "members"], "the base's keys come first"


def test_an_overlay_changes_one_item_of_a_list(tmp_path: Path) -> None:
    _write(
        tmp_path,
        base="base: b\nmembers: [{path: p}, {path: q, weight: 2}]\n",
        top="extends: base.yaml\nmembers: {1: {path: r}}\n",
        beyond="extends: base.yaml\nmembers: {2: {path: r}}\n",
    )
    assert load(tmp_path / "top.yaml", Example).members == (Member(path="p"), Member(path="r", weight=2.0))
    with pytest.raises(ShoptuneError, match=r"members\[2\]: is not one of the extended list's 2 items; count from 0"):
        load(tmp_path / "beyond.yaml", Example)


def test_a_base_is_found_relative_to_the_file_that_extends_it(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    _write(tmp_path, base="base: b\n")
    (tmp_path / "inside" / "top.yaml").write_text("extends: ../base.yaml\n")
    assert load(tmp_path / "inside" / "top.yaml", Example) == Example(base="b")


def test_a_problem_names_the_file_that_sets_the_value(tmp_path: Path) -> None:
    _write(
        tmp_path,
        base="base: b\nmebmers: []\nlimits: {a: 0}\noptional: {weight: 1}\n",
        top="extends: base.yaml\nlimits: {b: 0}\nmembers: [{path: p, weight: a lot}]\n",
    )
    with pytest.raises(ShoptuneError) as caught:
        load(tmp_path / "top.yaml", Example)
    found = [str(problem).removeprefix(f"{tmp_path}/").rsplit(":", 1)[0] for problem in caught.value.problems]
    assert [place.split(": ")[:2] for place in found] == [
        ["top.yaml", "members[0].weight"],
        ["base.yaml", "limits.a"],
        ["top.yaml", "limits.b"],
        ["base.yaml", "optional.path"],
        ["base.yaml", "mebmers"],
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("extends: top.yaml\n", "top.yaml: extends: extends itself (top.yaml -> top.yaml); remove one `extends`"),
        (
            "extends: middle.yaml\n",
            "middle.yaml: extends: extends itself (top.yaml -> middle.yaml -> top.yaml); remove one `extends`",
        ),
        ("extends: none.yaml\n", "top.yaml: extends: no such file 'none.yaml'; use a path relative to this file"),
        ("extends: [a]\n", "top.yaml: extends: is not a file name (got ['a']); write `extends: other.yaml`"),
        ("extends: broken.yaml\n", "broken.yaml: line 2: not valid YAML (did not find expected node content)"),
    ],
)
def test_a_wrong_extends_is_named(tmp_path: Path, text: str, problem: str) -> None:
    _write(tmp_path, top=text, middle="extends: top.yaml\n", broken="base: [\n")
    with pytest.raises(ShoptuneError) as caught:
        load(tmp_path / "top.yaml", Example)
    assert str(caught.value).replace(f"{tmp_path}/", "").startswith(problem)


def test_a_folder_is_not_a_config(tmp_path: Path) -> None:
    with pytest.raises(ShoptuneError, match="is a folder, not a config file"):
        load(tmp_path, Example)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "name: a\ncount: 1\nname: b\n",
            "config.yaml: line 3: 'name' is set twice, first in line 1; keep one of the two",
        ),
        ("inner:\n  x: 1\n  x: 2\n", "config.yaml: line 3: 'x' is set twice, first in line 2; keep one of the two"),
        ("list:\n  - {y: 1, y: 1}\n", "config.yaml: line 2: 'y' is set twice, first in line 2; keep one of the two"),
    ],
)
def test_a_key_that_is_set_twice_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text)
    with pytest.raises(ShoptuneError) as caught:
        read_yaml(file)
    assert str(caught.value) == f"{tmp_path}/{expected}"


def test_a_merge_key_may_be_overridden(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("base: &base {x: 1, y: 2}\nother:\n  <<: *base\n  x: 3\n")
    assert read_yaml(file)["other"] == {"x": 3, "y": 2}


def test_merge_keys_may_be_chained_and_nested(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("a: {a: &a {x: 1}, deep: {b: &b {<<: *a, x: 2}}}\nc: {<<: *b, x: 3}\n")
    assert read_yaml(file) == {"a": {"a": {"x": 1}, "deep": {"b": {"x": 2}}}, "c": {"x": 3}}
