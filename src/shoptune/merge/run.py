"""The merge stage: from a merge YAML to a merged checkpoint."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from shoptune.artifacts.manifest import Request
from shoptune.artifacts.publish import Artifact, Build, make
from shoptune.merge.config import MergeConfig
from shoptune.merge.sources import Sources
from shoptune.runtime.gc_tuning import freeze_loaded_objects
from shoptune.runtime.progress import say


@dataclass(frozen=True)
class Form:
    """What a merge is written as.

    Attributes:
        as_adapter: one PEFT adapter instead of a full checkpoint.
        rank: the rank to compress the adapter to; None keeps the summed rank.
    """

    as_adapter: bool = False
    rank: int | None = None


def request(config: MergeConfig, file: Path, form: Form) -> Request:
    """What the merge is made from."""
    return Request("merge", config.model_dump(mode="json") | asdict(form), Sources.of(config, file).inputs())


def run(config: MergeConfig, file: Path, out: Path, *, form: Form = Form(), force: bool = False) -> Artifact:
    """Merge the ensemble into the base and write a full checkpoint, or the ensemble as one adapter, with a certificate.

    Args:
        config: what to merge.
        file: where the config was read from, for errors.
        out: the artifact's directory.
        form: what to write.
        force: merge even when the artifact is up to date.

    Raises:
        ShoptuneError: an adapter does not fit the base, or a checkpoint is not as it must be.
    """
    sources = Sources.of(config, file)

    def write(build: Build) -> None:
        from shoptune.merge.adapter import write_adapter
        from shoptune.merge.certificate import sentence
        from shoptune.merge.checkpoint import write_checkpoint
        from shoptune.merge.plan import Plan
        from shoptune.merge.table import print_table

        freeze_loaded_objects()  # torch
        plan = Plan(config, sources)
        if form.as_adapter:
            write_adapter(plan, build.directory, form.rank, build.sha256)
        else:
            certificate = write_checkpoint(plan, build.directory, build.sha256)
            print_table(certificate)
            say(f"merge: {sentence(certificate, config.dtype)}")

    return make(request(config, file, form), out, write, force=force)
