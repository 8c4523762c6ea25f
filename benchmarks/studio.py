"""The time until a page of the studio can be read in a browser, on the demo and on 100,000 generated rows.

Run: .venv/bin/python benchmarks/studio.py [--run runs/demo] [--repeat 5]   (after `make demo`; needs Chromium)

`start` is the time from the command to the first answer. Each page is opened in a new browser context, with an empty
cache, and counts as shown when its heading and the page's own elements are there. `seconds` is the fastest visit and
`slowest` the slowest one; the first page should take less than 2 seconds. `kb` is what the browser received.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from measure import report

if TYPE_CHECKING:
    from playwright.sync_api import Browser

OUT = Path("runs/benchmarks/studio")
ROWS, SHOWN_ROWS = 100_000, 25
FIRST = "/"
_SECONDS_TO_START = 60
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def generate(run: Path) -> None:
    """Write a run with an artifact of 100,000 rows."""
    import duckdb

    from shoptune.artifacts.manifest import Request, fingerprint_of
    from shoptune.artifacts.publish import publish

    query = f"""
        SELECT
            'To which category belongs product ' || n || '?' || repeat(' It is long.', 40) AS input_field,
            (n % 4)::VARCHAR AS output_field, 'multiple-choice' AS task_type, 'task_' || n % 20 AS task_name,
            'source_' || n % 5 AS source, ['en', 'de', 'fr'][1 + n % 3] AS language, 'row-' || n AS row_id
        FROM range({ROWS}) AS numbers(n)
    """

    def write(folder: Path) -> dict[str, str]:
        with duckdb.connect() as database:
            database.execute(f"COPY ({query}) TO '{folder}/train-00000-of-00001.parquet' (COMPRESSION zstd)")
        return {}

    request = Request("data", {"rows": ROWS}, {})
    publish(request, fingerprint_of(request), run / "data-large", write)


@contextmanager
def served(run: Path) -> Iterator[tuple[str, float]]:
    """Serve a run's folder; yields the address, and the seconds until the first answer."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    since = time.perf_counter()
    command = [sys.executable, "-m", "shoptune", "studio", str(run), "--port", str(port), "--quiet"]
    process = subprocess.Popen(command)
    try:
        url = f"http://127.0.0.1:{port}"
        while not _answers(url):
            if process.poll() is not None or time.perf_counter() - since > _SECONDS_TO_START:
                raise RuntimeError("the studio did not start")
            time.sleep(0.02)
        yield url, time.perf_counter() - since
    finally:
        process.terminate()
        process.wait()


def _answers(url: str) -> bool:
    try:
        urlopen(f"{url}/favicon.ico", timeout=5)  # noqa: S310 - our own server
    except HTTPError:
        return True
    except URLError:
        return False
    return True


def visit(browser: Browser, address: str, shown: str) -> tuple[float, float]:
    """Open a page with an empty cache; returns the seconds until an element is shown, and the kB received."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    received: list[float] = []
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    network.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    since = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_selector(shown)
    seconds = time.perf_counter() - since
    context.close()
    return seconds, sum(received) / 1e3


def main() -> None:
    """Visit every page of the demo, and the first and the last page of the generated rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, default=Path("runs/demo"))
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    chromium = next((path for name in _CHROMIUM if (path := shutil.which(name))), None)
    if chromium is None:
        sys.exit("there is no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    from shoptune.studio.page import all_pages

    rows: list[dict[str, object]] = []
    with TemporaryDirectory() as scratch, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        generate(Path(scratch))
        pages = {page.path: "main h1 ~ *" for page in all_pages()} | {FIRST: "[data-artifact]"}
        last = f"/rows?page={ROWS // SHOWN_ROWS}"
        large = {"/rows": ".studio-rows li", last: ".studio-rows li", "/rows?text=product+4242%3F": ".studio-rows li"}
        for run, addresses in ((arguments.run, pages), (Path(scratch), large)):
            with served(run) as (url, start):
                for path, shown in addresses.items():
                    visits = [visit(browser, url + path, shown) for _ in range(arguments.repeat)]
                    times = [seconds for seconds, _ in visits]
                    name = f"{'100,000 rows' if run != arguments.run else run.name}: {path}"
                    figures = {"seconds": min(times), "slowest": max(times), "kb": visits[0][1], "start": start}
                    rows.append({"page": name} | figures)
        browser.close()
    report(f"Pages of the studio, {arguments.repeat} visits each", rows, OUT / "studio.json")


if __name__ == "__main__":
    main()
