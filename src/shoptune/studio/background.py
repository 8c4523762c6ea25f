"""Run slow functions, such as queries, in a thread, so that other pages stay responsive."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

ParametersT = ParamSpec("ParametersT")
ResultT = TypeVar("ResultT")


async def in_thread(
    function: Callable[ParametersT, ResultT], *args: ParametersT.args, **kwargs: ParametersT.kwargs
) -> ResultT:
    """Return what the function returns. It must not add elements to a page."""
    return await asyncio.to_thread(function, *args, **kwargs)
