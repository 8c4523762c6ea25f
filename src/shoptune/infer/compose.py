"""The messages of one question: system prompt with tips, few-shot examples, and the question with its instructions."""

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
    """The messages that put a question to the model.

    Few-shot examples show their questions unchanged and their answers in the requested form; re-reading and the
    instruction to reason apply to the question alone. Control tokens are neutralized in everything that comes from
    questions, rows and predictions.

    Args:
        prompt: the question.
        prompting: how to put it.
        examples: few-shot examples to show before it, in order.
        control_tokens: the checkpoint's special tokens, besides the known families' own.
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
    """The question as it stands in the user's turn."""
    if prompt.task_type in prompting.read_again:  # Re-Reading's own words (arXiv 2309.06275)
        text = f"{text.rstrip()}\nRead the question again: {text}"
    if reasoning := prompting.reasoning_of(prompt.task_type):
        text = f"{text.rstrip()}\n{reasoning.instruction}"
    return text


def _answered(example: FewShotExample, prompting: Prompting, control_tokens: tuple[str, ...]) -> str:
    answer = neutralize(example.answer, control_tokens)
    reasoning = prompting.reasoning_of(example.task_type)
    return reasoning.shown.replace("{answer}", answer) if reasoning else answer


def _joined(question: str, answer: str) -> str:
    """A question and its answer in one text; the answer follows 'Output:' and the like on the same line."""
    last_line = question.rstrip().rpartition("\n")[2]
    return f"{question.rstrip()}{' ' if last_line.endswith(':') else chr(10)}{answer}"
