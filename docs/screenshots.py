"""Write docs/images/studio-*.png, pictures of the studio's pages, from a run's folder. Needs Chromium.

.venv/bin/python docs/screenshots.py runs/demo                    # the pictures in docs/images
.venv/bin/python docs/screenshots.py runs/demo --all OUT          # every page, wide and narrow, light and dark
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from studio import served

from shoptune.studio.page import all_pages

IMAGES = Path(__file__).with_name("images")
_WIDE, _NARROW, _HEIGHT = 1280, 420, 900
_SETTLED_MILLISECONDS = 1500  # charts are drawn after the page is there
# Addresses that show more of a page than its own; the others are shown as they open.
_SHOWN = {
    "run": "/?artifact=merged",
    "rows": "/rows",
    "training": "/training",
    "merge": "/merge",
    "answers": "/answers",
    "quantization": "/quantization",
    "ask": "/ask",
}


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--all", type=Path, metavar="OUT", help="a folder for every page in all forms")
    arguments = parser.parse_args()
    from playwright.sync_api import sync_playwright

    paths = {name.partition("?")[0] for name in _SHOWN.values()}
    if missing := {page.path for page in all_pages()} - paths:
        sys.exit(f"no picture shows {', '.join(sorted(missing))}")
    chromium = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
    forms = [(_WIDE, "light"), (_WIDE, "dark"), (_NARROW, "light"), (_NARROW, "dark")] if arguments.all else []
    with served(arguments.run) as (url, _), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, path in _SHOWN.items():
            for width, theme in forms or [(_WIDE, "light")]:
                context = browser.new_context(viewport={"width": width, "height": _HEIGHT}, color_scheme=theme)
                page = context.new_page()
                page.goto(url + path)
                page.wait_for_selector("main h1")
                page.wait_for_timeout(_SETTLED_MILLISECONDS)
                form = f"-{width}-{theme}" if arguments.all else ""
                file = (arguments.all or IMAGES) / f"studio-{name}{form}.png"
                file.parent.mkdir(parents=True, exist_ok=True)
                page.screenshot(path=file, full_page=bool(arguments.all))
                sys.stdout.write(f"{file}\n")
                context.close()
        browser.close()


if __name__ == "__main__":
    main()
