"""The merge stage: from a merge YAML to a merged checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from shlex import quote

from shoptune.artifacts.manifest import Request
from shoptune.config import load as load_config
from shoptune.config.yaml_loader import as_yaml
from shoptune.merge.config import MergeConfig
from shoptune.merge.sources import Sources
from shoptune.parity.config import require_environments
from shoptune.runtime.gc_tuning import freeze_loaded_objects
from shoptune.runtime.progress import say
from shoptune.stage import Stage


@dataclass(frozen=True)
class Form:
    """The output format of a merge.

    Attributes:
        as_adapter: one PEFT adapter instead of a full checkpoint.
        rank: the rank to compress the adapter to; None keeps the summed rank.
    """

    as_adapter: bool = False
    rank: int | None = None


@dataclass(frozen=True)
class Arguments:
    """The arguments of `shoptune merge`: the merge YAML, its overrides, and the output format."""

    file: Path
    overrides: Sequence[str] = ()
    form: Form = Form()


@dataclass(frozen=True)
class Job:
    """The merge config, the folders of its inputs, and the output format."""

    config: MergeConfig
    sources: Sources
    form: Form = Form()


def load(arguments: Arguments) -> Job:
    """Read the merge YAML and locate its base and adapters.

    Raises:
        ShoptuneError: the YAML is invalid, or a folder is missing.
    """
    config = load_config(arguments.file, MergeConfig, arguments.overrides)
    return Job(config, Sources.of(config, arguments.file), arguments.form)


def request(job: Job) -> Request:
    """List everything that determines the merge."""
    config = job.config.model_dump(mode="json", exclude={"parity"})  # changes no weight
    return Request("merge", config | asdict(job.form), job.sources.inputs())


def environment(job: Job) -> str | None:
    """Rounding to NF4 takes bitsandbytes, which the training environment has."""
    return "train" if job.config.base_weights == "nf4" else None


def require(job: Job, _directory: Path) -> None:
    """Check that the environments of the parity gate are installed.

    Raises:
        ShoptuneError: one is missing.
    """
    if job.config.parity and not job.form.as_adapter:
        require_environments(job.config.parity)


def write(job: Job, directory: Path) -> Mapping[str, str]:
    """Write a full checkpoint, or the ensemble as one adapter, with a report of what rounding lost.

    Raises:
        ShoptuneError: an adapter does not fit the base, a checkpoint is malformed, or the parity gate is not passed.
    """
    from shoptune.merge.adapter import write_adapter
    from shoptune.merge.certificate import sentence
    from shoptune.merge.checkpoint import write_checkpoint
    from shoptune.merge.parity_forms import check_parity
    from shoptune.merge.plan import Plan
    from shoptune.merge.table import print_table

    freeze_loaded_objects()  # torch
    plan = Plan(job.config, job.sources)
    if job.form.as_adapter:
        return write_adapter(plan, directory, job.form.rank)
    certificate, sha256 = write_checkpoint(plan, directory)
    print_table(certificate)
    say(f"merge: {sentence(certificate, job.config.dtype)}")
    if job.config.parity:
        check_parity(job.config.parity, plan, job.sources.inputs(), directory)
    return sha256


def next_command(job: Job, out: Path) -> str:
    """Quantize a checkpoint; serve an adapter."""
    if job.form.as_adapter:
        return f"shoptune merge MERGE.yaml --set {quote(f'adapters=[{{path: {as_yaml(str(out))}}}]')} --out DIR"
    return f"shoptune quantize QUANTIZE.yaml --set {quote(f'model={as_yaml(str(out))}')} --out DIR"


MERGE: Stage[Arguments, Job] = Stage(
    "merge", load, request, write, next_command, environment=environment, require=require
)
