"""Lets vLLM's server log as much as a cold one does: imports read the level, which suits commands that keep quiet."""

from vllm.entrypoints.launchers.api_server import entry
from vllm.logger import _configure_vllm_root_logger

_serve = entry.main


def _main() -> None:
    _configure_vllm_root_logger()
    _serve()


entry.main = _main
