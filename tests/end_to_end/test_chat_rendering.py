"""axolotl trains on the tokens that the model is asked with later."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.end_to_end.conftest import ROOT, python_in
from tests.shopbench.test_chat_template import TEMPLATES, llama_like

pytestmark = pytest.mark.slow

_TOKENIZE = """
import json, sys
from pathlib import Path
from axolotl.prompt_strategies.chat_template import load
from axolotl.utils.dict import DictDefault
from transformers import AutoTokenizer
from shoptune.shopbench.chat_tokenizer import ChatTokenizer

checkpoint, arguments = Path(sys.argv[1]), json.loads(sys.argv[2])
tokenizer = AutoTokenizer.from_pretrained(checkpoint)
dataset = {"type": "chat_template", "field_messages": "messages", "roles_to_train": ["assistant"]}
config = DictDefault({"train_on_inputs": False, "sequence_len": 4096, "datasets": [dataset],
                      "chat_template": "tokenizer_default", "chat_template_kwargs": arguments})
asked = [{"role": "user", "content": "Which?\\n0. a\\nAnswer: "}]
messages = [*asked, {"role": "assistant", "content": "0"}]
trained = load(tokenizer, config, DictDefault(dataset)).tokenize_prompt({"messages": messages})
chats = ChatTokenizer(tokenizer, checkpoint, arguments)
print(json.dumps({"trained": list(trained["input_ids"]), "ours": chats.encode(chats.render(messages)),
                  "prompt": chats.encode(chats.render(asked))}))
"""


def _tokens(checkpoint: Path, arguments: dict[str, object]) -> dict[str, list[int]]:
    tokens: dict[str, list[int]] = json.loads(
        python_in("train", _TOKENIZE, checkpoint, json.dumps(arguments)).splitlines()[-1]
    )
    return tokens


@pytest.mark.parametrize("family", ["tiny_base", "llama3", "mistral_v1"])
def test_training_sees_the_tokens_of_inference(family: str, tmp_path: Path) -> None:
    checkpoint = ROOT / "examples" / "tiny_base"
    if family != "tiny_base":
        template = next(file for file in TEMPLATES if file.stem == family).read_text(encoding="utf-8")
        checkpoint = llama_like(tmp_path, template)
    tokens = _tokens(checkpoint, {})
    assert tokens["trained"] == tokens["ours"]
    assert tokens["trained"][: len(tokens["prompt"])] == tokens["prompt"]
    assert family == "tiny_base" or tokens["trained"].count(0) == 1  # one <s>


def test_training_takes_the_templates_arguments(tmp_path: Path) -> None:
    template = (
        "{% for m in messages %}[{{ mode }} {{ m.role }}]{{ m.content }}{% endfor %}"
        "{% if add_generation_prompt %}[{{ mode }} assistant]{% endif %}"
    )
    checkpoint = llama_like(tmp_path, template)
    tokens, other = _tokens(checkpoint, {"mode": "fast"}), _tokens(checkpoint, {"mode": "slow"})
    assert tokens["trained"] == tokens["ours"] != other["ours"] == other["trained"]
