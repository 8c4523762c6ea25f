"""The pipeline of a run, read from manifests: artifacts, their states, and what was made from what."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any

from shoptune.artifacts.manifest import MANIFEST, digest
from shoptune.errors import ShoptuneError
from shoptune.runtime.progress_file import is_alive, read_progress
from shoptune.studio.reading.origins import Origins
from shoptune.studio.run_folder import Artifact, RunFolder

_HASHED_BYTES = 1 << 24  # larger inputs are compared by time: hashing them would keep the page waiting


class State(Enum):
    """The state of an artifact."""

    CURRENT = "current"
    STALE = "stale"
    MISSING = "missing"
    RUNNING = "running"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Input:
    """An input of an artifact.

    Attributes:
        name: the input's name in the manifest.
        path: its path in the manifest.
        artifact: the name of the run's artifact that it is or lies in, or None if it lies elsewhere.
        change: how it differs from when the artifact was made, or an empty text.
    """

    name: str
    path: str
    artifact: str | None
    change: str = ""


@dataclass(frozen=True)
class Node:
    """An artifact of the pipeline, which may be missing or unfinished.

    Attributes:
        name: its path relative to the run's folder.
        stage: the stage that makes it, or an empty text if that is unknown.
        state: whether it is there and up to date.
        reasons: why it is in that state, if it is not current.
        inputs: the inputs.
        command: the command that made it, or that makes it.
        seconds: how long that took, or None.
        bytes: the size of its files, or None.
        done: the share of the work that is done, from 0 to 1, or None if no stage is working on it.
        note: the progress of that stage in words.
    """

    name: str
    stage: str
    state: State
    reasons: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()
    command: str = ""
    seconds: float | None = None
    bytes: int | None = None
    done: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Pipeline:
    """The nodes by name, each after those that it was made from where possible."""

    nodes: Mapping[str, Node] = field(default_factory=dict)

    def upstream(self, name: str) -> set[str]:
        """Return the names of all nodes that a node was made from, directly or not."""
        return self._reached(name, {node.name: _sources(node) for node in self.nodes.values()})

    def downstream(self, name: str) -> set[str]:
        """Return the names of all nodes that were made from a node, directly or not."""
        users: dict[str, list[str]] = {}
        for node in self.nodes.values():
            for source in _sources(node):
                users.setdefault(source, []).append(node.name)
        return self._reached(name, users)

    def _reached(self, name: str, neighbors: Mapping[str, Sequence[str]]) -> set[str]:
        found: set[str] = set()
        waiting = [name]
        while waiting:
            for neighbor in neighbors.get(waiting.pop(), ()):
                if neighbor not in found:
                    found.add(neighbor)
                    waiting.append(neighbor)
        return found - {name}


def _sources(node: Node) -> list[str]:
    return list(dict.fromkeys(each.artifact for each in node.inputs if each.artifact))


def pipeline_of(run: RunFolder) -> Pipeline:
    """Read the pipeline of a run.

    An artifact is stale if an input differs from the one recorded in its manifest, or if the config that its command
    names is newer, or if an input is stale. Running the command again updates it, or confirms that it is current.
    """
    artifacts = {artifact.name: artifact for artifact in run.artifacts()}
    origins = Origins.of(run.root, list(artifacts.values()))
    nodes = {name: _complete(artifact, artifacts, origins) for name, artifact in artifacts.items()}
    for directory in run.unfinished():
        name = directory.relative_to(run.root).as_posix().removesuffix(".partial")
        nodes[name] = _unfinished(directory, name, nodes.get(name), origins)
    wanted = {source for node in nodes.values() for source in _sources(node)}
    nodes |= {name: Node(name, "", State.MISSING, ("an input of others",)) for name in sorted(wanted - nodes.keys())}
    return Pipeline(_with_stale_inputs(nodes))


def _complete(artifact: Artifact, artifacts: Mapping[str, Artifact], origins: Origins) -> Node:
    manifest = artifact.manifest
    inputs = [
        _compared(name, entry, artifact, artifacts, origins) for name, entry in manifest.get("inputs", {}).items()
    ]
    command = [str(part) for part in manifest.get("command", [])]
    inputs += _config_input(command, inputs, artifact, origins)
    reasons = tuple(f"{each.path} {each.change}" for each in inputs if each.change)
    return Node(
        name=artifact.name,
        stage=artifact.stage,
        state=State.STALE if reasons else State.CURRENT,
        reasons=reasons,
        inputs=tuple(inputs),
        command=command_line(command),
        seconds=float(manifest.get("seconds", 0)),
        bytes=artifact.bytes,
    )


def _compared(
    name: str, entry: Mapping[str, Any], made: Artifact, artifacts: Mapping[str, Artifact], origins: Origins
) -> Input:
    """Compare an input with what the manifest recorded."""
    path, sha256 = str(entry["path"]), entry["sha256"]
    inside = origins.inside(path)
    if inside is None:
        return Input(name, path, None, _change_outside(Path(path), sha256, made))
    owner = origins.owner(inside, artifacts)
    if owner is None:
        change = "" if (origins.root / inside).is_file() else "is missing"
        return Input(name, path, None if not change else inside, change)
    artifact = artifacts[owner]
    try:
        if (origins.root / inside).is_dir():  # an artifact, or a folder in it, such as a source's tables
            same = digest(origins.root / inside) == sha256
        else:
            outputs = artifact.manifest["outputs"]
            same = outputs.get(inside.removeprefix(f"{owner}/"), {}).get("sha256") == sha256
    except ShoptuneError as error:
        return Input(name, path, owner, f"is damaged ({error.problems[0].what})")
    return Input(name, path, owner, "" if same else "has changed")


def _change_outside(path: Path, sha256: str, made: Artifact) -> str:
    """Compare an input from outside the run, if it is where the manifest says; large ones by their time."""
    if path.is_file():
        if path.stat().st_size <= _HASHED_BYTES:
            return "" if digest(path) == sha256 else "has changed"
        return "is newer" if path.stat().st_mtime > (made.path / MANIFEST).stat().st_mtime else ""
    if (path / MANIFEST).is_file():
        try:
            return "" if digest(path) == sha256 else "has changed"
        except ShoptuneError:
            return "is damaged"
    return ""


def _config_input(command: Sequence[str], inputs: Sequence[Input], made: Artifact, origins: Origins) -> list[Input]:
    """The config that the command names, unless it is among the inputs."""
    found = []
    for part in command[2:4]:
        if not part.endswith((".yaml", ".yml")) or any(each.path == part for each in inputs):
            continue
        inside = origins.inside(part)
        path = origins.root / inside if inside else Path(part)
        newer = path.is_file() and path.stat().st_mtime > (made.path / MANIFEST).stat().st_mtime
        owner = inside.rpartition("/")[0] if inside else None
        found.append(Input("config", part, owner or None, "is newer" if newer else ""))
    return found


def _unfinished(directory: Path, name: str, before: Node | None, origins: Origins) -> Node:
    """The node of an artifact that a stage is writing, or has stopped writing."""
    progress = read_progress(directory) or {}
    running = bool(progress) and is_alive(progress)
    inputs = []
    for key, path in dict(progress.get("inputs", {})).items():
        inside = origins.inside(str(path))
        inputs.append(Input(str(key), str(path), inside.removesuffix("/predictions.jsonl") if inside else None))
    command = command_line([str(part) for part in progress.get("command", [])])
    return Node(
        name=name,
        stage=str(progress.get("stage") or (before.stage if before else "")),
        state=State.RUNNING if running else State.INTERRUPTED,
        reasons=() if running else ("a stage stopped before it had finished; run its command again",),
        inputs=tuple(inputs) or (before.inputs if before else ()),
        command=command or (before.command if before else ""),
        done=float(progress.get("done", 0)) if running else None,
        note=str(progress.get("note", "")),
    )


def _with_stale_inputs(nodes: Mapping[str, Node]) -> dict[str, Node]:
    """Mark nodes as stale whose inputs, directly or not, are not current."""
    known = dict(nodes)
    changed = True
    while changed:
        changed = False
        for name, node in list(known.items()):
            if node.state is not State.CURRENT:
                continue
            late = [s for s in _sources(node) if s in known and known[s].state is not State.CURRENT]
            if late:
                reasons = tuple(f"{source} is {known[source].state.value}" for source in late)
                known[name] = replace(node, state=State.STALE, reasons=reasons)
                changed = True
    return known


def command_line(command: Sequence[str]) -> str:
    """Return a recorded command as the user would type it."""
    return shlex.join(["shoptune", *command[1:]]) if command else ""
