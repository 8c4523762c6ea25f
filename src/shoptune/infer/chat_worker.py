"""Answer chats as `python -m shoptune.infer.chat_worker LOG`, in vLLM's environment, for a process without vLLM.

The first line on stdin has the settings: the checkpoint, the profile, and whether a pool of replicas answers. Each
further line is a list of chats. For each batch of them, a line on stdout has the answers with their positions in the
list. The output of libraries goes to the file LOG. The worker ends with its stdin.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from shoptune.errors import ShoptuneError
from shoptune.infer.chats import Chat, ChatAnswer
from shoptune.infer.engine import Engine
from shoptune.infer.profile import Profile
from shoptune.runtime.environments import go_offline
from shoptune.runtime.gc_tuning import tune_garbage_collection
from shoptune.runtime.parent import end_with_parent
from shoptune.runtime.process import run_as_process

# Yields the number of each batch, and the answers to its chats.
Answering = Callable[[Sequence[Sequence[Chat]]], Iterator[tuple[int, Sequence[ChatAnswer | None]]]]


def main() -> None:
    """Answer until stdin ends."""
    end_with_parent()  # so that no engine outlives a killed parent
    tune_garbage_collection()
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    with Path(sys.argv[1]).open("ab") as log:
        for descriptor in (1, 2):
            os.dup2(log.fileno(), descriptor)
    go_offline()
    settings = json.loads(sys.stdin.readline())
    size = Profile.model_validate(settings["profile"]).batch_size
    try:
        with ExitStack() as open_until_the_end:
            answering = _answering(settings, open_until_the_end)
            for line in sys.stdin:
                chats = [Chat(**fields) for fields in json.loads(line)]
                batches = [chats[first : first + size] for first in range(0, len(chats), size)]
                for number, answers in answering(batches):
                    numbered = enumerate(answers, start=number * size)
                    found = [[place, answer and asdict(answer)] for place, answer in numbered]
                    replies.write(json.dumps({"answers": found}) + "\n")
    except ShoptuneError as error:
        replies.write(json.dumps({"problems": [asdict(problem) for problem in error.problems]}, default=str) + "\n")


def _answering(settings: dict[str, Any], open_until_the_end: ExitStack) -> Answering:
    checkpoint, profile = Path(settings["checkpoint"]), Profile.model_validate(settings["profile"])
    if settings["pool"]:
        from shoptune.infer.pool import EnginePool

        pool = open_until_the_end.enter_context(EnginePool(checkpoint, profile, settings["replicas"]))
        return lambda batches: ((done.number, done.result) for done in pool.map(Engine.chat, batches))
    engine = Engine(checkpoint, profile)
    return lambda batches: ((number, engine.chat(batch)) for number, batch in enumerate(batches))


if __name__ == "__main__":
    run_as_process(main)
