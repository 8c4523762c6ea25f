"""Search ensembles with Optuna's tree-structured Parzen estimator, in a study that survives interruptions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from shoptune.sweep.config import Search
from shoptune.sweep.points import Candidate, Point

if TYPE_CHECKING:
    import optuna

STUDY = "study.db"
_SMALLEST_SHARE = 0.001
_NEGLIGIBLE_SHARE = 0.01  # a member with a smaller share of the total weight is left out
_DECIMALS = 4


def run_search(
    search: Search, weights: tuple[float, ...], storage: Path, score: Callable[[Candidate], Point]
) -> list[Point]:
    """Score ensembles, each chosen after those before it.

    Args:
        search: the space and the number of trials.
        weights: the weights of the merge YAML.
        storage: an SQLite file, which `optuna-dashboard` opens; a study in it is resumed.
        score: answers and scores a candidate; also called for finished trials, whose points it has saved.

    Returns:
        The points of alpha 0 and alpha 1 at the given weights, then every trial's, in order.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        storage=f"sqlite:///{storage}", study_name="sweep", direction="maximize", load_if_exists=True
    )
    states = optuna.trial.TrialState
    for trial in study.get_trials(states=[states.RUNNING]):  # left by an interruption
        study.tell(trial.number, state=states.FAIL)
    points = [score(Candidate(alpha, weights)) for alpha in (0.0, 1.0)]
    finished = study.get_trials(states=[states.COMPLETE])
    points += [score(_candidate(trial.params, weights)) for trial in finished]
    for number in range(len(finished), search.trials):
        study.sampler = optuna.samplers.TPESampler(
            seed=search.seed + number
        )  # does not depend on what was drawn before an interruption
        asked = study.ask()
        _draw(asked, search, len(weights))
        points.append(score(_candidate(asked.params, weights)))
        study.tell(asked, points[-1].overall.score)
    return points


def _draw(trial: optuna.Trial, search: Search, adapters: int) -> None:
    trial.suggest_float("alpha", *search.alpha)
    if search.weights and adapters > 1:
        for number in range(adapters):
            trial.suggest_float(f"share_{number}", _SMALLEST_SHARE, 1.0)


def _candidate(drawn: Mapping[str, float], weights: tuple[float, ...]) -> Candidate:
    """The ensemble of a trial.

    Its weights have the same sum as the given ones, so that alpha keeps its meaning. A negligible share becomes 0.
    """
    shares = [value for name, value in sorted(drawn.items()) if name.startswith("share_")]
    if shares:
        shares = [share if share >= _NEGLIGIBLE_SHARE * sum(shares) else 0.0 for share in shares]
        weights = tuple(round(sum(weights) * share / sum(shares), _DECIMALS) for share in shares)
    return Candidate(round(drawn["alpha"], _DECIMALS), weights)
