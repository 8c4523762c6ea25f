"""axolotl trains on the same tokens that are used in prompts at inference."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.end_to_end.pipeline import ROOT, python_in
from tests.shopbench.test_chat_template import TEMPLATES, llama_like

pytestmark = [pytest.mark.slow, pytest.mark.early]

_TOKENIZE = """
import json, sys
from pathlib import Path
from axolotl.prompt_strategies.chat_template import load
from axolotl.utils.dict import DictDefault
from transformers import AutoTokenizer
from shoptune.shopbench.chat_tokenizer import ChatTokenizer

dataset = {"type": "chat_template", "field_messages": "messages", "roles_to_train": ["assistant"]}
asked = [{"role": "user", "content": "Which?\\n0. a\\nAnswer: "}]
messages = [*asked, {"role": "assistant", "content": "0"}]
cases = []
for folder, arguments in json.loads(sys.argv[1]):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    config = DictDefault({"train_on_inputs": False, "sequence_len": 4096, "datasets": [dataset],
                          "chat_template": "tokenizer_default", "chat_template_kwargs": arguments})
    trained = load(tokenizer, config, DictDefault(dataset)).tokenize_prompt({"messages": messages})
    chats = ChatTokenizer(tokenizer, Path(folder), arguments)
    cases.append({"trained": list(trained["input_ids"]), "ours": chats.encode(chats.render(messages)),
                  "prompt": chats.encode(chats.render(asked))})
print(json.dumps(cases))
"""
_FAMILIES = ("llama3", "mistral_v1")


def _tokens(*cases: tuple[Path, dict[str, object]]) -> list[dict[str, list[int]]]:
    """The tokens of each checkpoint with its template's arguments, from one process."""
    listed = json.dumps([(str(checkpoint), arguments) for checkpoint, arguments in cases])
    tokens: list[dict[str, list[int]]] = json.loads(python_in("train", _TOKENIZE, listed).splitlines()[-1])
    return tokens


def test_training_sees_the_tokens_of_inference(tmp_path: Path) -> None:
    templates = {file.stem: file.read_text(encoding="utf-8") for file in TEMPLATES}
    folders = [tmp_path / family for family in _FAMILIES]
    for folder in folders:
        folder.mkdir()
    llamas = [llama_like(folder, templates[folder.name]) for folder in folders]
    tiny, *others = _tokens((ROOT / "examples" / "tiny_base", {}), *((checkpoint, {}) for checkpoint in llamas))
    for tokens in (tiny, *others):
        assert tokens["trained"] == tokens["ours"]
        assert tokens["trained"][: len(tokens["prompt"])] == tokens["prompt"]
    assert [tokens["trained"].count(0) for tokens in others] == [1, 1]  # one <s>


def test_training_uses_the_arguments_of_the_chat_template(tmp_path: Path) -> None:
    template = (
        "{% for m in messages %}[{{ mode }} {{ m.role }}]{{ m.content }}{% endfor %}"
        "{% if add_generation_prompt %}[{{ mode }} assistant]{% endif %}"
    )
    checkpoint = llama_like(tmp_path, template)
    tokens, other = _tokens((checkpoint, {"mode": "fast"}), (checkpoint, {"mode": "slow"}))
    assert tokens["trained"] == tokens["ours"] != other["ours"] == other["trained"]
