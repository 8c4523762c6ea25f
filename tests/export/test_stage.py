"""The submission folder is complete, self-contained and in the challenge's layout; tests/end_to_end runs its engine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from shoptune.checkpoints.checkpoint import Checkpoint
from shoptune.errors import ShoptuneError
from shoptune.export.closure import source_files
from shoptune.export.image_files import gpu_lock
from shoptune.export.stage import SUBMISSION, Arguments, Job, load
from shoptune.infer.profile import Profile
from shoptune.shopbench.vocabulary import Track
from shoptune.stage import run


@pytest.fixture
def submission(tiny_base: Path, tmp_path: Path) -> Path:
    job = Job(Profile(), Checkpoint(tiny_base), list(Track)[2], gpu_lock(), ("someone",))
    run(SUBMISSION, job, tmp_path / "submission")
    return tmp_path / "submission"


def test_the_folder_has_the_challenges_layout(submission: Path) -> None:
    names = {str(file.relative_to(submission)) for file in submission.rglob("*") if file.is_file()}
    assert {
        ".dockerignore",
        ".gitattributes",
        "Dockerfile",
        "README.md",
        "aicrowd.json",
        "apt.txt",
        "lineage.json",
        "requirements.txt",
        "models/base_model.py",
        "models/limits.json",
        "models/user_config.py",
        "models/checkpoint/config.json",
        "models/checkpoint/model.safetensors",
        "shoptune/infer/engine.py",
    } <= names
    assert json.loads((submission / "aicrowd.json").read_text()) == {
        "challenge_id": "amazon-kdd-cup-24-user-behavior-alignment",
        "authors": ["someone"],
        "gpu": True,
        "description": "made by shoptune export",
    }
    limits = json.loads((submission / "models" / "limits.json").read_text())
    assert limits == {"seconds_per_question": 10, "seconds": 30 * 60, "questions": 2373}  # paper 001, section 4.6
    assert (submission / "requirements.txt").read_bytes() == gpu_lock().read_bytes()


def test_its_modules_import_without_this_project(submission: Path) -> None:
    """Everything except vLLM, in an interpreter that has access to the folder but to no installed shoptune."""
    code = (
        "import sys; sys.path[:] = [p for p in sys.path if '/src' not in p]; sys.meta_path[:] = "
        "[f for f in sys.meta_path if 'editable' not in repr(f).lower()]; sys.path.insert(0, '.'); "
        "import shoptune, shoptune.infer.engine, shoptune.shopbench.chat_template; "
        "from models.user_config import UserModel; print(shoptune.__file__); print(UserModel.__mro__[1].__name__)"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=submission, capture_output=True, text=True, check=True)
    file, base = result.stdout.split()
    assert Path(file).resolve() == submission / "shoptune" / "__init__.py"
    assert base == "ShopBenchBaseModel"


def test_the_few_shot_examples_are_copied(tiny_base: Path, examples: Path, tmp_path: Path) -> None:
    file = examples / "questions" / "development.json"
    profile = Profile.model_validate({"prompting": {"few_shot": {"questions": str(file)}}})
    run(SUBMISSION, Job(profile, Checkpoint(tiny_base), list(Track)[2], gpu_lock()), tmp_path / "submission")
    models = tmp_path / "submission" / "models"
    settings = json.loads((models / "profile.json").read_text())
    assert (models / settings["prompting"]["few_shot"]["questions"]).read_bytes() == file.read_bytes()


def test_features_that_a_submission_cannot_use_are_rejected(tiny_base: Path, tmp_path: Path) -> None:
    file = tmp_path / "profile.yaml"
    file.write_text("prompting: {retrieved: {rows: rows}}")
    with pytest.raises(ShoptuneError, match=r"profile\.yaml: prompting\.retrieved: cannot be used in a submission"):
        load(Arguments(file, str(tiny_base), 3))


def test_the_closure_follows_imports_inside_functions() -> None:
    files = source_files(["shoptune.infer.engine"])
    assert {"shoptune/__init__.py", "shoptune/infer/__init__.py", "shoptune/shopbench/chat.py"} <= files.keys()
    assert {f"shoptune/infer/constraints/kinds/{name}.py" for name in ("entity_bias", "ranking")} <= files.keys()
    assert not any("/merge/" in name or "/train/" in name for name in files)


def test_a_missing_checkpoint_is_named(tmp_path: Path) -> None:
    (tmp_path / "profile.yaml").write_text("batch_size: 4")
    with pytest.raises(ShoptuneError, match=r"profile\.yaml: --model: no folder 'none'"):
        load(Arguments(tmp_path / "profile.yaml", "none", 5))


def test_a_change_of_the_copied_code_makes_a_new_submission(tiny_base: Path, tmp_path: Path) -> None:
    def request(code: Path) -> object:
        job = Job(Profile(), Checkpoint(tiny_base), list(Track)[2], gpu_lock())
        job.__dict__["code"] = {"models/user_config.py": code}
        return SUBMISSION.request(job).config

    before, after = tmp_path / "before.py", tmp_path / "after.py"
    before.write_text("UserModel = 1\n")
    after.write_text("UserModel = 2\n")
    assert request(before) != request(after)
    assert request(before) == request(before)


def test_requirements_that_leave_a_version_open_are_refused(tiny_base: Path, tmp_path: Path) -> None:
    profile, lock = tmp_path / "profile.yaml", tmp_path / "lock.txt"
    profile.write_text("batch_size: 4")
    lock.write_text("torch==2.13.0  # pinned\nrich\nvllm>=0.32\n")
    with pytest.raises(ShoptuneError) as raised:
        load(Arguments(profile, str(tiny_base), 3, requirements=lock))
    assert [problem.where for problem in raised.value.problems] == ["line 2", "line 3"]
    lock.write_text("torch==2.13.0\n")
    with pytest.raises(ShoptuneError, match="does not pin vllm"):
        load(Arguments(profile, str(tiny_base), 3, requirements=lock))
    with pytest.raises(ShoptuneError, match=r"none\.txt: no such file"):
        load(Arguments(profile, str(tiny_base), 3, requirements=tmp_path / "none.txt"))
