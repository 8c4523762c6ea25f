"""The parity gate's prompts, thresholds and machine."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from shoptune.config import Settings
from shoptune.config.paths import ConfigPath
from shoptune.runtime.environments import python_of

Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]


class Thresholds(Settings):
    """The thresholds of the gate.

    Attributes:
        max_kl: the largest mean KL divergence per token, in nats.
        min_agreement: the smallest share of tokens with the same most probable token.
    """

    max_kl: Annotated[float, Field(ge=0)]
    min_agreement: Share


class Parity(Settings):
    """The parity gate: next-token distributions of every form of a model on fixed prompts.

    The first form (base and adapters in PEFT, if known) answers the prompts greedily; all forms are given its answers.

    Attributes:
        questions: a file in the development format; the prompts are spread evenly over it.
        prompts: the number of prompts.
        tokens: the number of answer tokens compared per prompt.
        top: the number of most probable tokens compared one by one; the others count as one.
        exact: thresholds for forms in 16 or 32 bits.
        quantized: thresholds for 4-bit forms.
        padded: also compare the padded model, which takes a copy of it on disk while the gate runs.
        served: also compare each form as vLLM serves it.
        device: the device for transformers; weights that do not fit GPUs stay in host memory.
        tensor_parallel: the number of GPUs for vLLM.
        on_failure: what to do if a form does not pass: stop, or print a warning.
    """

    questions: ConfigPath
    prompts: Count = 16
    tokens: Count = 8
    top: Annotated[int, Field(ge=1, le=1024)] = 256
    exact: Thresholds = Thresholds(max_kl=0.01, min_agreement=0.98)
    quantized: Thresholds = Thresholds(max_kl=0.3, min_agreement=0.8)
    padded: bool = True
    served: bool = True
    device: Literal["cpu", "cuda"] = "cuda"
    tensor_parallel: Count = 1
    on_failure: Literal["stop", "warn"] = "stop"


def require_environments(parity: Parity) -> None:
    """Check that the environments in which the gate runs are installed.

    Raises:
        ShoptuneError: an environment is missing.
    """
    for environment in ("train", "infer") if parity.served else ("train",):
        python_of(environment)
