"""The challenge's interface to the exported checkpoint: greedy decoding with vLLM, task types guessed from the text."""

import json
import os
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))  # contains the submission's copy of shoptune

os.environ.update({"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1"})

from models.base_model import ShopBenchBaseModel

from shoptune.infer.engine import Engine
from shoptune.infer.few_shot.dynamic import dynamic_examples
from shoptune.infer.few_shot.example import FewShotExample
from shoptune.infer.profile import Profile
from shoptune.infer.prompt import Prompt

BATCH_SIZE = 16  # the largest batch that the evaluator passes


class ShoptuneModel(ShopBenchBaseModel):  # type: ignore[misc]  # the base class is importable only in a submission
    """Loads the engine once and answers batches of questions with it."""

    def __init__(self) -> None:
        profile = _profile()
        self._dynamic = profile.prompting.dynamic
        self._answered: list[list[FewShotExample]] = []
        self._engine = Engine(HERE / "checkpoint", profile)

    def get_batch_size(self) -> int:
        """Return the largest batch size, since vLLM answers all questions of a batch concurrently."""
        return BATCH_SIZE

    def batch_predict(self, batch: dict[str, Any], is_multiple_choice: bool) -> list[str]:
        """Answer the questions in `batch["prompt"]`; the answers are in the same order."""
        prompts = [Prompt(text, is_multiple_choice) for text in batch["prompt"]]
        completions = self._engine.answer(prompts, dynamic=dynamic_examples(self._dynamic, self._answered))
        answers = [completion.text for completion in completions]
        if self._dynamic:
            self._answered.append(
                [
                    FewShotExample(prompt.text, prompt.task_type, text)
                    for prompt, text in zip(prompts, answers, strict=True)
                ]
            )
        return answers


def _profile() -> Profile:
    """Load the profile and resolve its file names relative to this folder."""
    settings = json.loads((HERE / "profile.json").read_text(encoding="utf-8"))
    if few_shot := settings["prompting"]["few_shot"]:
        few_shot["questions"] = str(HERE / few_shot["questions"])
    return Profile.model_validate(settings)
