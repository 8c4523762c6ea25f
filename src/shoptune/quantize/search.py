"""AutoAWQ's search for scales, with corrections for padded layers and for CPUs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from awq.quantize.quantizer import AwqQuantizer
from torch import nn

from shoptune.quantize.scales import candidate_scales

_STEPS = 20


class ScaleSearch(AwqQuantizer):  # type: ignore[misc]  # AutoAWQ ships no types
    """AutoAWQ's quantizer with a search that leaves the weights unchanged.

    AutoAWQ restores the weights from `state_dict()`, which is not a copy on a CPU. The scales of the first step would
    therefore remain in the weights during the following steps.
    """

    @torch.no_grad()
    def _compute_best_scale(
        self,
        x: torch.Tensor,
        w_mean: torch.Tensor,
        x_mean: torch.Tensor,
        module2inspect: nn.Module,
        linears2scale: list[nn.Linear],
        fp16_output: torch.Tensor,
        kwargs: Mapping[str, Any] = {},
    ) -> torch.Tensor:
        """Return the scales `s` of the grid that minimize `||Q(W s) (x / s) - W x||` (Lin et al. 2023, equation 4)."""
        w_mean, x_mean = w_mean.view(-1).to(x.device), x_mean.view(-1).to(x.device)
        originals = [linear.weight.data for linear in linears2scale]
        best, least = torch.ones_like(x_mean), float("inf")
        for step in range(_STEPS):
            scales = candidate_scales(x_mean, w_mean, step / _STEPS, duo=self.duo_scaling)
            for linear, weight in zip(linears2scale, originals, strict=True):
                linear.weight.data = self.pseudo_quantize_tensor(weight * scales)[0] / scales
            output = self._module_forward(x, module2inspect, kwargs)
            limits = torch.finfo(output.dtype)
            loss = self._compute_loss(fp16_output, output.clip(limits.min, limits.max), x.device)
            if loss < least:
                best, least = scales, loss
        for linear, weight in zip(linears2scale, originals, strict=True):
            linear.weight.data = weight
        return best.cpu()
