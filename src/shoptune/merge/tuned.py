"""Fully tuned checkpoints as members of an ensemble: their delta is the difference to the base."""

from __future__ import annotations

from pathlib import Path

from shoptune.checkpoints.checkpoint import Checkpoint
from shoptune.errors import fail
from shoptune.merge.changes import Change, Member, WholeChange
from shoptune.merge.tied import OUTPUT, with_tied_output


def is_checkpoint(path: Path) -> bool:
    """Whether a folder is a whole checkpoint rather than an adapter."""
    return (path / "config.json").is_file() and not (path / "adapter_config.json").is_file()


def load_tuned(path: Path, base: Checkpoint) -> Member:
    """Open a fully tuned checkpoint and check that it has the weights of a base; none is read yet.

    Raises:
        ShoptuneError: it is quantized, or has other weights than the base.
    """
    tuned = Checkpoint(path)
    tuned.refuse_quantized()
    if tuned.ties_embeddings != base.ties_embeddings:
        what = f"is {tuned.ties_embeddings}, and {base.ties_embeddings} in the base"
        raise fail(path / "config.json", "tie_word_embeddings", what, "merge it into its own base")
    ours, theirs = _weights(base), _weights(tuned)
    if ours != theirs:
        count, example = len(ours ^ theirs), min(ours ^ theirs)
        what = f"{count} weights are in one of it and {base.path} only, such as {example}"
        raise fail(path, "", what, "merge it into its own base")
    targets: dict[str, Change] = {}
    for name in ours:
        if tuned.tensors[name].shape != base.tensors[name].shape:
            shapes = (" x ".join(map(str, each.tensors[name].shape)) for each in (tuned, base))
            what = "is {}, the base's weight is {}".format(*shapes)
            raise fail(path, name, what, "merge it into its own base")
        if base.tensors[name].dtype.is_floating_point:
            targets[name] = WholeChange(tuned.tensors[name])
    return Member(path, with_tied_output(targets, base))


def _weights(checkpoint: Checkpoint) -> set[str]:
    """The names of its weights, without a copy of a tied one and without what older versions of transformers saved."""
    tied = {OUTPUT} if checkpoint.ties_embeddings else set()
    return {name for name in checkpoint.tensors.keys() - tied if not name.endswith(".rotary_emb.inv_freq")}
