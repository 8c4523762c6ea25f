"""Fingerprints of rows, which datasets computes from all that a function refers to, such as a tokenizer."""

from __future__ import annotations

from typing import Any

from datasets.utils import _dill

# What transformers made a tokenizer from, and keeps; the tokenizer's own serialized form has both.
_REPEATED = ("_vocab", "_merges")
_pickle_tokenizer = _dill._save_transformersPreTrainedTokenizerBase


def pickle_tokenizers_once() -> None:
    """Leave out of fingerprints what a tokenizer has twice.

    datasets pickles it in Python, entry by entry: 6 s for the 300,000 entries of Qwen2's, on every rank.
    """
    _dill._save_transformersPreTrainedTokenizerBase = _save


def _save(pickler: Any, tokenizer: Any) -> None:
    attributes = tokenizer.__dict__
    repeated = {name: attributes.pop(name) for name in _REPEATED if name in attributes}
    try:
        _pickle_tokenizer(pickler, tokenizer)
    finally:
        attributes.update(repeated)
