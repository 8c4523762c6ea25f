"""vLLM's own structured output takes the schemas of the shipped recipes, and constrains answers to them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.pipeline import python_in
from tests.teach.shipped import RECIPES, examples

_CHECK = """
import json, sys
from transformers import AutoTokenizer
from vllm import SamplingParams
from vllm.sampling_params import StructuredOutputsParams
from vllm.v1.structured_output.backend_xgrammar import validate_xgrammar_grammar
import xgrammar

if __name__ == "__main__":
    tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
    compiler = xgrammar.GrammarCompiler(xgrammar.TokenizerInfo.from_huggingface(tokenizer))
    accepted = {}
    for name, (schema, texts) in json.loads(sys.argv[2]).items():
        validate_xgrammar_grammar(SamplingParams(structured_outputs=StructuredOutputsParams(json=schema)))
        grammar = compiler.compile_json_schema(json.dumps(schema))
        accepted[name] = []
        for text in texts:
            matcher = xgrammar.GrammarMatcher(grammar, terminate_without_stop_token=True)
            accepted[name].append(matcher.accept_string(text) and matcher.is_terminated())
    print(json.dumps(accepted))
"""
_GOOD: dict[str, list[dict[str, Any]]] = {
    name: [*examples(recipe)] or [{"phrasings": [{"phrasing": "{{ title }}\n{{ options }}\nAnswer: "}]}]
    for name, recipe in RECIPES.items()
}
_BAD: dict[str, list[Any]] = {
    "concepts": [{"explanation": "x" * 501}, {"explanation": 3}, {}],
    "judge": [{**_GOOD["judge"][0], "correctness": 6}, {**_GOOD["judge"][0], "difficulty": 0}],
    "normalization": [{"names": [{"name": "couch"}] * 5}, {"names": ["couch"]}, {"names": [{"name": "x" * 41}]}],
    "phrasings": [{"phrasings": []}, {"phrasings": [{"phrasing": "{{ title }} and what?"}] * 13}],
    "product_types": [{"product_type": "x" * 41}, {"product_type": "mug", "color": "red"}, ["mug"]],
    "rationales": [{"rationale": "So|1"}, {"rationale": "x" * 420 + "|1"}, {"rationale": 1}],
    "review_aspects": [
        {"aspects": [{"aspect": "fit", "sentiment": "mixed", "keyphrase": "fits"}]},
        {"aspects": [{"aspect": "fit", "sentiment": "neutral"}]},
        {"aspects": _GOOD["review_aspects"][0]["aspects"] * 2},
    ],
}


@pytest.mark.slow
def test_every_schema_constrains_answers_in_vllm(tiny_base: Path) -> None:
    cases = {name: [recipe.answer, list(map(json.dumps, _GOOD[name] + _BAD[name]))] for name, recipe in RECIPES.items()}
    accepted = json.loads(python_in("infer", _CHECK, tiny_base, json.dumps(cases)).splitlines()[-1])
    assert accepted == {name: [True] * len(_GOOD[name]) + [False] * len(_BAD[name]) for name in RECIPES}
