"""The convert stage: turns the pickled weights of a checkpoint or an adapter into safetensors."""

from __future__ import annotations

import fnmatch
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from shoptune.artifacts.manifest import MANIFEST, Request
from shoptune.artifacts.publish import require_space
from shoptune.checkpoints.checkpoint import INDEX, PICKLES, read_json
from shoptune.checkpoints.tensor_file import sort_metadata
from shoptune.errors import fail
from shoptune.stage import Stage

_WEIGHTS = ("pytorch_model*.bin", "model*.bin", "adapter_model.bin")
_INDEX = "pytorch_model.bin.index.json"
_REFUSED = 3
# Runs in isolation, without shoptune's modules and environment variables; prints the current file.
_CONVERT = f"""
import pickle, sys
import torch
from safetensors.torch import save_file

def convert(source, target):
    seen, tensors = set(), {{}}
    for name, tensor in torch.load(source, map_location="cpu", weights_only=True).items():
        storage = tensor.untyped_storage().data_ptr()  # safetensors stores no tensor inside another
        tensors[name] = tensor.clone().contiguous() if storage in seen else tensor.contiguous()
        seen.add(storage)
    save_file(tensors, target, metadata={{"format": "pt"}})

for number, source in enumerate(sys.argv[1::2]):
    print(number)
    try:
        convert(source, sys.argv[2 * number + 2])
    except pickle.UnpicklingError as error:
        print(str(error).splitlines()[0], file=sys.stderr)
        sys.exit({_REFUSED})
"""


@dataclass(frozen=True)
class Job:
    """The checkpoint or adapter to convert.

    Attributes:
        folder: a checkpoint or an adapter.
        weights: its pickled weights.
    """

    folder: Path
    weights: tuple[Path, ...]


def load(folder: Path) -> Job:
    """Look for pickled weights in a folder.

    Raises:
        ShoptuneError: there is no such folder, or no pickled weights in it.
    """
    if not folder.is_dir():
        raise fail(folder, "", "no such folder", "name the folder of a checkpoint or an adapter")
    weights = [file for file in sorted(folder.iterdir()) if _matches(file.name, _WEIGHTS)]
    if not weights:
        raise fail(folder, "", f"contains no pickled weights ({', '.join(_WEIGHTS)})", "use it without conversion")
    return Job(folder, tuple(weights))


def request(job: Job) -> Request:
    """List everything that determines the converted checkpoint."""
    return Request("convert", {}, {"folder": job.folder})


def write(job: Job, directory: Path) -> Mapping[str, str]:
    """Convert the files in a separate process, and copy the configs and the tokenizer.

    Raises:
        ShoptuneError: a file holds more than tensors, or cannot be read.
    """
    require_space(directory, sum(file.stat().st_size for file in job.weights))
    _convert({file: directory / safetensors_name(file.name) for file in job.weights})
    for file in sorted(job.folder.iterdir()):
        kept = file.is_file() and not _matches(file.name, PICKLES) and file.suffix not in {".bin", ".safetensors"}
        if kept and file.name not in {_INDEX, INDEX, MANIFEST}:
            (directory / file.name).write_bytes(file.read_bytes())
    if (job.folder / _INDEX).is_file():
        index = dict(read_json(job.folder / _INDEX))
        index["weight_map"] = {name: safetensors_name(file) for name, file in index["weight_map"].items()}
        (directory / INDEX).write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")
    return {}


def next_command(job: Job, out: Path) -> str:
    """Return the command that uses the result."""
    if (job.folder / "adapter_config.json").is_file():
        return f"shoptune merge MERGE.yaml --set {quote(f'adapters=[{{path: {out}}}]')} --out DIR"
    return f"shoptune infer PROFILE.yaml --model {quote(str(out))} --questions FILE --out DIR"


CONVERT: Stage[Path, Job] = Stage("convert", load, request, write, next_command)


def safetensors_name(name: str) -> str:
    """Return the name of a converted weight file: `pytorch_model-00001-of-00002.bin` becomes `model-...`."""
    return name.removeprefix("pytorch_").removesuffix(".bin") + ".safetensors"


def _convert(files: Mapping[Path, Path]) -> None:
    named = [str(path.absolute()) for pair in files.items() for path in pair]
    result = subprocess.run(
        [sys.executable, "-I", "-c", _CONVERT, *named], capture_output=True, text=True, check=False, env={}
    )
    if result.returncode:
        source = list(files)[int((result.stdout.split() or ["0"])[-1])]
        last = (result.stderr.strip().splitlines() or [f"status {result.returncode}"])[-1][:200]
        if result.returncode == _REFUSED:
            what = f"holds more than tensors, which could run code: {last}"
            raise fail(source, "", what, "use a checkpoint from a source you trust, with safetensors")
        raise fail(source, "", f"could not be converted ({last})", "copy the file again")
    for target in files.values():
        sort_metadata(target)


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)
