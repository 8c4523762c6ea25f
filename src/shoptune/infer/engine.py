"""One vLLM engine that answers questions greedily and can take new weights while it runs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoptune.infer.exemplars import Solved
from shoptune.infer.prepare import Prepared, Preparer
from shoptune.infer.profile import Profile
from shoptune.infer.shots import Shots
from shoptune.infer.timing import Answered
from shoptune.shopbench.vocabulary import TaskType

if TYPE_CHECKING:
    from vllm import LLM, RequestOutput, SamplingParams
    from vllm.lora.request import LoRARequest


class Engine:
    """vLLM over one checkpoint.

    Args:
        checkpoint: a local folder; its chat template renders the prompts.
        profile: engine arguments, how questions are put, and answer lengths.

    Raises:
        ShoptuneError: a file that the profile's prompting names is not as it must be.
    """

    def __init__(self, checkpoint: Path, profile: Profile) -> None:
        self._profile = profile
        shots = Shots(profile.prompting)  # its mistakes are told before vLLM takes its time to start
        self._llm = _start(checkpoint, profile)
        tokens, window = _Tokens(self._llm.get_tokenizer()), self._llm.model_config.max_model_len
        self._preparer = Preparer(profile, shots, checkpoint, tokens, window)
        self._served = 0
        self.timings: list[Answered] = []

    def answer(
        self,
        questions: Sequence[tuple[str, bool]],
        adapter: Path | None = None,
        dynamic: Mapping[TaskType, Solved] | None = None,
    ) -> list[str]:
        """Answer questions, in order; `timings` then tells what each of them cost.

        The task type in the system prompt is guessed from the text, as at the challenge.

        Args:
            questions: each question's text, and whether it is a multiple-choice question.
            adapter: a folder with an adapter to answer with, where the profile enables LoRA.
            dynamic: exemplars from earlier batches, as `dynamic_exemplars` gives them.

        Raises:
            ShoptuneError: a question is too long for the engine's window.
        """
        prepared = self._preparer.prepare(questions, dynamic)
        outputs = self._llm.generate(
            [asked.prompt for asked in prepared],
            [self._parameters(asked) for asked in prepared],
            use_tqdm=False,
            lora_request=self._request(adapter),
        )
        self.timings = [_cost(output) for output in outputs]
        texts = [output.outputs[0].text for output in outputs]
        return [asked.finish(text, self._profile) for asked, text in zip(prepared, texts, strict=True)]

    def _parameters(self, asked: Prepared) -> SamplingParams:
        from vllm import SamplingParams
        from vllm.sampling_params import StructuredOutputsParams

        constraint = asked.constraint
        return SamplingParams(
            temperature=0.0,
            max_tokens=asked.max_tokens,
            seed=self._profile.seed,
            allowed_token_ids=list(constraint.token_ids) if constraint.token_ids else None,
            logit_bias=dict(constraint.logit_bias) if constraint.logit_bias else None,
            structured_outputs=StructuredOutputsParams(regex=constraint.pattern) if constraint.pattern else None,
        )

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


class _Tokens:
    """A checkpoint's tokenizer, as constraints need it."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self.end = int(tokenizer.eos_token_id)

    def encode(self, text: str) -> Sequence[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False)
        return ids


def _cost(output: RequestOutput) -> Answered:
    metrics = output.metrics
    latency = metrics.last_token_ts - metrics.queued_ts if metrics else 0.0
    prompt, answer = len(output.prompt_token_ids), len(output.outputs[0].token_ids)
    return Answered(prompt, output.num_cached_tokens or 0, answer, latency)


def _start(checkpoint: Path, profile: Profile) -> LLM:
    settings = profile.engine
    # In one process the engine starts in seconds; a second process buys nothing to a batch job.
    os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
    if settings.cpu_kv_cache_gib:
        os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", str(settings.cpu_kv_cache_gib))
    from vllm import LLM

    arguments: dict[str, Any] = settings.model_dump(exclude_none=True, exclude={"cpu_kv_cache_gib"})
    return LLM(str(checkpoint), seed=profile.seed, trust_remote_code=False, disable_log_stats=False, **arguments)
