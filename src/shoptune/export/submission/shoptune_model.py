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
from shoptune.infer.exemplars import Solved, dynamic_exemplars
from shoptune.infer.profile import Profile
from shoptune.shopbench.classify import task_type_of

BATCH_SIZE = 16  # the most that the evaluator passes


class ShoptuneModel(ShopBenchBaseModel):  # type: ignore[misc]  # checked where it is copied to, not here
    """Loads the engine once, then answers."""

    def __init__(self) -> None:
        profile = _profile()
        self._dynamic = profile.prompting.dynamic
        self._solved: list[list[Solved]] = []
        self._engine = Engine(HERE / "checkpoint", profile)

    def get_batch_size(self) -> int:
        """The largest batch that the evaluator passes: the engine works on all of it at once."""
        return BATCH_SIZE

    def batch_predict(self, batch: dict[str, Any], is_multiple_choice: bool) -> list[str]:
        """One answer for each of `batch["prompt"]`, in order."""
        asked = [(prompt, is_multiple_choice) for prompt in batch["prompt"]]
        answers = self._engine.answer(asked, dynamic=dynamic_exemplars(self._dynamic, self._solved))
        if self._dynamic:
            types = [task_type_of(text, is_multiple_choice=choice) for text, choice in asked]
            self._solved.append(list(map(Solved, batch["prompt"], types, answers)))
        return answers


def _profile() -> Profile:
    """The profile, whose files lie in this folder."""
    settings = json.loads((HERE / "profile.json").read_text(encoding="utf-8"))
    if exemplars := settings["prompting"]["exemplars"]:
        exemplars["questions"] = str(HERE / exemplars["questions"])
    return Profile.model_validate(settings)
