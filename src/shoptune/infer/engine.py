"""A vLLM engine that answers questions with greedy decoding and can load new weights without a restart."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoptune.infer.chats import Chat, ChatAnswer
from shoptune.infer.few_shot.example import FewShotExample
from shoptune.infer.few_shot.selection import FewShotSelector
from shoptune.infer.json_answers import constrain_to
from shoptune.infer.prepare import Prepared, Preparer, finished
from shoptune.infer.profile import Profile
from shoptune.infer.prompt import Completion, Prompt, Usage
from shoptune.runtime.gc_tuning import freeze_loaded_objects
from shoptune.shopbench.chat_tokenizer import ChatTokenizer
from shoptune.shopbench.vocabulary import TaskType

if TYPE_CHECKING:
    from vllm import LLM, RequestOutput, SamplingParams
    from vllm.lora.request import LoRARequest


class Engine:
    """vLLM running one checkpoint.

    Args:
        checkpoint: a local folder; its chat template renders the prompts.
        profile: the engine's arguments, prompting, constraints and length limits.

    Raises:
        ShoptuneError: a file that the profile's prompting refers to is missing or malformed.
    """

    def __init__(self, checkpoint: Path, profile: Profile) -> None:
        self._profile = profile
        selector = FewShotSelector(profile.prompting)  # reads files, and reports their errors, before vLLM starts
        self._llm = _start(checkpoint, profile)
        self._tokens = ChatTokenizer(self._llm.get_tokenizer(), checkpoint, profile.chat_template_arguments)
        self._preparer = Preparer(profile, selector, self._tokens, self._llm.model_config.max_model_len)
        self._adapters_loaded = 0

    def answer(
        self,
        prompts: Sequence[Prompt],
        adapter: Path | None = None,
        dynamic: Mapping[TaskType, FewShotExample] | None = None,
    ) -> list[Completion]:
        """Answer questions; the completions are in the same order.

        The task type in the system prompt is guessed from the question's text, as the challenge requires.

        Args:
            prompts: the questions.
            adapter: the folder of an adapter to apply; the profile must enable LoRA.
            dynamic: few-shot examples from earlier batches, as returned by `dynamic_examples`.

        Raises:
            ShoptuneError: a question is too long for the engine's context window.
        """
        prepared = self._preparer.prepare(prompts, dynamic)
        outputs = self._llm.generate(
            [{"prompt_token_ids": list(asked.token_ids)} for asked in prepared],
            [self._parameters(asked) for asked in prepared],
            use_tqdm=False,
            lora_request=self._request(adapter),
        )
        refuse_failed(outputs)
        return [
            Completion(finished(output.outputs[0].text, prompt, self._profile), _usage(output), output.outputs[0].text)
            for prompt, output in zip(prompts, outputs, strict=True)
        ]

    def chat(self, chats: Sequence[Chat]) -> list[ChatAnswer | None]:
        """Answer chats as they are: without the profile's prompting, constraints, length limits and repair.

        Args:
            chats: the chats.

        Returns:
            The answers, in the same order; None for a chat that does not fit into the engine's context window.

        Raises:
            ShoptuneError: the checkpoint has no chat template, or its template rejects the messages.
        """
        ids = [self._tokens.encode(self._tokens.render(chat.messages)) for chat in chats]
        window = self._llm.model_config.max_model_len
        fitting = [number for number, chat in enumerate(chats) if len(ids[number]) + chat.max_tokens <= window]
        outputs = self._llm.generate(
            [{"prompt_token_ids": ids[number]} for number in fitting],
            [_sampling(chats[number]) for number in fitting],
            use_tqdm=False,
        )
        refuse_failed(outputs)
        answered = {
            number: ChatAnswer(output.outputs[0].text, _usage(output), output.outputs[0].finish_reason == "stop")
            for number, output in zip(fitting, outputs, strict=True)
        }
        return [answered.get(number) for number in range(len(chats))]

    def _parameters(self, asked: Prepared) -> SamplingParams:
        from vllm import SamplingParams
        from vllm.sampling_params import StructuredOutputsParams

        arguments = asked.constraint.sampling_arguments()
        if structured := arguments.get("structured_outputs"):
            arguments["structured_outputs"] = StructuredOutputsParams(**structured)
        return SamplingParams(temperature=0.0, max_tokens=asked.max_tokens, seed=self._profile.seed, **arguments)

    def _request(self, adapter: Path | None) -> LoRARequest | None:
        """Return a request for an adapter under a new name, since vLLM does not reload an adapter name it has seen."""
        if adapter is None:
            return None
        from vllm.lora.request import LoRARequest

        self._adapters_loaded += 1
        return LoRARequest(f"{adapter.name}-{self._adapters_loaded}", self._adapters_loaded, str(adapter))

    def close(self) -> None:
        """Free the engine's memory; it cannot answer any more.

        Deleting the object would not: vLLM freezes its parts, which refer to each other.
        """
        self._llm.llm_engine.engine_core.shutdown()

    def reload(self, checkpoint: Path) -> None:
        """Load the weights of another checkpoint, with the same shapes and element type, into the running engine."""
        self._llm.collective_rpc("reload_weights", kwargs={"weights_path": str(checkpoint)})
        self._llm.reset_prefix_cache()  # otherwise answers would use keys and values of the previous weights


def refuse_failed(outputs: Sequence[RequestOutput]) -> None:
    """Check that vLLM answered every request: it returns an empty text for a request that failed.

    Raises:
        RuntimeError: a request failed; the reason is in vLLM's log.
    """
    failed = sum(output.outputs[0].finish_reason in {"abort", "error"} for output in outputs)
    if failed:
        raise RuntimeError(f"vLLM failed to answer {failed} of {len(outputs)} requests; the reason is in its log")


def _sampling(chat: Chat) -> SamplingParams:
    from vllm import SamplingParams
    from vllm.sampling_params import StructuredOutputsParams

    structured = StructuredOutputsParams(**constrain_to(chat.schema)) if chat.schema else None
    sampling = {"max_tokens": chat.max_tokens, "temperature": chat.temperature, "seed": chat.seed}
    return SamplingParams(structured_outputs=structured, **sampling)


def _usage(output: RequestOutput) -> Usage:
    metrics = output.metrics
    latency = metrics.last_token_ts - metrics.queued_ts if metrics else 0.0
    prompt, answer = len(output.prompt_token_ids), len(output.outputs[0].token_ids)
    return Usage(prompt, output.num_cached_tokens or 0, answer, latency)


def _start(checkpoint: Path, profile: Profile) -> LLM:
    # A single process starts within seconds; a separate engine process would not speed up a batch job.
    os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
    for name, value in profile.engine.environment().items():
        os.environ.setdefault(name, value)
    llm = _load_vllm()
    arguments: dict[str, Any] = profile.engine.arguments()
    return llm(str(checkpoint), seed=profile.seed, trust_remote_code=False, disable_log_stats=False, **arguments)


@functools.cache
def _load_vllm() -> type[LLM]:
    """Import vLLM, and freeze what that loads: vLLM collects garbage three times while an engine starts."""
    from vllm import LLM
    from vllm.v1.engine import core, llm_engine  # noqa: F401 - all that `LLM` would import later

    freeze_loaded_objects()
    loaded: type[LLM] = LLM
    return loaded
