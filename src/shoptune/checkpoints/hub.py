"""Hub repositories as local folders."""

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
    """A local folder, or a hub repository that is downloaded first.

    Args:
        reference: what a config says: a folder, or an id as `org/name`.
        patterns: which of the repository's files to download.
        kind: of the repository.
        file: the config, for the error.
        key: the key path in it, for the error.

    Raises:
        ShoptuneError: the folder does not exist, and the hub does not have it or cannot be reached.
    """
    if Path(folder := resolved(reference)).is_dir():
        return Path(folder)
    if not _HUB_ID.fullmatch(reference):
        raise fail(file, key, f"no folder '{reference}'", "make it first, or name a hub id like org/name")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(reference, repo_type=kind, allow_patterns=list(patterns)))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        found = f"no folder '{reference}', and the hub could not be asked for it"
        raise fail(file, key, found, "download it, or name a folder") from error
