"""docs/configs.md equals the output of docs/generate.py."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_tables_of_fields_are_up_to_date(tmp_path: Path) -> None:
    script, page = ROOT / "docs" / "generate.py", ROOT / "docs" / "configs.md"
    (tmp_path / "generate.py").write_bytes(script.read_bytes())
    check = [sys.executable, str(tmp_path / "generate.py"), "--check"]
    missing = subprocess.run(check, check=False, capture_output=True, text=True)
    assert missing.returncode == 1
    assert "out of date" in missing.stderr
    subprocess.run(check[:-1], check=True)
    assert (tmp_path / "configs.md").read_text(encoding="utf-8") == page.read_text(encoding="utf-8")
    assert subprocess.run(check, check=False).returncode == 0
