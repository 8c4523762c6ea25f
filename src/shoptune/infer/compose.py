"""The messages of one question: system prompt with tips, exemplars, the question read again, the call to think."""

from __future__ import annotations

from collections.abc import Sequence

from shoptune.infer.exemplars import Solved
from shoptune.infer.prompting import Prompting
from shoptune.shopbench.chat import Message, neutralize, system_prompt
from shoptune.shopbench.vocabulary import TaskType


def compose(question: str, task_type: TaskType, prompting: Prompting, shots: Sequence[Solved]) -> list[Message]:
    """The messages that put a question to the model.

    Exemplars are shown as they are, with their answers in the form that is asked for: reading again and the call to
    think are for the question alone.

    Control tokens of the chat template are taken out of everything that comes from questions, rows and predictions.

    Args:
        question: its text.
        task_type: as the system prompt tells it.
        prompting: how to put it.
        shots: solved questions to show before it, in order.
    """
    asked = _asked(question, task_type, prompting)
    shown = [(neutralize(shot.question), _answered(shot, prompting)) for shot in shots]
    system = "\n".join([system_prompt(task_type, prompting.system), *prompting.tips.of(task_type)])
    messages = [Message(role="system", content=system)]
    if prompting.placement == "history":
        for text, answer in shown:
            messages += [Message(role="user", content=text), Message(role="assistant", content=answer)]
    elif shown:
        solved = [f"Example {number}:\n{_joined(*pair)}" for number, pair in enumerate(shown, start=1)]
        asked = "\n\n".join([*solved, f"Question:\n{asked}"])
    return [*messages, Message(role="user", content=asked)]


def _asked(question: str, task_type: TaskType, prompting: Prompting) -> str:
    """The question that is asked, as it stands in the user's turn."""
    text = neutralize(question)
    if task_type in prompting.read_again:  # Re-Reading's own words (arXiv 2309.06275)
        text = f"{text.rstrip()}\nRead the question again: {text}"
    if reasoning := prompting.reasoning_of(task_type):
        text = f"{text.rstrip()}\n{reasoning.instruction}"
    return text


def _answered(shot: Solved, prompting: Prompting) -> str:
    answer = neutralize(shot.answer)
    reasoning = prompting.reasoning_of(shot.task_type)
    return reasoning.shown.replace("{answer}", answer) if reasoning else answer


def _joined(question: str, answer: str) -> str:
    """A question and its answer in one text: 'Output:' and its like are followed by the answer on their line."""
    last_line = question.rstrip().rpartition("\n")[2]
    return f"{question.rstrip()}{' ' if last_line.endswith(':') else chr(10)}{answer}"
