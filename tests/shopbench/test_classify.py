"""The task type guessed from the text alone."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from shoptune.shopbench.classify import task_type_of
from shoptune.shopbench.questions import Question, load_questions
from shoptune.shopbench.vocabulary import TaskType
from tests.end_to_end.pipeline import run_shoptune


def _guess(question: Question) -> TaskType:
    return task_type_of(question.input_field, is_multiple_choice=question.is_multiple_choice)


def test_all_real_questions_are_recognized(development: Path) -> None:
    for question in load_questions(development):
        assert _guess(question) is question.task_type, question.input_field


@pytest.mark.parametrize("name", ["development", "held_out"])
def test_all_made_up_questions_are_recognized(name: str, examples: Path) -> None:
    for question in load_questions(examples / "questions" / f"{name}.json"):
        assert _guess(question) is question.task_type, question.input_field


@pytest.mark.slow
def test_phrasings_that_it_was_not_written_for_are_recognized(root: Path, tmp_path: Path) -> None:
    """Rows in every phrasing of every recipe, but for the one that each task shares with the development questions.

    The rules were written looking at those alone: where a recipe is like a development task, its first phrasing is that
    task's.
    """
    held_out: dict[str, int] = {}
    for file in sorted((root / "data_recipes").glob("*.yaml")):
        recipe = yaml.safe_load(file.read_text(encoding="utf-8"))
        for task in recipe["tasks"]:
            task["prompts"] = task["prompts"][task["like"] != "none" :]
            held_out[task["name"]] = len(task["prompts"])
        recipe["tasks"] = [task for task in recipe["tasks"] if task["prompts"]]
        (tmp_path / file.name).write_text(yaml.safe_dump(recipe, sort_keys=False), encoding="utf-8")
    mixture = tmp_path / "mixtures" / "held-out.yaml"
    mixture.parent.mkdir()
    wanted = {name: 10 * phrasings for name, phrasings in held_out.items() if phrasings}
    mixture.write_text(
        yaml.safe_dump({"tasks": wanted, "when_short": "shrink", "max_rejected": 0.9, "near_duplicates": None})
    )
    run_shoptune("data", "build", mixture, "--raw", "examples/raw", "--out", tmp_path / "rows")
    columns = ["input_field", "task_type", "is_multiple_choice", "task_name"]
    rows = [
        row
        for file in (tmp_path / "rows").glob("*.parquet")
        for row in pq.read_table(file, columns=columns).to_pylist()
    ]
    wrong = [
        row
        for row in rows
        if task_type_of(row["input_field"], is_multiple_choice=row["is_multiple_choice"]) != row["task_type"]
    ]
    assert {row["task_name"] for row in rows} == wanted.keys()
    assert len(rows) >= 0.5 * sum(wanted.values())
    assert len(wrong) <= 0.005 * len(rows), wrong[:3]


LIST = "\n1. kettle, steel\n2. sock, wool\n3. lamp, glass\n"
UNSEEN = {
    TaskType.RANKING: [
        f"Arrange these products by how well they answer the query 'warm sock'.{LIST}Result:",
        f"Put the items below in order of relevance to 'warm sock'.{LIST}",
        f"Prioritise the following offers for the customer.{LIST}",
        f"List the products from the most to the least relevant one.{LIST}",
        f"Order all five candidates, most relevant product first.{LIST}",
        f"How would you sort the results for 'warm sock'?{LIST}Give the sorted numbers.",
        f"Return the numbers in descending order of relevance.{LIST}",
    ],
    TaskType.RETRIEVAL: [
        f"Pick the three products that the customer will most likely click next.{LIST}",
        f"The customer ordered a kettle. Which three of these would she buy next?{LIST}",
        f"A user has viewed, in this order: a mug; a kettle. Select what the user will view next.{LIST}",
        f"Choose three snippets that praise the comfort.{LIST}Numbers only:",
        f"Find the items that belong to the query 'warm sock'.{LIST}",
        f"Which of these were bought together with a lamp? Name 3.{LIST}",
    ],
    TaskType.NAMED_ENTITY_RECOGNITION: [
        "Do named-entity recognition for 'color' on this query: red steel kettle",
        "List every entity of type brand that the title mentions: Orvanta steel kettle",
        "Which words of the title name the material? Title: Orvanta steel kettle",
        "Give the spans in the text that are a product type. Text: red steel kettle",
        "Copy the phrases in the query that tell the audience. Query: running shoe for kids",
    ],
    TaskType.GENERATION: [
        "Translate the title into German: red steel kettle",
        "Summarize this review in one phrase: It arrived late, but I would order it again.",
        "Write a title for a product with these features:\n1. made of steel",
        "What would a customer type who looks for this product? Orvanta steel kettle",
        "Was hält Kaffee warm?",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("task_type", "text"), [(kind, text) for kind, texts in UNSEEN.items() for text in texts])
def test_other_wordings_are_recognized(task_type: TaskType, text: str) -> None:
    assert task_type_of(text, is_multiple_choice=False) is task_type


@pytest.mark.parametrize(
    ("text", "task_type"),
    [
        ("Select 3 of these.\n1. a ranking game\n2. b", TaskType.RETRIEVAL),  # an item's words do not decide
        ("Rank these.\n1) a\n2) b", TaskType.RANKING),
        ("Extract the keyphrase from the review.", TaskType.GENERATION),
        ("Extract entities of type brand from the text.", TaskType.NAMED_ENTITY_RECOGNITION),
        ("Tell me a joke.", TaskType.GENERATION),  # when unsure
        ("", TaskType.GENERATION),
    ],
)
def test_the_instruction_decides(text: str, task_type: TaskType) -> None:
    assert task_type_of(text, is_multiple_choice=False) is task_type


def test_a_flagged_question_is_multiple_choice_whatever_it_says() -> None:
    assert task_type_of("Rank these.\n1. a\n2. b", is_multiple_choice=True) is TaskType.MULTIPLE_CHOICE
