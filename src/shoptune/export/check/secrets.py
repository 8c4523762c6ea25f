"""Find credentials in a submission: a pushed repository is read by its hosts, and later perhaps by everyone."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from shoptune.errors import Problem
from shoptune.export.check.result import Result

_KNOWN: Mapping[str, re.Pattern[str]] = {
    "a Hugging Face token": re.compile(r"\bhf_[A-Za-z0-9]{30,}\b"),
    "a GitHub token": re.compile(r"\b(?:ghp|gho|ghs|ghr|github_pat)_[A-Za-z0-9_]{30,}\b"),
    "a GitLab token": re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}"),
    "an AWS key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "an API key": re.compile(r"\bsk-[A-Za-z0-9_-]{20,}"),
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    "a password in a URL": re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s/:@\"'{}]+:[^\s/:@\"'{}]{3,}@"),
}
_FILES = re.compile(
    r"^(?:\.env(?:\..*)?|\.netrc|\.pypirc|\.npmrc|id_(?:rsa|dsa|ecdsa|ed25519)|.*\.(?:pem|p12|pfx|key))$"
)
_VARIABLE = re.compile(r"(?:TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|ACCESS_KEY|CREDENTIALS?)$", re.IGNORECASE)
_SHORTEST_VALUE = 12
_LARGEST_TEXT = 20 * 2**20  # a file of text; tokenizer.json of a large vocabulary has 11 MB
_REMEDY = "remove it, and revoke it if it was ever pushed"


def check_secrets(folder: Path, variables: Mapping[str, str] = os.environ) -> Result:
    """Search a folder's text files for credentials: known forms, and the values of this machine's secret variables.

    Args:
        folder: the submission.
        variables: environment variables, of which those with names like `HF_TOKEN` are secret.
    """
    values = {
        value: name for name, value in variables.items() if _VARIABLE.search(name) and len(value) >= _SHORTEST_VALUE
    }
    problems: list[Problem] = []
    texts = 0
    for file in sorted(folder.rglob("*")):
        if ".git" in file.relative_to(folder).parts or not file.is_file():
            continue
        if _FILES.match(file.name):
            problems.append(Problem(file, "", "is a file that usually holds credentials", _REMEDY))
        text = _text(file)
        texts += text is not None
        problems += [Problem(file, f"line {line}", what, _REMEDY) for line, what in _found(text or "", values)]
    return Result("secrets", f"{texts} text files", problems)


def _text(file: Path) -> str | None:
    if file.stat().st_size > _LARGEST_TEXT or file.suffix == ".safetensors":
        return None
    data = file.read_bytes()
    return None if b"\0" in data[:8192] else data.decode("utf-8", "replace")


def _found(text: str, values: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    """Yield the line and the kind of each credential in a text."""
    for what, pattern in _KNOWN.items():
        for match in pattern.finditer(text):
            yield text.count("\n", 0, match.start()) + 1, f"holds what looks like {what}"
    for value, name in values.items():
        if (place := text.find(value)) >= 0:
            yield text.count("\n", 0, place) + 1, f"holds the value of the environment variable {name}"
