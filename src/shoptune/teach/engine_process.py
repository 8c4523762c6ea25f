"""A vLLM engine, or a pool of them, in a process of the environment `infer`, which answers over a pipe.

Queries, personal data filters and checks need libraries of this environment, so only the engine moves to the other one.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from shoptune.config.paths import plain
from shoptune.errors import Problem, ShoptuneError, fail
from shoptune.infer.chats import Chat
from shoptune.infer.profile import Profile
from shoptune.runtime import environments
from shoptune.runtime.progress import say
from shoptune.teach.backend import Reply, Run, Save

_SECONDS_TO_END = 60
_TOO_LONG = "prompt and answer do not fit into the engine's context window"


class EngineProcess:
    """The process; use it in a `with` block. It starts with the first prompt, and ends with the block.

    Args:
        run: the run that it belongs to.
        profile: the engine's arguments.
        pool: whether replicas on Ray answer, instead of one engine.
        replicas: the number of replicas, or None for as many as fit.
    """

    def __init__(self, run: Run, profile: Profile, *, pool: bool = False, replicas: int | None = None) -> None:
        self._run = run
        self._settings = {
            "checkpoint": str(run.teacher.checkpoint),
            "profile": profile.model_dump(mode="json"),
            "pool": pool,
            "replicas": replicas,
        }
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> EngineProcess:
        """Return the process; nothing has started yet."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """End the process, and remove its log unless something failed."""
        if self._process is None:
            return
        if kind is not None:
            self._process.kill()
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if kind is None:
            self._run.log.unlink(missing_ok=True)
        else:
            say(f"what was printed until then is in {self._run.log}")

    def ask(self, prompts: Sequence[Chat], save: Save) -> None:
        """Ask prompts, and save the replies of each batch of the profile.

        Raises:
            ShoptuneError: the engine does not start, or it failed.
        """
        process = self._started()
        self._send([asdict(prompt) for prompt in prompts])
        waiting = len(prompts)
        while waiting:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                what = f"the engine ended with status {process.wait()}"
                raise fail(self._run.log, "", what, "read the log; run the same command to resume")
            message = json.loads(line)
            if "problems" in message:
                raise ShoptuneError(Problem(**fields) for fields in message["problems"])
            save([(number, _reply(answer)) for number, answer in message["answers"]])
            waiting -= len(message["answers"])

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None:
            command = [str(environments.python_of("infer")), "-W", "ignore", "-m", "shoptune.infer.chat_worker"]
            self._process = subprocess.Popen(
                [*command, str(self._run.log)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                env={**environments.default_variables("infer"), **os.environ},
            )
            self._send(self._settings)
        return self._process

    def _send(self, value: Any) -> None:
        if self._process and self._process.stdin:
            try:
                self._process.stdin.write(json.dumps(plain(value)) + "\n")
                self._process.stdin.flush()
            except BrokenPipeError:  # the reason is on stdout, or in the log
                return


def _reply(answer: dict[str, Any] | None) -> Reply:
    if answer is None:
        return Reply(failure=_TOO_LONG)
    usage = answer["usage"]
    return Reply(answer["text"], usage["prompt_tokens"], usage["answer_tokens"], answer["is_complete"])
