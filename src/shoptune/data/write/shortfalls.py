"""The table of tasks with far fewer rows than the mixture asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

ENOUGH = 0.9  # of the rows wanted of a task; less is a shortfall


def shortfall_lines(shortfalls: Mapping[str, Mapping[str, int]], tasks: int) -> Iterator[str]:
    """The table as lines of text, the tasks with the smallest share of their rows first; nothing if none is short.

    Args:
        shortfalls: by task, the rows `wanted` and `made`.
        tasks: how many tasks the mixture has.
    """
    if not shortfalls:
        return
    width = max(map(len, shortfalls))
    yield f"data: WARNING: {len(shortfalls)} of {tasks} tasks have less than {ENOUGH:.0%} of the rows wanted:"
    yield f"  {'task':<{width}} {'wanted':>10} {'made':>10} share"
    for name, counts in sorted(shortfalls.items(), key=lambda item: (item[1]["made"] / item[1]["wanted"], item[0])):
        share = f"{counts['made'] / counts['wanted']:.0%}" if counts["made"] else "NONE"
        yield f"  {name:<{width}} {counts['wanted']:>10,} {counts['made']:>10,} {share:>5}"
