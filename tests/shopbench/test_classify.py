"""The task type is guessed from the text alone."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from shoptune.shopbench.classify import lists_options, task_type_of
from shoptune.shopbench.questions import Question, load_questions
from shoptune.shopbench.vocabulary import TaskType
from tests.data.taught import make_all
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
    taught = make_all(tmp_path / "taught")
    mixture = tmp_path / "mixtures" / "held-out.yaml"
    mixture.parent.mkdir()
    wanted = {name: 10 * phrasings for name, phrasings in held_out.items() if phrasings}
    mixture.write_text(
        yaml.safe_dump(
            {
                "tasks": wanted,
                "teacher": [folder.name for folder in taught],
                "when_short": "shrink",
                "max_rejected": 0.9,
                "near_duplicates": None,
                "limit_word_overlap": False,  # the shop's few words overlap
            }
        )
    )
    tables = [word for folder in taught for word in ("--teacher", folder)]
    run_shoptune("data", "build", mixture, "--raw", "examples/raw", *tables, "--out", tmp_path / "rows")
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
    assert wanted.keys() - {row["task_name"] for row in rows} == set()
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


TITLE = "Orvanta 2.0 Steel Kettle, 1.7 L (Pack of 2)"
# Items and reviews that hold words for ranking, and labels.
DECOYS = "\n0. red kettle 1.5 L\n1. Best of rank 7 tea, 2-pack\n2. Sort of lamp\n"
OTHERS = {
    TaskType.NAMED_ENTITY_RECOGNITION: [
        "From the query, extract the brand. Query: orvanta kettle\nOutput:",
        f"Pull out the value of the attribute 'color' in this product name: {TITLE}",
        f"Which words in the product title '{TITLE}' express the 'material'?",
        f"Spot the 'Brand' within the title '{TITLE}'.",
        f"Given the product title '{TITLE}', find the 'Capacity'.",
        f"In the title '{TITLE}', what is the 'Item Form'?",
        f"Looking at the product title '{TITLE}', which part denotes the 'Brand'?",
        f"Extract the attribute value for 'size' from the given product title. Title: {TITLE}",
        "A shopper searched for 'red steel kettle 2 l'. Extract the 'color' from the search query.",
        "Tag all brand names in the following query.\nQuery: orvanta kettle",
        f"Return the 'Material' that appears in the product title \"{TITLE}\".",
        f"Point out the 'Model' in title: '{TITLE}'.",
        f"Name the 'Brand' stated in the product title '{TITLE}'.",
        f"Read the product title '{TITLE}' and output its 'Brand'.",
        f"What does the title '{TITLE}' say about the 'capacity'?",
        "Detect the slot 'product type' in the user's query: red kettle",
        "Recognize the span of text that stands for the 'occasion' in this query: mothers day mug",
        "Extract the keyphrase of type 'audience' from the user query.\nQuery: shoes for kids",
        "Please list the phrases in the query that describe the color. Query: red kettle",
        "The query 'red kettle' has an attribute 'color'. What is its value in the query?",
    ],
    TaskType.GENERATION: [
        f"Translate the product title '{TITLE}' into 'French'.",
        f"What is the category of the product '{TITLE}'?",
        f"Which category does the product with the title '{TITLE}' belong to?",
        "Explain what the product type 'kettle' is.",
        f"Write a title for this product in Spanish: {TITLE}",
        f"Generate a search query for the product titled '{TITLE}'.",
        f"Explain why a customer who bought '{TITLE}' would also buy 'mug'.",
        "Extract a keyphrase about the aspect 'fit' from the review.\nReview: 1. good\n2. bad",
        "Review: It was late.\nAspect: delivery\nOutput one phrase from the review that covers the aspect.",
        f"Answer the question about the product '{TITLE}': is it 'dishwasher safe'?",
        "Tom reads the text of 12 parts with 10 words each. How many words does he read?",
        "List words that describe the product title 'kettle'.",
        "Elaborate on the concept 'thread count' in shopping.",
        f"Given the product title '{TITLE}', produce an English title for it.",
        "Rephrase the query 'red kettel' so that its spelling is right.",
        f"Provide the German version of the following title: '{TITLE}'.",
        "Describe the product category 'Toggle Switch'.",
        f"What would be a suitable title for '{TITLE}' in the UK store?",
        "Solve: Jane buys 3 kettles at $2 each.\n1. no tax\n2. no tip\nHow much does she pay? Explain step by step.",
        "Summarize the description:\n1. steel\n2. quiet\n3. red",
    ],
    TaskType.RETRIEVAL: [
        "Items: 0. a\n1. b\n2. c\nWhich of them go with a kettle?",
        f"Select all products that belong to 'Kettles'.{DECOYS}",
        f"Which products in the list fit the search 'kettle'? Give indices.{DECOYS}Output:",
        "Pick the aspects it mentions.\nReview: I'd rank this best.\nAspects:\n1. fit\n2. cut\nOutput:",
        f"Find three items the user will buy next.{DECOYS}",
        f"Consider the category 'Lamp Sorting' and its potential products listed below. Which ones suit?{DECOYS}",
        f"From the list, retrieve what matches the query 'tea'.{DECOYS}",
        f"Predict the next query out of the ten candidates.{DECOYS}",
    ],
    TaskType.RANKING: [
        f"Rank these by relevance to 'kettle'.{DECOYS}",
        f"Query: kettle\nProducts:{DECOYS}Sort the products from most to least relevant.",
        f"For the query 'kettle' give the order of relevance of the following, as a permutation.{DECOYS}",
        f"Reorder the list so that the most relevant product is first.{DECOYS}",
        f"Evaluate each product's relevance to the query 'kettle' and output a ranking.{DECOYS}",
        "Products: 1. a\n2. b\n3. c\n4. d\n5. e\nSequence them by descending relevance to 'kettle'.",
        f"Which order of these products reflects their relevance best? List all, most to least relevant.{DECOYS}",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("task_type", "text"), [(kind, text) for kind, texts in OTHERS.items() for text in texts])
def test_other_teams_wordings_are_recognized(task_type: TaskType, text: str) -> None:
    assert task_type_of(text, is_multiple_choice=False) is task_type


KINDS = st.sampled_from(["brand", "color", "item form", "Vehicle Type", "suggested users"])
TITLES = st.sampled_from(
    [
        *(
            "Orvanta Kids' Kettle, 1.7 L (2 Pack)",
            "Men's Title Boxing Gloves",
            "L'Orvanta 12\" pan, sort of red",
            "kettle",
        ),
        *("Best of 2024: ranked mugs", "Women's T-Shirt 'Be Nice' - Black", "Query phone 6.1 inch"),
    ]
)
ENTITY_PROMPTS = st.sampled_from(
    [
        "Extract the '{kind}' from the product title '{title}'.",
        "In the query '{title}', which words tell the '{kind}'?",
        'From the title "{title}", give the part that is the "{kind}".',
        "Locate the '{kind}' in this search query: {title}",
        "List the attribute values of type {kind} in the query.\nQuery: {title}\nOutput:",
        "Query: {title}\nPlease extract the {kind} from the query. Separate several with comma.",
        "Considering the title '{title}', choose the right '{kind}'.",
    ]
)
TEXT_PROMPTS = st.sampled_from(
    [
        "Translate the title '{title}' into German.",
        "Generate a title for '{title}' in French.\nOutput:",
        "Determine which categories the product '{title}' belongs to.",
        "Explain why a user who searched for '{title}' would want its {kind}.",
        "Review: I bought '{title}'. The query of the {kind} was great.\nExtract one keyphrase from the review.",
        "Answer the question about the product '{title}': what {kind} has it?",
    ]
)


@given(ENTITY_PROMPTS, KINDS, TITLES)
def test_a_part_of_a_title_or_query_is_an_entity(prompt: str, kind: str, title: str) -> None:
    text = prompt.format(kind=kind, title=title)
    assert task_type_of(text, is_multiple_choice=False) is TaskType.NAMED_ENTITY_RECOGNITION


@given(TEXT_PROMPTS, KINDS, TITLES)
def test_a_text_about_a_product_is_generated(prompt: str, kind: str, title: str) -> None:
    text = prompt.format(kind=kind, title=title)
    assert task_type_of(text, is_multiple_choice=False) is TaskType.GENERATION


def test_options_are_recognized_by_their_numbers(examples: Path) -> None:
    for file in ("development", "held_out"):
        for question in load_questions(examples / "questions" / f"{file}.json"):
            if question.task_type is not TaskType.MULTIPLE_CHOICE:
                assert not lists_options(question.input_field)
    assert lists_options("Which is a fruit?\n0. stone\n1. apple\nAnswer: ")
