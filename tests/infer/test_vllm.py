"""The behavior of the installed vLLM that shoptune relies on."""

from __future__ import annotations

import ast
import json
import shutil
from pathlib import Path

import pytest

from shoptune.infer.constraints.constraint import MAX_LOGIT_BIAS
from tests.end_to_end.pipeline import python_in

ROOT = Path(__file__).parents[2]
_SAMPLER = "lib/python*/site-packages/vllm/v1/worker/gpu/sample/logit_bias.py"


def test_the_limit_of_a_bias_is_vllms() -> None:
    files = list((ROOT / ".venvs" / "infer").glob(_SAMPLER))
    if not files:
        pytest.skip("the inference environment is not installed")
    assigned = {
        node.targets[0].id: node.value.value
        for node in ast.parse(files[0].read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        if isinstance(node.value, ast.Constant)
    }
    assert assigned["MAX_NUM_LOGIT_BIAS_TOKENS"] == MAX_LOGIT_BIAS


_ASK = """
import json, sys
from pathlib import Path
from shoptune.infer.engine import Engine
from shoptune.infer.profile import Profile
from shoptune.infer.prompt import Prompt

if __name__ == "__main__":
    settings = {"dtype": "float32", "max_model_len": 512, "enforce_eager": True, "cpu_kv_cache_gib": 1}
    engine = Engine(Path(sys.argv[1]), Profile.model_validate({"engine": settings}))
    seen, generate = [], engine._llm.generate
    def recorded(*arguments, **named):
        outputs = generate(*arguments, **named)
        seen.extend(output.prompt_token_ids for output in outputs)
        return outputs
    engine._llm.generate = recorded
    engine.answer([Prompt("Explain the product type kettle")])
    text = generate(["Explain"], use_tqdm=False)[0].prompt_token_ids
    print(json.dumps({"asked": seen[0], "text": text}))
"""


@pytest.mark.slow
@pytest.mark.early
def test_a_prompt_has_one_bos_token(tiny_base: Path, tmp_path: Path) -> None:
    """With a tokenizer that adds a token before every text, as Llama 3's does, and a template that writes it too."""
    checkpoint = tmp_path / "checkpoint"
    shutil.copytree(tiny_base, checkpoint)
    file = checkpoint / "tokenizer.json"
    tokenizer = json.loads(file.read_text(encoding="utf-8"))
    bos = next(token for token in tokenizer["added_tokens"] if token["content"] == "<|endoftext|>")
    special = {"id": bos["content"], "ids": [bos["id"]], "tokens": [bos["content"]]}
    tokenizer["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": bos["content"], "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {bos["content"]: special},
    }
    file.write_text(json.dumps(tokenizer), encoding="utf-8")
    settings = json.loads((checkpoint / "tokenizer_config.json").read_text(encoding="utf-8"))
    settings |= {"bos_token": bos["content"], "tokenizer_class": "PreTrainedTokenizerFast"}
    settings["chat_template"] = "{{ bos_token }}" + settings["chat_template"]
    (checkpoint / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    printed = json.loads(python_in("infer", _ASK, checkpoint).splitlines()[-1])
    assert printed["text"][0] == bos["id"]  # the tokenizer does add it to a text
    assert printed["asked"][0] == bos["id"]
    assert printed["asked"].count(bos["id"]) == 1


_CLOSE = """
import sys
from pathlib import Path
from shoptune.infer.engine import Engine
from shoptune.infer.profile import Profile
from shoptune.infer.prompt import Prompt

def gibibytes():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 2**20

if __name__ == "__main__":
    settings = {"dtype": "float32", "max_model_len": 512, "enforce_eager": True, "cpu_kv_cache_gib": 1}
    profile, prompt = Profile.model_validate({"engine": settings}), Prompt("Explain the product type kettle")
    first = Engine(Path(sys.argv[1]), profile)
    answer, before = first.answer([prompt])[0].text, gibibytes()
    first.close()
    print(before - gibibytes(), Engine(Path(sys.argv[1]), profile).answer([prompt])[0].text == answer)
"""


@pytest.mark.slow
@pytest.mark.early
def test_a_closed_engine_frees_its_memory_for_the_next_one(tiny_base: Path) -> None:
    freed, same = python_in("infer", _CLOSE, tiny_base).split()[-2:]
    assert float(freed) > 0.9
    assert same == "True"
