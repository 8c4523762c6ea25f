"""Publishing: artifacts are complete or absent, up to date or rebuilt, and other folders are never overwritten."""

import json
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from shoptune.artifacts import publish
from shoptune.artifacts.manifest import Request, digest
from shoptune.artifacts.publish import MEASURED, Artifact, require_space
from shoptune.errors import ShoptuneError
from shoptune.stage import Stage, run
from tests.publishing import make


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "input.txt"
    file.write_text("hello")
    return file


def _write(folder: Path) -> None:
    (folder / "a.txt").write_text("content")
    (folder / "sub").mkdir()
    (folder / "sub" / "b.txt").write_text("")


def _make(source: Path, out: Path, *, config: dict[str, object] | None = None, force: bool = False) -> Artifact:
    return make(Request("merge", config or {"x": 1}, {"source": source}), out, _write, force=force)


def test_a_manifest_records_everything(source: Path, tmp_path: Path) -> None:
    made = _make(source, tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert made.rebuilt
    assert manifest["stage"] == "merge"
    assert manifest["config"] == {"x": 1}
    # sha256 of 'hello', 'content' and nothing, from sha256sum
    hello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    assert manifest["inputs"] == {"source": {"path": str(source), "sha256": hello}}
    assert manifest["outputs"] == {
        "a.txt": {"sha256": "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73", "bytes": 7},
        "sub/b.txt": {"sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "bytes": 0},
    }
    assert manifest["versions"]["pytest"] == pytest.__version__
    assert {"git_commit", "command", "started", "finished", "seconds"} <= manifest.keys()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["input.txt", "out"]


def test_measured_figures_go_to_the_manifest(source: Path, tmp_path: Path) -> None:
    def made_at(rate: float) -> Artifact:
        def write(folder: Path) -> None:
            _write(folder)
            (folder / MEASURED).write_text(json.dumps({"rate": rate}))

        return make(Request("train", {}, {"source": source}), tmp_path / str(rate), write)

    made = [made_at(rate).manifest for rate in (1.5, 2.5)]
    assert [manifest["measured"] for manifest in made] == [{"rate": 1.5}, {"rate": 2.5}]
    assert made[0]["outputs"].keys() == {"a.txt", "sub/b.txt"}
    assert digest(tmp_path / "1.5") == digest(tmp_path / "2.5")
    assert not (tmp_path / "1.5" / MEASURED).exists()


def test_nothing_is_done_when_up_to_date(source: Path, tmp_path: Path) -> None:
    _make(source, tmp_path / "out")
    before = (tmp_path / "out" / "manifest.json").read_bytes()
    assert not _make(source, tmp_path / "out").rebuilt
    assert (tmp_path / "out" / "manifest.json").read_bytes() == before


def test_a_changed_config_or_input_or_force_rebuilds_the_artifact(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    _make(source, out)
    assert _make(source, out, config={"x": 2}).rebuilt
    source.write_text("changed")
    assert _make(source, out, config={"x": 2}).rebuilt
    assert _make(source, out, config={"x": 2}, force=True).rebuilt
    assert not _make(source, out, config={"x": 2}).rebuilt


def test_an_artifact_as_input_counts_by_its_outputs(source: Path, tmp_path: Path) -> None:
    _make(source, tmp_path / "first")
    _make(tmp_path / "first", tmp_path / "second")
    _make(source, tmp_path / "first", force=True)  # same bytes, different times
    assert not _make(tmp_path / "first", tmp_path / "second").rebuilt


def test_a_damaged_artifact_is_noticed(source: Path, tmp_path: Path) -> None:
    _make(source, tmp_path / "first")
    (tmp_path / "first" / "a.txt").write_text("cut")
    with pytest.raises(ShoptuneError, match=r"a\.txt: differs from the manifest"):
        _make(tmp_path / "first", tmp_path / "second")


def test_a_missing_input_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ShoptuneError, match="no such file or directory"):
        _make(tmp_path / "none", tmp_path / "out")


def test_foreign_folders_are_not_overwritten(source: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("")
    (tmp_path / "file").write_text("")
    make(Request("train", {}, {}), tmp_path / "other", _write)
    for name, problem in {
        "mine": "contains files that shoptune did not write",
        "file": "is a file",
        "other": "contains an artifact of stage 'train'",
    }.items():
        with pytest.raises(ShoptuneError, match=problem):
            _make(source, tmp_path / name, force=True)
    assert (tmp_path / "mine" / "thesis.tex").exists()


def test_an_empty_directory_may_be_used(source: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert _make(source, tmp_path / "out").rebuilt


def test_a_failure_leaves_the_old_artifact(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    _make(source, out)
    before = (out / "manifest.json").read_bytes()

    def fail_half_way(folder: Path) -> None:
        (folder / "a.txt").write_text("half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        make(Request("merge", {"x": 3}, {"source": source}), out, fail_half_way)
    assert (out / "manifest.json").read_bytes() == before
    assert (out / "a.txt").read_text() == "content"


def test_leftovers_are_kept_for_resuming_the_same_request_only(tmp_path: Path) -> None:
    seen: list[bool] = []

    def interrupted(folder: Path) -> None:
        seen.append((folder / "journal").exists())
        (folder / "journal").write_text("")
        raise KeyboardInterrupt

    for config, resume in [({"x": 1}, True), ({"x": 1}, True), ({"x": 2}, True), ({"x": 2}, False)]:
        with pytest.raises(KeyboardInterrupt):
            make(Request("infer", config, {}), tmp_path / "out", interrupted, resume=resume)
    assert seen == [False, True, False, False]


def test_two_processes_do_not_write_the_same_artifact(source: Path, tmp_path: Path) -> None:
    def nested(folder: Path) -> None:
        with pytest.raises(ShoptuneError, match="another process is writing to it"):
            _make(source, tmp_path / "out")

    make(Request("merge", {}, {}), tmp_path / "out", nested)


def test_a_known_digest_is_not_computed_again(tmp_path: Path) -> None:
    def write(_job: None, folder: Path) -> dict[str, str]:
        (folder / "big").write_text("x")
        return {"big": "known"}

    stage = Stage[None, None]("merge", lambda none: none, lambda _: Request("merge", {}, {}), write, lambda *_: "")
    made = run(stage, None, tmp_path / "out")
    assert made.manifest["outputs"]["big"]["sha256"] == "known"


def test_no_environment_variable_reaches_the_manifest(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    _make(source, tmp_path / "out")
    assert "hf_secret" not in (tmp_path / "out" / "manifest.json").read_text()


@pytest.mark.parametrize("moment", [0.0, 0.05, 0.2, 0.5])
def test_a_kill_leaves_the_old_artifact_or_none(tmp_path: Path, moment: float) -> None:
    """Kill -9 while many files are written and published; the next run completes."""
    script = tmp_path / "work.py"
    script.write_text(
        textwrap.dedent("""
        import sys
        from pathlib import Path
        from shoptune.artifacts.manifest import Request, fingerprint_of
        from shoptune.artifacts.publish import publish
        def write(folder):
            for number in range(400):
                (folder / str(number)).write_text("x" * 1000)
            return {}
        print("ready", flush=True)
        for round in range(100):
            request = Request("merge", {"round": round}, {})
            publish(request, fingerprint_of(request), Path(sys.argv[1]), write)
        """)
    )
    out = tmp_path / "out"
    process = subprocess.Popen([sys.executable, str(script), str(out)], stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=moment)
    process.send_signal(signal.SIGKILL)
    process.wait()
    manifest = publish.read_manifest(out)
    if manifest is not None:
        assert len(manifest["outputs"]) == 400
        publish.digest(out)  # all files exist, with the recorded size
    made = make(Request("merge", {"round": -1}, {}), out, _write)
    assert made.rebuilt
    assert sorted(file.name for file in tmp_path.iterdir()) == ["out", "work.py"]


def test_work_that_does_not_fit_the_disk_is_not_started(tmp_path: Path) -> None:
    require_space(tmp_path, 1)
    with pytest.raises(ShoptuneError, match=r"needs 1000000000\.0 GB of disk space, .+ GB are free; free some"):
        require_space(tmp_path, 10**18)


def test_too_little_disk_space_is_reported_in_megabytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(9, 9, 5_000_000))
    with pytest.raises(ShoptuneError, match=r"needs 7\.7 MB of disk space, but only 5\.0 MB are free"):
        require_space(tmp_path, 7_740_000)
