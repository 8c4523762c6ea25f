"""AutoAWQ in its own environment: the effect of the search for scales on weights."""

from pathlib import Path

import pytest

from tests.end_to_end.pipeline import python_in

pytestmark = [pytest.mark.slow, pytest.mark.early]

# A layer with half of its 256 input channels made of padding, as down_proj has some.
_SEARCH = """
import torch
from awq.quantize.quantizer import AwqQuantizer
from shoptune.quantize.search import ScaleSearch

for kind in (AwqQuantizer, ScaleSearch):
    torch.manual_seed(0)
    layer = torch.nn.Linear(256, 64, bias=False)
    x = torch.randn(4, 16, 256)
    layer.weight.data[:, 128:] = x[..., 128:] = 0
    before = layer.weight.data.clone()
    share = before.abs() / (before.abs().amax(1, keepdim=True) + 1e-6)
    search = object.__new__(kind)
    search.group_size, search.w_bit, search.zero_point, search.duo_scaling = 128, 4, True, True
    search.n_parallel_calib_samples, search.max_chunk_memory = None, 1 << 30
    with torch.no_grad():
        scales = search._compute_best_scale(x, share.mean(0), x.abs().mean((0, 1)), layer, [layer], layer(x))
    print(kind.__name__, torch.equal(layer.weight.data, before), bool(0.5 < scales[:128].median() < 2))
"""


def test_searching_leaves_the_weights_and_their_size_alone() -> None:
    stock, ours = python_in("quantize", _SEARCH).split("\n")[-3:-1]
    assert ours == "ScaleSearch True True"
    assert stock == "AwqQuantizer False False", "AutoAWQ has fixed its search: ours can go"


# A GPU is faked: what moves to "cuda:0" stays where it is and is noted. Modules are followed one by one, since
# AutoAWQ moves a block to the GPU whole and back in pieces; those without weights do not count.
# Three runs: a whole one; one that is killed while it keeps its second block, in a forked process; one that resumes it.
_SPY = """
import os, signal, sys
from pathlib import Path
import torch, transformers
from torch import nn

folder = Path(sys.argv[1])
settings = transformers.Qwen2Config(
    hidden_size=128, intermediate_size=192, num_hidden_layers=3, num_attention_heads=2, num_key_value_heads=1,
    vocab_size=64, tie_word_embeddings=False,
)
torch.manual_seed(0)
transformers.Qwen2ForCausalLM(settings).save_pretrained(folder / "model")

import awq  # noqa: its import looks for GPUs
from awq.quantize.quantizer import AwqQuantizer
from shoptune.checkpoints.checkpoint import Checkpoint
from shoptune.quantize import awq_blocks, blocks_done
from shoptune.quantize.engine import Work
from shoptune.quantize.engines.autoawq import AutoAwq
from shoptune.quantize.layers import Grid, LayerChecks
from shoptune.quantize.source import PaddedSource

on_gpu, seen, in_memory, block_of, kept = set(), [], [], {}, []

def is_gpu(*arguments, **options):
    return any(str(value).startswith("cuda") for value in (*arguments, *options.values()))

module_to, module_cpu, tensor_to = nn.Module.to, nn.Module.cpu, torch.Tensor.to

def spy_module_to(self, *arguments, **options):
    leaves = {leaf for leaf in self.modules() if leaf in block_of}
    if not is_gpu(*arguments, **options):
        on_gpu.difference_update(leaves)
        return module_to(self, *arguments, **options)
    on_gpu.update(leaves)
    seen.append(frozenset(block_of[leaf] for leaf in on_gpu))
    return self

def spy_module_cpu(self):
    on_gpu.difference_update(set(self.modules()))
    return module_cpu(self)

def spy_tensor_to(self, *arguments, **options):
    if is_gpu(*arguments, **options):
        arguments = tuple(value for value in arguments if not str(value).startswith("cuda"))
        options = {key: value for key, value in options.items() if not str(value).startswith("cuda")}
        return tensor_to(self, *arguments, **options) if arguments or options else self
    return tensor_to(self, *arguments, **options)

load_empty, search = awq_blocks.load_empty, AwqQuantizer._search_best_scale

def spy_load(*arguments):
    model = load_empty(*arguments)
    assert {str(weight.device) for weight in model.parameters()} == {"meta"}
    for number, block in enumerate(model.model.model.layers):
        block_of.update({leaf: number for leaf in block.modules() if list(leaf.parameters(recurse=False))})
    return model

def spy_search(self, module, *arguments, **options):
    in_memory.append({number for number, block in enumerate(self.modules)
                      if any(str(weight.device) != "meta" for weight in block.parameters())})
    return search(self, module, *arguments, **options)

awq_blocks.load_empty, AwqQuantizer._search_best_scale = spy_load, spy_search
nn.Module.to, nn.Module.cpu, torch.Tensor.to = spy_module_to, spy_module_cpu, spy_tensor_to
torch.cuda.is_available, torch.cuda.device_count = lambda: True, lambda: 1
blocks = torch.randint(64, (4, 32), generator=torch.Generator().manual_seed(0)).tolist()
source = PaddedSource(Checkpoint(folder / "model"), 256)

def run(name, limit=1 << 30):
    out = folder / name
    (out / "kept").mkdir(parents=True, exist_ok=True)
    checks = LayerChecks(source, Grid(128, symmetric=False), None, out / "kept" / "layers")
    AutoAwq().quantize(Work(source, blocks, "cpu", out, out / "kept", checks, limit))
    return (out / "model.safetensors").read_bytes(), [layer.name for layer in checks.layers()], checks.layers()

whole = run("whole")
print(max(map(len, seen)), sorted(frozenset().union(*seen)), max(map(len, in_memory)))
save = blocks_done._save

def save_and_die(file, tensors):
    save(file, tensors)
    if file.name == "inputs-00002.safetensors":
        os.kill(os.getpid(), signal.SIGKILL)

if (child := os.fork()) == 0:
    blocks_done._save = save_and_die
    run("killed")
print(os.waitpid(child, 0)[1] == signal.SIGKILL, blocks_done.BlocksDone(folder / "killed" / "kept").count)
seen.clear()
print(run("killed") == whole, sorted(frozenset().union(*seen)))
spilled = run("spilled", limit=300_000)
print(spilled[1] == whole[1], max(abs(a.error_norm - b.error_norm) for a, b in zip(spilled[2], whole[2])) < 1e-3)
"""


def test_one_block_at_a_time_is_in_memory_and_a_killed_run_resumes(tmp_path: Path) -> None:
    said = python_in("quantize", _SPY, tmp_path).split("\n")[-5:-1]
    assert said[0] == "1 [0, 1, 2] 1", "one block on the device, and one in memory"
    assert said[1] == "True 1", "killed before its second block counted"
    assert said[2] == "True [0, 1, 2]", "the same bytes and figures; block 0 is loaded to catch its inputs"
    assert said[3] == "True True", "activations on disk, a few samples at a time"


# A dozen runs of the stage's own code while other processes keep all cores busy.
_REPEAT = """
import hashlib, json, os, shutil, subprocess, sys
from pathlib import Path
from safetensors.torch import load_file, save_file
from shoptune.checkpoints.checkpoint import Checkpoint
from shoptune.quantize.config import QuantizeConfig
from shoptune.quantize.stage import Job, write

folder = Path(sys.argv[1])
model = folder / "model"
shutil.copytree("examples/tiny_base", model, ignore=shutil.ignore_patterns("manifest.json"))
(shard,) = model.glob("*.safetensors")
tensors = load_file(shard)
save_file({name: tensors[name] for name in tensors if ".layers." not in name or ".layers.0." in name}, shard)
settings = json.loads((model / "config.json").read_text())
(model / "config.json").write_text(json.dumps(settings | {"num_hidden_layers": 1}))
calibration = {"questions": "examples/questions/development.json", "max_samples": 8, "max_length": 64}
values = {"model": str(model), "calibration": calibration, "tensor_parallel": 1, "device": "cpu"}
config = QuantizeConfig.model_validate(values | {"awq": {"apply_clip": False}})
work = "import os; os.nice(10)\\nwhile True: pass"
busy = [subprocess.Popen([sys.executable, "-c", work]) for _ in range(os.cpu_count())]
try:
    digests = set()
    for number in range(12):
        out = folder / str(number)
        out.mkdir()
        write(Job(config, Checkpoint(model)), out)
        digests.add(tuple(hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(out.iterdir())))
finally:
    for process in busy:
        process.kill()
print(len(digests))
"""


def test_a_dozen_runs_under_load_give_the_same_bytes(tmp_path: Path) -> None:
    assert python_in("quantize", _REPEAT, tmp_path).split("\n")[-2] == "1"
