"""Changes of an embedding and an output layer that share one weight."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from shoptune.checkpoints.checkpoint import Checkpoint
from shoptune.errors import fail
from shoptune.merge.changes import Change, RowsChange, same_when_tied

EMBEDDING = "model.embed_tokens.weight"
OUTPUT = "lm_head.weight"
_OTHER = {EMBEDDING: "output layer", OUTPUT: "embedding"}


def resolve_tied(path: Path, targets: Mapping[str, Change], base: Checkpoint) -> Mapping[str, Change]:
    """The changes of an adapter, where those of a tied weight are one change.

    PEFT keeps both sides tied with `ensure_weight_tying`, and always for trained tokens.

    Args:
        path: the adapter, for errors.
        targets: its changes by the name of the weight.
        base: the checkpoint to merge into.

    Raises:
        ShoptuneError: the adapter changes one side of a tied weight, or both differently.
    """
    changed = [name for name in _OTHER if name in targets]
    if not base.ties_embeddings or not changed:
        return targets
    if len(changed) == len(_OTHER):
        if not same_when_tied(targets[EMBEDDING], targets[OUTPUT]):
            what = "differs from the change of the output layer, and this base ties the two"
            raise fail(path, EMBEDDING, what, "train with peft_ensure_weight_tying: true, or untie the base")
    elif not isinstance(targets.get(EMBEDDING), RowsChange):
        what = f"changes a weight that this base ties to its {_OTHER[changed[0]]}"
        raise fail(path, changed[0], what, "train with peft_ensure_weight_tying: true, or untie the base")
    return with_tied_output(targets, base)


def with_tied_output(targets: Mapping[str, Change], base: Checkpoint) -> Mapping[str, Change]:
    """The changes with that of a tied embedding for the output layer too, if the base has a tensor of it."""
    if not base.ties_embeddings or EMBEDDING not in targets:
        return targets
    others = {name: change for name, change in targets.items() if name != OUTPUT}
    return others | ({OUTPUT: others[EMBEDDING]} if OUTPUT in base.tensors else {})
