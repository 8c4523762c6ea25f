"""A tokenizer's part in the fingerprints of rows, in the environment that trains."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.end_to_end.pipeline import python_in

pytestmark = pytest.mark.slow

_SCRIPT = """
import json, sys
from datasets.fingerprint import Hasher
from datasets.utils import _dill
from transformers import AutoTokenizer
from shoptune.train.fingerprints import pickle_tokenizers_once

def fingerprint(change=lambda tokenizer: None):
    tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
    change(tokenizer)
    attributes = set(vars(tokenizer))
    found = Hasher.hash(lambda row: tokenizer(row["text"]))
    assert set(vars(tokenizer)) == attributes
    return found, len(_dill.dumps(tokenizer))

def merge_less(tokenizer):
    state = json.loads(tokenizer.backend_tokenizer.to_str())
    del state["model"]["merges"][-1]
    tokenizer._tokenizer = type(tokenizer.backend_tokenizer).from_str(json.dumps(state))

_, before = fingerprint()
_dill.Pickler.dispatch.pop(type(AutoTokenizer.from_pretrained(sys.argv[1])))
pickle_tokenizers_once()
(first, after), (second, _) = fingerprint(), fingerprint()
changes = [
    merge_less,
    lambda tokenizer: tokenizer.add_tokens(["<new>"]),
    lambda tokenizer: setattr(tokenizer, "padding_side", "left" if tokenizer.padding_side == "right" else "right"),
    lambda tokenizer: setattr(tokenizer, "chat_template", "{{ messages }}"),
]
print(json.dumps({"same": first == second, "others": len({first, *(fingerprint(change)[0] for change in changes)}),
                  "size": after / before}))
"""


def test_everything_in_a_tokenizer_counts_but_nothing_twice(tiny_base: Path) -> None:
    found = json.loads(python_in("train", _SCRIPT, tiny_base).splitlines()[-1])
    assert found["same"]
    assert found["others"] == 5  # the usual one, and one for each change
    assert found["size"] < 0.7
