"""The states of artifacts, and what was made from what."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from shoptune.artifacts.manifest import MANIFEST, Request
from shoptune.runtime.progress_file import published
from shoptune.studio.reading.layout import HEIGHT, layout_of
from shoptune.studio.reading.pipeline import Node, Pipeline, State, command_line, pipeline_of
from shoptune.studio.run_folder import RunFolder
from tests.publishing import make


def _publish(run: Path, name: str, stage: str, inputs: dict[str, Path], text: str = "x") -> None:
    """Publish an artifact whose command names its folder relative to the project, as users do."""
    make(Request(stage, {"text": text}, inputs), run / name, lambda out: (out / "text").write_text(text))
    file = run / name / MANIFEST
    manifest = json.loads(file.read_text())
    manifest["command"] = ["shoptune", stage, "config.yaml", "--out", f"runs/demo/{name}"]
    for entry in manifest["inputs"].values():
        entry["path"] = entry["path"].replace(str(run), "runs/demo")
    file.write_text(json.dumps(manifest))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows, an adapter, a merged model, and scores of it; the folder was named runs/demo when they were made."""
    folder = tmp_path_factory.mktemp("pipeline") / "run"
    (folder.parent / "raw.csv").write_text("raw")
    _publish(folder, "data-a", "data", {"raw": folder.parent / "raw.csv"})
    _publish(folder, "adapter-a", "train", {"rows": folder / "data-a"})
    _publish(folder, "merged", "merge", {"adapters[0]": folder / "adapter-a"})
    _publish(folder, "scores/merged", "evaluate", {"predictions": folder / "merged" / "text"})
    return folder


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    """A copy of that run, to change."""
    folder = tmp_path / "moved"
    shutil.copytree(made, folder)
    (tmp_path / "raw.csv").write_text("raw")
    manifest = folder / "data-a" / MANIFEST
    manifest.write_text(manifest.read_text().replace(str(made.parent), str(tmp_path)))
    return folder


def _states(run: Path) -> dict[str, str]:
    return {name: node.state.value for name, node in pipeline_of(RunFolder.open(run)).nodes.items()}


def test_everything_is_current_after_a_run(run: Path) -> None:
    assert _states(run) == dict.fromkeys(["data-a", "adapter-a", "merged", "scores/merged"], "current")


def test_lineage(run: Path) -> None:
    pipeline = pipeline_of(RunFolder.open(run))
    assert pipeline.upstream("merged") == {"adapter-a", "data-a"}
    assert pipeline.downstream("adapter-a") == {"merged", "scores/merged"}
    assert pipeline.upstream("data-a") == set()
    assert pipeline.nodes["merged"].command == "shoptune merge config.yaml --out runs/demo/merged"


def test_what_was_made_from_a_rebuilt_artifact_is_stale(run: Path) -> None:
    _publish(run, "adapter-a", "train", {"rows": run / "data-a"}, "other bytes")
    nodes = pipeline_of(RunFolder.open(run)).nodes
    states = {name: node.state.value for name, node in nodes.items()}
    assert states == {"data-a": "current", "adapter-a": "current", "merged": "stale", "scores/merged": "stale"}
    assert nodes["merged"].reasons == ("runs/demo/adapter-a has changed",)
    assert nodes["scores/merged"].reasons == ("merged is stale",)


def test_a_changed_raw_file_is_noticed(run: Path) -> None:
    (run.parent / "raw.csv").write_text("changed")
    assert _states(run)["data-a"] == "stale"


def test_a_folder_inside_an_artifact_is_compared_as_a_whole(run: Path) -> None:
    def tables(out: Path) -> None:
        (out / "esci").mkdir()
        (out / "esci" / "products.parquet").write_bytes(b"products")

    make(Request("ingest", {}, {}), run / "tables", tables)
    make(
        Request("data", {}, {"tables/esci": run / "tables" / "esci"}),
        run / "data-b",
        lambda out: out.mkdir(exist_ok=True),
    )
    assert (_states(run)["tables"], _states(run)["data-b"]) == ("current", "current")
    (run / "tables" / "esci" / "products.parquet").write_bytes(b"others")
    assert _states(run)["data-b"] == "stale"


def test_a_removed_artifact_is_missing(run: Path) -> None:
    (run / "adapter-a").rename(run.parent / "elsewhere")
    nodes = pipeline_of(RunFolder.open(run)).nodes
    assert nodes["adapter-a"].state is State.MISSING
    assert nodes["merged"].reasons == ("runs/demo/adapter-a is missing",)


def test_a_stage_that_works_is_running(run: Path) -> None:
    staging = run / "awq.partial"
    staging.mkdir()
    about = {
        "stage": "quantize",
        "command": ["shoptune", "quantize", "q.yaml"],
        "inputs": {"model": str(run / "merged")},
    }
    with published(staging, about):
        node = pipeline_of(RunFolder.open(run)).nodes["awq"]
        assert (node.state, node.stage, node.done) == (State.RUNNING, "quantize", 0)
        assert node.command == "shoptune quantize q.yaml"
        assert pipeline_of(RunFolder.open(run)).upstream("awq") == {"merged", "adapter-a", "data-a"}
    assert _states(run)["awq"] == "interrupted"


def test_a_config_that_is_newer_makes_an_artifact_stale(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(run.parent)
    (run.parent / "config.yaml").write_text("a: 1")
    os.utime(run.parent / "config.yaml", (0, 0))
    assert _states(run)["merged"] == "current"
    os.utime(run.parent / "config.yaml")
    os.utime(run / "merged" / MANIFEST, (1, 1))
    assert pipeline_of(RunFolder.open(run)).nodes["merged"].reasons == ("config.yaml is newer",)


def test_commands_are_quoted() -> None:
    assert command_line(["/x/__main__.py", "merge", "--set", "a=[b c]"]) == "shoptune merge --set 'a=[b c]'"
    assert command_line([]) == ""


def test_nodes_are_below_those_that_they_were_made_from(run: Path) -> None:
    layout = layout_of(pipeline_of(RunFolder.open(run)))
    assert set(layout.edges) == {("data-a", "adapter-a"), ("adapter-a", "merged"), ("merged", "scores/merged")}
    for source, target in layout.edges:
        assert layout.places[source][1] + HEIGHT < layout.places[target][1]
    assert layout.height == layout.places["scores/merged"][1] + HEIGHT
    places = list(layout.places.values())
    assert len(set(places)) == len(places)


def test_an_empty_pipeline_has_a_layout() -> None:
    assert layout_of(Pipeline()).places == {}
    alone = layout_of(Pipeline({"x": Node("x", "unknown", State.CURRENT)}))
    assert alone.places == {"x": (0, 0)}
