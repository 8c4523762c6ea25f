"""A good submission passes all checks; each planted fault fails exactly the check that is meant to find it.

The submission's model is replaced by one without an engine; the real engine is checked in tests/end_to_end.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from shoptune.artifacts.manifest import MANIFEST
from shoptune.checkpoints.checkpoint import Checkpoint
from shoptune.errors import ShoptuneError
from shoptune.evaluate.stage import EVALUATE
from shoptune.evaluate.stage import Job as Evaluation
from shoptune.export.check.run import Arguments, run_checks
from shoptune.export.image_files import gpu_lock
from shoptune.export.stage import SUBMISSION, Job
from shoptune.infer.profile import Profile
from shoptune.shopbench.questions import load_questions, write_questions
from shoptune.shopbench.vocabulary import Metric, Track
from shoptune.stage import run
from tests.export.publishing import publish, record

pytestmark = pytest.mark.slow  # it runs a submission in a process of its own, again and again

_MODEL = """
from pathlib import Path

from shoptune.export.answering.defaults import default_answer
from shoptune.shopbench.classify import task_type_of


class UserModel:
    def __init__(self):
        {start}

    def get_batch_size(self):
        return 16

    def batch_predict(self, batch, is_multiple_choice):
        kinds = [task_type_of(text, is_multiple_choice=is_multiple_choice) for text in batch["prompt"]]
        answers = [default_answer(text, kind, 0) for text, kind in zip(batch["prompt"], kinds)]
        {answer}
        return answers
"""
_SECRET = "s3cr3t-of-this-very-machine"  # noqa: S105


def _write(folder: Path, name: str, text: str) -> None:
    """Write a file as if the export had."""
    (folder / name).write_text(text, encoding="utf-8")
    record(folder, name)


def _model(folder: Path, start: str = "pass", answer: str = "pass") -> None:
    _write(folder, "models/user_config.py", _MODEL.format(start=start, answer=answer))


def _edit(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    _write(folder, name, text.replace(old, new))


@pytest.fixture(scope="module")
def questions(examples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("questions") / "questions.json"
    cheap = {Metric.ACCURACY, Metric.HIT_RATE_3, Metric.NDCG, Metric.MICRO_F1}
    asked = load_questions(examples / "questions" / "development.json")
    write_questions(file, [question for question in asked if question.metric in cheap][::4])
    return file


@pytest.fixture(scope="module")
def good(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A submission whose model needs no engine; its checkpoint was made from an adapter that is still there."""
    root = tmp_path_factory.mktemp("good")
    (root / "adapter").mkdir()
    (root / "adapter" / "adapter.json").write_text("{}")
    publish(root / "adapter", "train", {})
    merged = root / "merged"
    shutil.copytree(tiny_base, merged, ignore=shutil.ignore_patterns(MANIFEST))
    publish(merged, "merge", {"adapters[0]": root / "adapter"})
    run(SUBMISSION, Job(Profile(), Checkpoint(merged), Track.ALL_AROUND, gpu_lock(), ("someone",)), root / "submission")
    _model(root / "submission")
    return root / "submission"


@pytest.fixture
def submission(good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(good, tmp_path / "submission")
    monkeypatch.setenv("SHOPTUNE_INFER_PYTHON", sys.executable)
    monkeypatch.setenv("MY_API_TOKEN", _SECRET)
    return tmp_path / "submission"


def _failed(folder: Path, **arguments: object) -> tuple[set[str], str]:
    """The checks that fail, with their messages."""
    report = folder.with_name("report.json")
    try:
        run_checks(Arguments(folder, report=report, **arguments))  # type: ignore[arg-type]
        said = ""
    except ShoptuneError as error:
        said = str(error)
    return {result["name"] for result in json.loads(report.read_text())["checks"] if result["problems"]}, said


def test_a_good_submission_passes(
    submission: Path, questions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _failed(submission, questions=questions) == (set(), "")
    printed = capsys.readouterr().err
    count = len(load_questions(questions)) + 200
    assert f"answers: ok: {count} of {count} readable" in printed
    assert "lineage: ok: 2 steps, 2 of them on this machine" in printed
    assert "  adapters[0]  train" in printed
    assert "15 checks passed" in printed
    assert not list(submission.rglob("__pycache__"))


def _link(folder: Path) -> None:
    outside = folder.with_name("outside.txt")
    outside.write_text((folder / "apt.txt").read_text())
    (folder / "apt.txt").unlink()
    (folder / "apt.txt").symlink_to(outside)


def _pickle(folder: Path) -> None:
    _write(folder, "models/checkpoint/pytorch_model.bin", "a pickle")


def _rebuilt(folder: Path) -> None:
    lineage = json.loads((folder / "lineage.json").read_text())
    lineage[1]["sha256"] = "0" * 64  # what the merge read is not what is there now
    _write(folder, "lineage.json", json.dumps(lineage))


def _other_checkpoint(folder: Path) -> None:
    _write(folder, "models/checkpoint/generation_config.json", "{}")


# A fault, the check that must find it, and a part of what it says.
_STATIC: dict[str, tuple[Callable[[Path], object], set[str], str]] = {
    "a byte of the weights differs": (
        lambda folder: _flip(folder / "models" / "checkpoint" / "model.safetensors"),
        {"digests", "lineage"},
        "differs from the manifest",
    ),
    "a file is missing": (lambda folder: (folder / "shoptune/infer/prompt.py").unlink(), {"digests"}, "is missing"),
    "a module was added by hand": (
        lambda folder: (folder / "shoptune" / "extra.py").write_text("x = 1"),
        {"digests"},
        "is not in the manifest",
    ),
    "a link leads outside": (_link, {"links"}, "outside the submission"),
    "weights are a pickle": (_pickle, {"weights", "lineage"}, "is a pickle"),
    "another checkpoint than exported": (
        _other_checkpoint,
        {"lineage"},
        "is not the checkpoint that lineage.json names",
    ),
    "an adapter was trained again": (_rebuilt, {"lineage"}, "has changed since it became the input 'adapters[0]'"),
    "another challenge": (
        lambda folder: _edit(folder, "aicrowd.json", "amazon-kdd-cup-24-all-around", "kdd-cup"),
        {"metadata"},
        "'kdd-cup' is not a track",
    ),
    "no GPU": (lambda folder: _edit(folder, "aicrowd.json", "true", "false"), {"metadata"}, "would have no GPU"),
    "a version left open": (
        lambda folder: _edit(folder, "requirements.txt", "vllm==", "vllm>="),
        {"image"},
        "does not pin a version",
    ),
    "CUDA of another version": (
        lambda folder: _edit(folder, "Dockerfile", "cuda:13.", "cuda:12."),
        {"image"},
        "has CUDA 12, but the requirements are built with CUDA 13",
    ),
    "weights inside the image": (
        lambda folder: _edit(folder, ".dockerignore", "models/checkpoint/", ""),
        {"image"},
        "does not leave out the checkpoint",
    ),
    "Git ignores a part": (
        lambda folder: (
            subprocess.run(["git", "init", "--quiet", str(folder)], check=True),  # noqa: S607
            (folder / ".gitignore").write_text("infer/\n"),
        ),
        {"git"},
        "prompt.py: is ignored by Git",
    ),
    "weights outside LFS": (
        lambda folder: _edit(folder, ".gitattributes", "*.safetensors", "*.gguf"),
        {"lfs"},
        "is not tracked by Git LFS",
    ),
    "a secret of this machine": (
        lambda folder: _edit(folder, "README.md", "# Submission", f"{_SECRET}\n# Submission"),
        {"secrets"},
        "holds the value of the environment variable MY_API_TOKEN",
    ),
    "a token": (
        lambda folder: _edit(folder, "models/profile.json", "{", '{"token": "hf_' + "x" * 34 + '",'),
        {"secrets"},
        "line 1: holds what looks like a Hugging Face token",
    ),
    "a key file": (lambda folder: _write(folder, "id_rsa", "key"), {"secrets"}, "usually holds credentials"),
}


def _flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)


@pytest.mark.parametrize("fault", _STATIC)
def test_a_fault_in_the_files_is_found(fault: str, submission: Path) -> None:
    plant, checks, what = _STATIC[fault]
    plant(submission)
    failed, said = _failed(submission)
    assert failed == checks
    assert what in said


def test_a_submission_that_is_too_large_is_found(submission: Path) -> None:
    failed, said = _failed(submission, limit_bytes=10**6)
    assert failed == {"size"}
    assert "the limit is 0.00 GB" in said


# What the model does when it starts and when it answers; the check that must find it; a part of what it says.
_DYNAMIC: dict[str, tuple[dict[str, str], set[str], str]] = {
    "it downloads": (
        {"start": "import socket; socket.socket().connect_ex(('192.0.2.1', 80))"},
        {"network"},
        "tries to reach 192.0.2.1",
    ),
    "it reads a file of this machine": (
        {"start": f"open({str(Path(__file__))!r}).close()"},
        {"reads"},
        "test_planted_faults.py: is opened by the submission, but is outside of it",
    ),
    "a module is missing": ({"start": "import shoptune.merge"}, {"network"}, "No module named 'shoptune.merge'"),
    "it raises at an odd question": (
        {"answer": "[text.encode() for text in batch['prompt']]"},
        {"answers"},
        "raises UnicodeEncodeError",
    ),
    "an answer cannot be read": (
        {"answer": "answers[0] = 'about 3' if is_multiple_choice else answers[0]"},
        {"answers", "scores"},
        "the answer 'about 3' cannot be read as multiple-choice",
    ),
    "an answer is lost": (
        {"answer": "answers = answers[: len(answers) - (len(answers) > 15)]"},
        {"answers", "scores"},
        "returns 15 answers for 16 questions",
    ),
    "it is late": (
        {"answer": "import time; time.sleep(0.2 if len(answers) == 1 else 0)"},
        {"time"},
        "a batch of 1 took",
    ),
    "it answers otherwise than before": (
        {"answer": "answers = ['9' for _ in answers] if is_multiple_choice else answers"},
        {"scores"},
        "overall.by_question: is",
    ),
}


@pytest.fixture(scope="module")
def scores(good: Path, questions: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scores by `shoptune evaluate` of the good submission's answers."""
    from shoptune.export.answering.defaults import default_answer
    from shoptune.infer.prompt import Prompt

    root = tmp_path_factory.mktemp("scores")
    prompts = [Prompt.of(question) for question in load_questions(questions)]
    lines = [
        json.dumps({"input_field": prompt.text, "prediction": default_answer(prompt.text, prompt.task_type, 0)})
        for prompt in prompts
    ]
    (root / "predictions.jsonl").write_text("\n".join(lines))
    run(EVALUATE, Evaluation(root / "predictions.jsonl", questions), root / "scores")
    return root / "scores"


@pytest.mark.parametrize("fault", _DYNAMIC)
def test_a_fault_in_the_answers_is_found(fault: str, submission: Path, questions: Path, scores: Path) -> None:
    model, checks, what = _DYNAMIC[fault]
    _model(submission, **model)
    limit = 0.1 if fault == "it is late" else 10.0
    failed, said = _failed(submission, questions=questions, scores=scores, tolerance=0.0, seconds_per_question=limit)
    assert failed == checks
    assert what in said


def test_the_scores_of_the_exported_model_are_equal(submission: Path, questions: Path, scores: Path) -> None:
    assert _failed(submission, questions=questions, scores=scores, tolerance=0.0) == (set(), "")


def test_scores_of_other_questions_are_refused(submission: Path, questions: Path, scores: Path, tmp_path: Path) -> None:
    write_questions(tmp_path / "fewer.json", load_questions(questions)[1:])
    failed, said = _failed(submission, questions=tmp_path / "fewer.json", scores=scores)
    assert failed == {"scores"}
    assert "scores other questions" in said
