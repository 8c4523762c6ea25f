"""Compose the chat for one question: system prompt with tips, few-shot examples, the question with instructions."""

from __future__ import annotations

from collections.abc import Sequence

from shoptune.infer.few_shot.example import FewShotExample
from shoptune.infer.prompt import Prompt
from shoptune.infer.prompting import Prompting
from shoptune.shopbench.chat import Message, system_prompt
from shoptune.shopbench.control_tokens import neutralize


def compose(
    prompt: Prompt, prompting: Prompting, examples: Sequence[FewShotExample], control_tokens: tuple[str, ...] = ()
) -> list[Message]:
    """Compose the messages that ask the model a question.

    The question may be repeated (`read_again`) and followed by an instruction to reason. The questions of few-shot
    examples stay unchanged, and their answers are written in the form that is expected of the model. Control tokens
    are neutralized in all text that comes from questions, rows or predictions.

    Args:
        prompt: the question.
        prompting: the settings for system prompt, tips, examples and reasoning.
        examples: few-shot examples to show before it, in order.
        control_tokens: the checkpoint's special tokens, in addition to those of the known model families.
    """
    asked = _asked(neutralize(prompt.text, control_tokens), prompt, prompting)
    shown = [
        (neutralize(example.question, control_tokens), _answered(example, prompting, control_tokens))
        for example in examples
    ]
    system = "\n".join([system_prompt(prompt.task_type, prompting.system), *prompting.tips.of(prompt.task_type)])
    messages = [Message(role="system", content=system)]
    if prompting.placement == "history":
        for text, answer in shown:
            messages += [Message(role="user", content=text), Message(role="assistant", content=answer)]
    elif shown:
        numbered = [f"Example {number}:\n{_joined(*pair)}" for number, pair in enumerate(shown, start=1)]
        asked = "\n\n".join([*numbered, f"Question:\n{asked}"])
    return [*messages, Message(role="user", content=asked)]


def _asked(text: str, prompt: Prompt, prompting: Prompting) -> str:
    """Return the question's text with the additions that the prompting asks for."""
    if prompt.task_type in prompting.read_again:  # the wording of the Re-Reading paper (arXiv 2309.06275)
        text = f"{text.rstrip()}\nRead the question again: {text}"
    if reasoning := prompting.reasoning_of(prompt.task_type):
        text = f"{text.rstrip()}\n{reasoning.instruction}"
    return text


def _answered(example: FewShotExample, prompting: Prompting, control_tokens: tuple[str, ...]) -> str:
    answer = neutralize(example.answer, control_tokens)
    reasoning = prompting.reasoning_of(example.task_type)
    return reasoning.shown.replace("{answer}", answer) if reasoning else answer


def _joined(question: str, answer: str) -> str:
    """Join a question and its answer: on one line if the question ends with a colon (`Output:`), else on two."""
    last_line = question.rstrip().rpartition("\n")[2]
    return f"{question.rstrip()}{' ' if last_line.endswith(':') else chr(10)}{answer}"
