"""Constrained against free decoding of the development questions: seconds of the engine, and the scores of both.

Run: .venvs/infer/bin/python benchmarks/constraints.py [--repeat 15]   (after `make demo`, whose merged model answers)

Two engines in one process answer in turns, so that what else the machine does falls on both alike; the fastest round
counts. `first` is the first round, in which libraries are loaded and expressions compiled.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path

from measure import report

from shoptune.infer.engine import Engine
from shoptune.infer.prepare import cache_friendly_order
from shoptune.infer.profile import load_profile
from shoptune.shopbench.questions import Question, load_questions
from shoptune.shopbench.scoring import score_predictions

RUN = Path("runs/benchmarks/constraints")
PROFILE, MODEL = Path("infer/cpu-float32.yaml"), Path("runs/demo/merged")
QUESTIONS = Path("examples/questions/development.json")
FREE = ["multiple_choice=false", "retrieval=false", "ranking=false", "entity_bias=0"]


@dataclass
class Way:
    """One way of decoding, and what its rounds took."""

    engine: Engine
    batch_size: int
    seconds: list[float] = field(default_factory=list)
    tokens: int = 0
    answers: list[str] = field(default_factory=list)

    def answer(self, questions: list[Question]) -> None:
        """Answer all questions with an empty prefix cache."""
        self.engine.reload(MODEL)
        self.answers, self.tokens = [], 0
        asked = [(question.input_field, question.is_multiple_choice) for question in questions]
        since = time.perf_counter()
        for start in range(0, len(asked), self.batch_size):
            self.answers += self.engine.answer(asked[start : start + self.batch_size])
            self.tokens += sum(answered.answer_tokens for answered in self.engine.timings)
        self.seconds.append(time.perf_counter() - since)


def main() -> None:
    """Answer both ways in turns and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=15)
    repeat: int = parser.parse_args().repeat
    questions = load_questions(QUESTIONS)
    order = cache_friendly_order([(question.input_field, question.is_multiple_choice) for question in questions])
    questions = [questions[number] for number in order]
    free = load_profile(PROFILE, ["repair=false", *(f"constraints.{setting}" for setting in FREE)])
    held = load_profile(PROFILE, ["repair=false"])
    ways = {"free": Way(Engine(MODEL, free), free.batch_size), "constrained": Way(Engine(MODEL, held), held.batch_size)}
    for _ in range(repeat):
        for way in ways.values():
            way.answer(questions)
    pairs = zip(ways["free"].seconds, ways["constrained"].seconds, strict=True)
    median = statistics.median(constrained / free for free, constrained in pairs)
    rows = [
        {
            "way": name,
            "first": way.seconds[0],
            "fastest": min(way.seconds),
            "times free": min(way.seconds) / min(ways["free"].seconds),
            "median of rounds": median if name == "constrained" else 1.0,
            "tokens": way.tokens,
            "score": statistics.mean(result.score for result in score_predictions(questions, way.answers)),
        }
        for name, way in ways.items()
    ]
    report(f"{MODEL} over {QUESTIONS}", rows, RUN / "constraints.json")


if __name__ == "__main__":
    main()
