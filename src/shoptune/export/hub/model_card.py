"""The card of a model: README.md with the Hub's metadata in front."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from shoptune.export.hub.kind import Kind
from shoptune.export.hub.scores import model_index, score_table
from shoptune.export.hub.training_data import Rows, data_table
from shoptune.export.lineage import Step
from shoptune.shopbench.chat import SYSTEM_PROMPT

_SHOWN = 16


@dataclass(frozen=True)
class ModelFacts:
    """The facts for a model's card.

    Attributes:
        name: the model's name on the Hub.
        kind: what the folder holds.
        license: its licence as an identifier of the Hub.
        base: the base's name on the Hub, or None if unknown.
        method: the quantization method, or empty.
        lineage: the steps that led to the weights.
        rows: the rows that it was trained on, by source.
        scores: the content of scores.json, or None.
    """

    name: str
    kind: Kind
    license: str
    base: str | None
    method: str
    lineage: Sequence[Step]
    rows: Sequence[Rows]
    scores: Mapping[str, Any] | None


def model_card(facts: ModelFacts) -> str:
    """Return the text of README.md."""
    lines = [
        *["---", yaml.safe_dump(_metadata(facts), sort_keys=False, allow_unicode=True).rstrip(), "---", ""],
        *[f"# {facts.name.rpartition('/')[2]}", "", _summary(facts), ""],
        *["## How to use it", "", *_usage(facts), ""],
        *["## Scores", "", *_scores(facts), ""],
        *["## Training data", "", *_data(facts), ""],
        *["## Lineage", "", *_lineage(facts.lineage), ""],
        *["## Intended use", "", *_INTENDED, "", "## Limits", "", *_limits(facts)],
    ]
    return "\n".join(lines) + "\n"


def _metadata(facts: ModelFacts) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "license": facts.license,
        "language": ["en", "de", "es", "fr", "it", "ja"],
        "library_name": "peft" if facts.kind is Kind.ADAPTER else "transformers",
        "pipeline_tag": "text-generation",
        "tags": ["shopping", "shopbench", "shoptune", *([facts.method] if facts.method else [])],
    }
    if facts.base:
        fields["base_model"] = facts.base
        relation = {Kind.ADAPTER: "adapter", Kind.QUANTIZED: "quantized", Kind.CHECKPOINT: "finetune"}
        fields["base_model_relation"] = relation[facts.kind]
    if facts.scores:
        fields["model-index"] = model_index(facts.name, facts.scores)
    return fields


def _summary(facts: ModelFacts) -> str:
    what = {
        Kind.ADAPTER: "A LoRA adapter",
        Kind.QUANTIZED: f"A checkpoint quantized with {facts.method}",
        Kind.CHECKPOINT: "A merged checkpoint",
    }[facts.kind]
    base = f" of [{facts.base}](https://huggingface.co/{facts.base})" if facts.base else ""
    return (
        f"{what}{base} for questions about online shopping in the format of ShopBench (Amazon KDD Cup 2024): multiple\n"
        "choice, ranking, retrieval, named entity recognition and generation. Made with shoptune."
    )


def _usage(facts: ModelFacts) -> Iterator[str]:
    prompt = SYSTEM_PROMPT.format(task_type="multiple-choice")
    yield f"The system prompt states the task type: `{prompt}` Decode greedily."
    yield ""
    yield "```python"
    if facts.kind is Kind.ADAPTER:
        yield "from peft import AutoPeftModelForCausalLM"
        yield "from transformers import AutoTokenizer"
        yield ""
        yield f'model = AutoPeftModelForCausalLM.from_pretrained("{facts.name}")'
    else:
        yield "from transformers import AutoModelForCausalLM, AutoTokenizer"
        yield ""
        yield f'model = AutoModelForCausalLM.from_pretrained("{facts.name}", dtype="auto")'
    yield f'tokenizer = AutoTokenizer.from_pretrained("{facts.name}")'
    yield "messages = ["
    yield f'    {{"role": "system", "content": "{prompt}"}},'
    yield '    {"role": "user", "content": "Which category is a kettle in?\\n0. Kitchen\\n1. Garden\\nAnswer: "},'
    yield "]"
    yield "prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)"
    yield 'inputs = tokenizer(prompt, return_tensors="pt", add_special_tokens=False)'
    yield "written = model.generate(**inputs)[0, inputs['input_ids'].shape[1] :]"
    yield "print(tokenizer.decode(written, skip_special_tokens=True))"
    yield "```"
    yield ""
    lora = f"{facts.base or 'BASE'} --enable-lora --lora-modules shoptune={facts.name}"
    yield f"With vLLM: `vllm serve {lora if facts.kind is Kind.ADAPTER else facts.name}`"


def _scores(facts: ModelFacts) -> list[str]:
    if not facts.scores:
        return ["Not measured."]
    how = (
        "Mean score per question, as ShopBench's starter kit computes each question's score, with 95% bootstrap\n"
        "intervals; questions are resampled within their task."
    )
    return [how, "", *score_table(facts.scores)]


def _data(facts: ModelFacts) -> list[str]:
    if not facts.rows:
        return ["Unknown: the data sets were not on the machine that wrote this card."]
    note = "Licences as their publishers state them. Check them before you use or share the model."
    return [note, "", *data_table(facts.rows)]


def _lineage(steps: Sequence[Step]) -> Iterator[str]:
    yield "Each artifact with its inputs below it; digests are SHA-256."
    yield ""
    yield "| artifact | made by | digest | libraries |"
    yield "|---|---|---|---|"
    for step in steps:
        libraries = ", ".join(f"{name} {version}" for name, version in step.libraries.items())
        name = f"{'&ensp;' * step.depth}{step.name}"
        yield f"| {name} | {step.stage or '–'} | `{step.sha256[:_SHOWN]}` | {libraries or '–'} |"  # noqa: RUF001


_INTENDED = (
    "Research on language models for shopping, and assistants whose answers are checked by a person or a program.",
    "The model expects questions with their context, such as a product's title or a list of candidates; it knows no",
    "current prices or stock.",
)


def _limits(facts: ModelFacts) -> Iterator[str]:
    yield "- It can be wrong, and it sounds certain when it is. Do not let it decide about people, health or safety."
    yield "- It learned from public shopping data, with their gaps and biases: mostly English, mostly one marketplace."
    yield "- Reviews and product texts are untrusted: neutralize control tokens in them, as `shoptune infer` does."
    if facts.kind is Kind.QUANTIZED:
        yield "- Quantization changes some answers; compare the scores with those of the checkpoint it was made from."
    if facts.kind is Kind.ADAPTER:
        yield "- It changes only the base named above; on another base its effect is undefined."
