"""The exported checkpoint behind the challenge's interface: vLLM, greedy, the task type guessed from the question."""

import os
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))  # the copy of shoptune that lies in this folder

os.environ.update({"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1"})

from models.base_model import ShopBenchBaseModel

from shoptune.infer.engine import Engine
from shoptune.infer.profile import Profile

BATCH_SIZE = 16  # the most that the evaluator passes


class ShoptuneModel(ShopBenchBaseModel):  # type: ignore[misc]  # checked where it is copied to, not here
    """Loads the engine once, then answers."""

    def __init__(self) -> None:
        profile = Profile.model_validate_json((HERE / "profile.json").read_text(encoding="utf-8"))
        self._engine = Engine(HERE / "checkpoint", profile)

    def get_batch_size(self) -> int:
        """The largest batch that the evaluator passes: the engine works on all of it at once."""
        return BATCH_SIZE

    def batch_predict(self, batch: dict[str, Any], is_multiple_choice: bool) -> list[str]:
        """One answer for each of `batch["prompt"]`, in order."""
        return self._engine.answer([(prompt, is_multiple_choice) for prompt in batch["prompt"]])
