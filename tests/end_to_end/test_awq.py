"""AutoAWQ in its own environment: what the search for scales does to weights."""

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
    assert stock == "AwqQuantizer False False", "AutoAWQ has mended its search: ours can go"
