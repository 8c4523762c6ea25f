"""A library is imported without the optional libraries that it would import too."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from shoptune.runtime.lean_import import without


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "made_up_optional.py").write_text("")
    (tmp_path / "made_up_library.py").write_text(
        "try:\n    import made_up_optional\nexcept ImportError:\n    made_up_optional = None\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("made_up_library", "made_up_optional"):
        monkeypatch.setitem(sys.modules, name, None)
        monkeypatch.delitem(sys.modules, name)


@pytest.mark.usefixtures("library")
def test_the_optional_library_is_not_imported_and_can_be_later() -> None:
    with without("made_up_optional"):
        assert importlib.import_module("made_up_library").made_up_optional is None
    assert importlib.import_module("made_up_optional")


@pytest.mark.usefixtures("library")
def test_what_has_been_imported_is_used() -> None:
    optional = importlib.import_module("made_up_optional")
    with without("made_up_optional"):
        assert importlib.import_module("made_up_library").made_up_optional is optional
    assert sys.modules["made_up_optional"] is optional


@pytest.mark.usefixtures("library")
def test_an_error_leaves_nothing_behind() -> None:
    with pytest.raises(ModuleNotFoundError, match="made_up_optional"), without("made_up_optional"):
        importlib.import_module("made_up_optional")
    assert importlib.import_module("made_up_optional")


def test_rouge_l_needs_neither_scipy_nor_pandas() -> None:
    script = (
        "import json, sys; from shoptune.shopbench.metrics.rouge_l import rouge_l; score = rouge_l('a b', 'a b c d'); "
        "print(json.dumps([score, sorted({'pandas', 'scipy', 'sklearn'} & sys.modules.keys())])); import scipy.stats"
    )
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert json.loads(printed) == [pytest.approx(2 / 3), []]
