"""One replica of an engine pool: an engine in a Ray actor, which does one piece of work at a time."""

from __future__ import annotations

import atexit
import os
import pickle
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from shoptune.errors import ShoptuneError
from shoptune.infer.engine import Engine
from shoptune.infer.profile import Profile
from shoptune.runtime.environments import default_variables, go_offline
from shoptune.runtime.gc_tuning import tune_garbage_collection

Work = Callable[[Engine, Any], Any]
Row = dict[str, Any]


class Replica:
    """An engine and the work that it is for.

    Args:
        checkpoint: the checkpoint's folder on the replica's machine.
        profile: the engine's arguments, prompting, constraints and length limits.
        work: the function to call with the engine and each piece of work.
    """

    def __init__(self, checkpoint: Path, profile: Profile, work: Work) -> None:
        for name, value in default_variables("infer").items():
            os.environ.setdefault(name, value)
        # On a CPU, vLLM would bind the threads of each replica to the same cores.
        os.environ.setdefault("VLLM_CPU_OMP_THREADS_BIND", "nobind")
        go_offline()
        self._work = work
        self._engine: Engine | ShoptuneError
        try:
            self._engine = Engine(checkpoint, profile)
        except ShoptuneError as error:  # raised by the calls, since Ray would wrap it
            self._engine = error

    def __call__(self, row: Row) -> Row:
        """Do one piece of work.

        Args:
            row: the piece's `number` and the pickled `piece`.

        Returns:
            The number and the pickled outcome: the result, when the work started and the seconds it took; or an error
            that the user can fix.
        """
        since, started = time.perf_counter(), time.time()
        try:
            if isinstance(self._engine, ShoptuneError):
                raise self._engine
            result = self._work(self._engine, pickle.loads(row["piece"]))  # noqa: S301 - written by this run
        except ShoptuneError as error:
            return {"number": row["number"], "outcome": pickle.dumps(tuple(error.problems))}
        outcome = (result, started, time.perf_counter() - since)
        return {"number": row["number"], "outcome": pickle.dumps(outcome)}


class ReplicaProcess(Replica):
    """A replica that owns its process, and ends it without cleaning up the interpreter.

    The cleaning takes seconds, during which the memory of a GPU stays occupied.
    """

    def __init__(self, checkpoint: Path, profile: Profile, work: Work) -> None:
        atexit.register(os._exit, 0)
        tune_garbage_collection()  # otherwise a third of the engine's start goes into it
        super().__init__(checkpoint, profile, work)
