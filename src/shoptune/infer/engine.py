"""One vLLM engine that answers questions greedily and can take new weights while it runs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoptune.infer.profile import Profile
from shoptune.shopbench.chat import chat, render
from shoptune.shopbench.classify import task_type_of

if TYPE_CHECKING:
    from vllm import LLM
    from vllm.lora.request import LoRARequest


class Engine:
    """vLLM over one checkpoint.

    Args:
        checkpoint: a local folder; its chat template renders the prompts.
        profile: engine arguments and answer lengths.
    """

    def __init__(self, checkpoint: Path, profile: Profile) -> None:
        self._checkpoint, self._profile = checkpoint, profile
        self._llm = _start(checkpoint, profile)
        self._served = 0

    def answer(self, questions: Sequence[tuple[str, bool]], adapter: Path | None = None) -> list[str]:
        """Answer questions, in order.

        The task type in the system prompt is guessed from the text, as at the challenge.

        Args:
            questions: each question's text, and whether it is a multiple-choice question.
            adapter: a folder with an adapter to answer with, where the profile enables LoRA.
        """
        from vllm import SamplingParams

        prompts, parameters = [], []
        for text, is_multiple_choice in questions:
            task_type = task_type_of(text, is_multiple_choice=is_multiple_choice)
            prompts.append(render(chat(text, task_type), self._checkpoint))
            limit = self._profile.max_tokens.of(task_type)
            parameters.append(SamplingParams(temperature=0.0, max_tokens=limit, seed=self._profile.seed))
        outputs = self._llm.generate(prompts, parameters, use_tqdm=False, lora_request=self._request(adapter))
        return [output.outputs[0].text for output in outputs]

    def _request(self, adapter: Path | None) -> LoRARequest | None:
        """A request for an adapter under a name that was never used: vLLM keeps what it loaded under a name."""
        if adapter is None:
            return None
        from vllm.lora.request import LoRARequest

        self._served += 1
        return LoRARequest(f"{adapter.name}-{self._served}", self._served, str(adapter))

    def reload(self, checkpoint: Path) -> None:
        """Take the weights of another checkpoint of the same shape and element type, without a restart."""
        self._llm.collective_rpc("reload_weights", kwargs={"weights_path": str(checkpoint)})
        self._llm.reset_prefix_cache()  # else half of the answers would come from the old model's cache


def _start(checkpoint: Path, profile: Profile) -> LLM:
    settings = profile.engine
    # In one process the engine starts in seconds; a second process buys nothing to a batch job.
    os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
    if settings.cpu_kv_cache_gib:
        os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", str(settings.cpu_kv_cache_gib))
    from vllm import LLM

    arguments: dict[str, Any] = settings.model_dump(exclude_none=True, exclude={"cpu_kv_cache_gib"})
    return LLM(str(checkpoint), seed=profile.seed, trust_remote_code=False, disable_log_stats=True, **arguments)
