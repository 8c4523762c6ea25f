"""Find local folders, or download Hub repositories to local folders."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from shoptune.config.paths import resolved
from shoptune.errors import fail

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")


def local_folder(
    reference: str, patterns: Sequence[str], kind: Literal["model", "dataset"], *, file: Path, key: str
) -> Path:
    """Return a local folder, or the local copy of a Hub repository, which is downloaded first.

    Args:
        reference: a folder, or a Hub id such as `org/name`.
        patterns: the files of the repository to download, as glob patterns.
        kind: the type of the repository.
        file: the config, for errors.
        key: the key path in the config, for errors.

    Raises:
        ShoptuneError: the folder does not exist, and the Hub has no such repository or cannot be reached.
    """
    if Path(folder := resolved(reference)).is_dir():
        return Path(folder)
    if not _HUB_ID.fullmatch(reference):
        raise fail(file, key, f"no folder '{reference}'", "create it first, or use a Hub id such as org/name")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(reference, repo_type=kind, allow_patterns=list(patterns)))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        found = f"no folder '{reference}', and it could not be downloaded from the Hub"
        raise fail(file, key, found, "download it, or use a local folder") from error
