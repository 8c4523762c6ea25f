"""The interface that the challenge's evaluator calls."""

from typing import Any


class ShopBenchBaseModel:
    """A model that answers batches of questions."""

    def get_batch_size(self) -> int:
        """How many questions the evaluator should pass at once, from 1 to 16."""
        raise NotImplementedError

    def batch_predict(self, batch: dict[str, Any], is_multiple_choice: bool) -> list[str]:
        """One answer for each of `batch["prompt"]`, in order."""
        raise NotImplementedError
