"""Export questions as a task group for lm-evaluation-harness."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from shoptune.artifacts.manifest import Request
from shoptune.errors import fail
from shoptune.infer.profile import TokenLimits
from shoptune.shopbench import parsers
from shoptune.shopbench.questions import Question, load_questions, write_questions
from shoptune.stage import Stage

GROUP = "shopbench"
_VERSION = 1
_CODE = Path(__file__).with_name("harness_files") / "shopbench.py"

_TASK = """\
# lm_eval --include_path DIR --tasks {task} --apply_chat_template --model hf --model_args pretrained=CHECKPOINT
task: {task}
custom_dataset: !function shopbench.questions
dataset_kwargs: {{task_name: {name}}}
test_split: test
output_type: generate_until
description: "{{{{system}}}}"
doc_to_text: prompt
doc_to_target: answer
generation_kwargs: {{until: ["<|im_end|>"], do_sample: false, max_gen_toks: {limit}}}
process_results: !function shopbench.process_results
metric_list:
  - {{metric: task_score, aggregation: !function shopbench.task_score, higher_is_better: true}}
  - {{metric: question_score, aggregation: mean, higher_is_better: true}}
  - {{metric: parse_failure, aggregation: mean, higher_is_better: false}}
metadata: {{version: {version}}}
"""

_GROUP_YAML = """\
# lm_eval --include_path DIR --tasks {group} --apply_chat_template --model hf --model_args pretrained=CHECKPOINT
# In shoptune's scores.json, task_score (mean over tasks) is `overall.by_task`; question_score is `overall.by_question`.
group: {group}
task: {tasks}
aggregate_metric_list:
  - {{metric: task_score, aggregation: mean, weight_by_size: false}}
  - {{metric: question_score, aggregation: mean, weight_by_size: true}}
  - {{metric: parse_failure, aggregation: mean, weight_by_size: true}}
metadata: {{version: {version}}}
"""


@dataclass(frozen=True)
class Job:
    """The questions to export: a file in the development format."""

    questions: Path


def load(job: Job) -> Job:
    """Return the job as it is: the command line already specifies it completely."""
    return job


def request(job: Job) -> Request:
    """List everything that determines the task group: the versions of the format and the parsers, and the questions."""
    return Request("export", {"lm-eval": _VERSION, "parsers": parsers.VERSION}, {"questions": job.questions})


def write(job: Job, directory: Path) -> Mapping[str, str]:
    """Write a folder for `lm_eval --include_path`: a YAML per task, a YAML for the group, questions and scoring code.

    Raises:
        ShoptuneError: the questions are malformed, or two tasks would get the same name in the harness.
    """
    asked = load_questions(job.questions)
    tasks = _tasks(asked, job.questions)
    for task, first in tasks.items():
        limit = TokenLimits().of(first.task_type)
        name = json.dumps(first.task_name)
        text = _TASK.format(task=task, name=name, limit=limit, version=_VERSION)
        (directory / f"{task}.yaml").write_text(text, encoding="utf-8")
    group = _GROUP_YAML.format(group=GROUP, tasks=json.dumps(list(tasks)), version=_VERSION)
    (directory / f"{GROUP}.yaml").write_text(group, encoding="utf-8")
    write_questions(directory / "questions.json", asked)
    shutil.copyfile(_CODE, directory / _CODE.name)
    return {}


def next_command(_job: Job, out: Path) -> str:
    """Return the command that runs the tasks."""
    return f"lm_eval --include_path {quote(str(out))} --tasks {GROUP} --apply_chat_template --model hf ..."


LM_EVAL: Stage[Job, Job] = Stage("export", load, request, write, next_command)


def _tasks(questions: list[Question], file: Path) -> Mapping[str, Question]:
    """Return the first question of each task, keyed by the task's name in the harness."""
    tasks: dict[str, Question] = {}
    for question in questions:
        name = f"{GROUP}_{re.sub(r'[^a-z0-9]+', '_', question.task_name.lower())}"
        if tasks.setdefault(name, question).task_name != question.task_name:
            what = f"tasks '{tasks[name].task_name}' and '{question.task_name}' would both be called '{name}'"
            raise fail(file, "task_name", what, "rename one of them")
    return tasks
