"""The exported checkpoint behind the challenge's interface: vLLM, greedy, the task type guessed from the question."""

import json
import os
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))  # the copy of shoptune that lies in this folder

os.environ.update({"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1"})

from models.base_model import ShopBenchBaseModel

from shoptune.infer.engine import Engine
from shoptune.infer.few_shot.dynamic import dynamic_examples
from shoptune.infer.few_shot.example import FewShotExample
from shoptune.infer.profile import Profile
from shoptune.infer.prompt import Prompt

BATCH_SIZE = 16  # the most that the evaluator passes


class ShoptuneModel(ShopBenchBaseModel):  # type: ignore[misc]  # checked where it is copied to, not here
    """Loads the engine once, then answers."""

    def __init__(self) -> None:
        profile = _profile()
        self._dynamic = profile.prompting.dynamic
        self._answered: list[list[FewShotExample]] = []
        self._engine = Engine(HERE / "checkpoint", profile)

    def get_batch_size(self) -> int:
        """The largest batch that the evaluator passes: the engine works on all of it at once."""
        return BATCH_SIZE

    def batch_predict(self, batch: dict[str, Any], is_multiple_choice: bool) -> list[str]:
        """One answer for each of `batch["prompt"]`, in order."""
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
    """The profile, with its files in this folder."""
    settings = json.loads((HERE / "profile.json").read_text(encoding="utf-8"))
    if few_shot := settings["prompting"]["few_shot"]:
        few_shot["questions"] = str(HERE / few_shot["questions"])
    return Profile.model_validate(settings)
