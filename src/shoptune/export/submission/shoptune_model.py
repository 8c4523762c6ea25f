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

from shoptune.export.answering.answerer import Answerer
from shoptune.export.answering.engine import DeadlineEngine
from shoptune.export.answering.pace import Limits, Pace
from shoptune.infer.profile import Profile

BATCH_SIZE = 16  # the most that the evaluator passes


class ShoptuneModel(ShopBenchBaseModel):  # type: ignore[misc]  # checked where it is copied to, not here
    """Loads the engine once, then answers; an engine that does not start is an error, everything after it is not."""

    def __init__(self) -> None:
        limits = Limits(**json.loads((HERE / "limits.json").read_text(encoding="utf-8")))
        pace, profile = Pace(limits), _profile()  # the clock includes the start
        self._answerer = Answerer(DeadlineEngine(HERE / "checkpoint", profile), profile, pace)

    def get_batch_size(self) -> int:
        """The largest batch that the evaluator passes: the engine works on all of it at once."""
        return BATCH_SIZE

    def batch_predict(self, batch: dict[str, Any], is_multiple_choice: bool) -> list[str]:
        """One answer for each of `batch["prompt"]`, in order."""
        return self._answerer.answer(batch["prompt"], is_multiple_choice=is_multiple_choice)


def _profile() -> Profile:
    """The profile, with its files in this folder."""
    settings = json.loads((HERE / "profile.json").read_text(encoding="utf-8"))
    if few_shot := settings["prompting"]["few_shot"]:
        few_shot["questions"] = str(HERE / few_shot["questions"])
    return Profile.model_validate(settings)
