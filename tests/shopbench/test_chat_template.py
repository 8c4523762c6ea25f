"""The chat renderer compared with that of transformers, on the chat templates of many model families."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from shoptune.errors import ShoptuneError
from shoptune.shopbench.chat import Message
from shoptune.shopbench.chat_template import render
from shoptune.shopbench.chat_tokenizer import ChatTokenizer

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted(
    (ROOT / ".venvs" / "train").glob("lib/python*/site-packages/axolotl/utils/chat_templates/templates/*.jinja")
)
FAMILIES = (
    "chatml",
    "cohere",
    "deepseek_v3",
    "exaone4",
    "falcon_h1",
    "gemma3",
    "llama3",
    "mistral_v7_tekken",
    "phi_4",
    "qwen3",
)
QWEN2 = ROOT.parent / "shared" / "data" / "qwen2" / "tokenizer"

SYSTEM: Message = {"role": "system", "content": "You help customers."}
ASKED: Message = {"role": "user", "content": " Größe & Farbe?\n1. café <b>\n2. 'blue' \"sky\" "}
ANSWER: Message = {"role": "assistant", "content": "1,2 "}
CHATS: dict[str, list[Message]] = {
    "asked": [SYSTEM, ASKED],
    "answered": [SYSTEM, ASKED, ANSWER],
    "no system": [ASKED],
    "history": [SYSTEM, ASKED, ANSWER, ASKED],
    "reasoned": [ASKED, {"role": "assistant", "content": "<think>\nhm\n</think>\n\n2"}, ASKED],
}


def llama_like(folder: Path, template: str) -> Path:
    """A Llama-like checkpoint: its tokenizer puts <s> before every text."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

    words = {"<s>": 0, "</s>": 1, **{letter: 2 + n for n, letter in enumerate(pre_tokenizers.ByteLevel.alphabet())}}
    tokenizer = Tokenizer(models.BPE(vocab=words, merges=[]))
    tokenizer.add_special_tokens(["<s>", "</s>"])
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings | {"chat_template": template}))
    return folder


def _transformers(checkpoint: Path, arguments: dict[str, Any] | None = None) -> ChatTokenizer:
    from transformers import AutoTokenizer

    return ChatTokenizer(AutoTokenizer.from_pretrained(checkpoint), checkpoint, arguments)


def _outcome(renderer: Any) -> str:
    """The rendered chat, or the template's error message."""
    try:
        return str(renderer())
    except ShoptuneError as error:
        return f"refused: {error}"


def _assert_equal(checkpoint: Path, arguments: dict[str, Any] | None = None) -> list[str]:
    theirs = _transformers(checkpoint, arguments)
    rendered = []
    for name, chat in CHATS.items():
        expected = _outcome(lambda chat=chat: theirs.render(chat))
        assert _outcome(lambda chat=chat: render(chat, checkpoint, arguments)) == expected, name
        rendered.append(expected)
    return rendered


def test_there_are_templates_of_many_families() -> None:
    if not TEMPLATES:
        pytest.skip("the training environment, whose axolotl brings templates, is not installed")
    assert set(FAMILIES) <= {file.stem for file in TEMPLATES}


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.stem)
def test_a_familys_template_renders_as_with_transformers(file: Path, tmp_path: Path) -> None:
    rendered = _assert_equal(llama_like(tmp_path, file.read_text(encoding="utf-8")))
    assert any("Größe" in text for text in rendered)


@pytest.mark.skipif(not QWEN2.is_dir(), reason="Qwen2's tokenizer is not on this machine")
def test_the_template_of_qwen2_renders_as_with_transformers() -> None:
    rendered = _assert_equal(QWEN2)
    assert rendered[0].startswith("<|im_start|>system\nYou help customers.<|im_end|>\n<|im_start|>user\n Größe")


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ messages[1].content | tojson }}", json.dumps(ASKED["content"], ensure_ascii=False)),
        ("{{ {'b': 'ü', 'a': 1} | tojson(indent=1, sort_keys=true) }}", '{\n "a": 1,\n "b": "ü"\n}'),
        ("{% if tools is not none %}tools{% else %}none{% endif %}", "none"),
        ("{% if strftime_now is defined %}{{ strftime_now('%Y') }}{% endif %}", str(datetime.now().year)),
        ("{% for m in messages %}{% if loop.index > 1 %}{% break %}{% endif %}{{ m.role }}{% endfor %}", "system"),
        ("{% for m in messages %}{% if loop.index > 1 %}{% continue %}{% endif %}{{ m.role }}{% endfor %}", "system"),
        ("{% set x = 1 %}{% generation %}{% set x = 2 %}{{ x }}{% endgeneration %}{{ x }}", "21"),
        ("{{ bos_token }}|{{ pad_token }}|{{ pad_token is defined }}", "<s>||False"),
        ("{{ 'off' if enable_thinking is defined and not enable_thinking else 'on' }}", "off"),
    ],
)
def test_templates_can_use_the_same_features_as_in_transformers(template: str, expected: str, tmp_path: Path) -> None:
    checkpoint, arguments = llama_like(tmp_path, template), {"enable_thinking": False}
    assert render(CHATS["asked"], checkpoint, arguments) == expected
    assert _transformers(checkpoint, arguments).render(CHATS["asked"]) == expected


def test_a_template_without_system_prompts_is_a_one_line_error(tmp_path: Path) -> None:
    template = "{% if messages[0].role == 'system' %}{{ raise_exception('no system role') }}{% endif %}ok"
    checkpoint = llama_like(tmp_path, template)
    for renderer in (lambda chat: render(chat, checkpoint), _transformers(checkpoint).render):
        assert renderer(CHATS["no system"]) == "ok"
        with pytest.raises(ShoptuneError, match="chat_template: refuses the messages: no system role; use a chat"):
            renderer(CHATS["asked"])


def test_a_checkpoint_without_a_template_is_named(tmp_path: Path) -> None:
    checkpoint = llama_like(tmp_path, "")
    (checkpoint / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast"}')
    for renderer in (lambda chat: render(chat, checkpoint), _transformers(checkpoint).render):
        with pytest.raises(ShoptuneError, match="has no chat template; use an instruction-tuned base"):
            renderer(CHATS["asked"])


def test_a_chat_begins_with_one_bos_token(tmp_path: Path) -> None:
    """The template writes <s>, and the tokenizer would add another one before any text."""
    template = "{{ bos_token }}{% for m in messages %}{{ m.content }}{% endfor %}"
    tokenizer = _transformers(llama_like(tmp_path, template))
    text = tokenizer.render(CHATS["asked"])
    assert tokenizer.encode(text).count(0) == 1
    assert tokenizer._tokenizer.encode(text)[:2] == [0, 0]  # what vLLM would do with the text


def test_the_ends_are_the_tokenizers_and_the_generation_configs(tmp_path: Path) -> None:
    checkpoint = llama_like(tmp_path, "x")
    assert _transformers(checkpoint).ends == [1]
    for value, expected in ((7, [1, 7]), ([1, 9, 7], [1, 9, 7]), (None, [1])):
        (checkpoint / "generation_config.json").write_text(json.dumps({"eos_token_id": value}))
        assert _transformers(checkpoint).ends == expected
