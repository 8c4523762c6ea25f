"""The models of a run that the studio can serve, and how each of them is asked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from shoptune.infer.profile import Profile
from shoptune.report.collect import model_names
from shoptune.studio.reading.asking import Way, way_of
from shoptune.studio.reading.recorded import recorded_input
from shoptune.studio.run_folder import Artifact, RunFolder

_STAGES = ("merge", "quantize")  # their artifacts are checkpoints


@dataclass(frozen=True)
class Servable:
    """A checkpoint of a run.

    Attributes:
        name: the name of the artifact with its answers, or of the checkpoint's own if there are none.
        checkpoint: the checkpoint's folder.
        way: how it is asked: as in its artifact of `shoptune infer`, or as by default.
    """

    name: str
    checkpoint: Path
    way: Way


def servable(run: RunFolder) -> list[Servable]:
    """Return the checkpoints of a run that can be served, including bases outside of it that answered questions.

    A base that answered questions is served from its recorded folder. Adapters that were not merged are left out.
    """
    answers = [artifact for artifact in run.of_stage("infer") if "adapter" not in artifact.manifest.get("inputs", {})]
    found = []
    for name, artifact in zip(model_names([each.name for each in answers]), answers, strict=True):
        checkpoint, way = _checkpoint_of(run, artifact), way_of(run, artifact)
        if checkpoint and way:
            found.append(Servable(name, checkpoint, Way(way.profile, checkpoint, way.notes)))
    served = {each.checkpoint for each in found}
    for artifact in (artifact for stage in _STAGES for artifact in run.of_stage(stage)):
        if artifact.path not in served and _is_checkpoint(artifact.path):
            way = Way(found[0].way.profile if found else Profile(), artifact.path)
            found.append(Servable(artifact.name, artifact.path, way))
    return found


def _checkpoint_of(run: RunFolder, answers: Artifact) -> Path | None:
    """Return the folder of the model that answered. Without a manifest in it, it is not checked for changes since."""
    unchanged = recorded_input(run, answers, "model")
    path = Path(answers.manifest.get("inputs", {}).get("model", {}).get("path", ""))
    elsewhere = [path] if path.is_absolute() else [folder / path for folder in (Path.cwd(), *run.root.parents)]
    folders = [unchanged] if unchanged else elsewhere
    return next((folder.resolve() for folder in folders if _is_checkpoint(folder)), None)


def _is_checkpoint(folder: Path) -> bool:
    return (folder / "config.json").is_file() and any(folder.glob("*.safetensors"))
