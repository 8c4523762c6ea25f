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

from shoptune.export.answering.answerer import Answerer
from shoptune.export.answering.engine import DeadlineEngine
from shoptune.export.answering.pace import Limits, Pace
from shoptune.infer.profile import Profile
from shoptune.runtime.gc_tuning import tune_garbage_collection

BATCH_SIZE = 16  # the largest batch that the evaluator passes


class ShoptuneModel(ShopBenchBaseModel):  # type: ignore[misc]  # the base class is importable only in a submission
    """Loads the engine once and answers batches of questions with it.

    An engine that does not start raises; after that, nothing does.
    """

    def __init__(self) -> None:
        tune_garbage_collection()  # otherwise a tenth of the engine's start goes into it
        limits = Limits(**json.loads((HERE / "limits.json").read_text(encoding="utf-8")))
        pace, profile = Pace(limits), _profile()  # the clock includes the start
        self._answerer = Answerer(DeadlineEngine(HERE / "checkpoint", profile), profile, pace)

    def get_batch_size(self) -> int:
        """Return the largest batch size, since vLLM answers all questions of a batch concurrently."""
        return BATCH_SIZE

    def batch_predict(self, batch: dict[str, Any], is_multiple_choice: bool) -> list[str]:
        """Answer the questions in `batch["prompt"]`; the answers are in the same order."""
        return self._answerer.answer(batch["prompt"], is_multiple_choice=is_multiple_choice)


def _profile() -> Profile:
    """Load the profile and resolve its file names relative to this folder."""
    settings = json.loads((HERE / "profile.json").read_text(encoding="utf-8"))
    if few_shot := settings["prompting"]["few_shot"]:
        few_shot["questions"] = str(HERE / few_shot["questions"])
    return Profile.model_validate(settings)
