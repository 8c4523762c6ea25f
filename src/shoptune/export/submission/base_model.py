"""The interface that the challenge's evaluator calls."""

from typing import Any


class ShopBenchBaseModel:
    """A model that answers batches of questions."""

    def get_batch_size(self) -> int:
        """Return the number of questions that the evaluator should pass per call, from 1 to 16."""
        raise NotImplementedError

    def batch_predict(self, batch: dict[str, Any], is_multiple_choice: bool) -> list[str]:
        """Answer the questions in `batch["prompt"]`; the answers are in the same order."""
        raise NotImplementedError
