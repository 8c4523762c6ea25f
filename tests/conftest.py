"""Shared fixtures: the locations of the examples and the real data."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings

from shoptune.runtime.gc_tuning import tune_garbage_collection
from tests.installed import Installed, install
from tests.warm.interpreters import WarmInterpreters

ROOT = Path(__file__).parents[1]
REAL_DATA = ROOT.parent / "shared" / "data"

# The duration of an example depends more on the machine's load than on the code.
settings.register_profile("loaded", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("loaded")


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def examples() -> Path:
    """The made-up shop, its questions and the tiny base model."""
    return ROOT / "examples"


@pytest.fixture(scope="session")
def tiny_base() -> Path:
    """The tiny base model's checkpoint."""
    return ROOT / "examples" / "tiny_base"


def pytest_configure(config: pytest.Config) -> None:
    """Use cache folders that the processes of one run share, instead of the user's, and collect garbage less often.

    In the user's, datasets finds a local folder by its name: it would give the rows of a folder of an earlier run.
    """
    for cache in ("SHOPTUNE_CACHE", "HF_DATASETS_CACHE"):
        if cache not in os.environ:
            folder = TemporaryDirectory(prefix="shoptune-cache-")
            os.environ[cache] = folder.name
            config.add_cleanup(folder.cleanup)
    tune_garbage_collection()  # as the command does; collecting the tests takes a seventh less


def pytest_unconfigure() -> None:
    """Exclude what the tests have loaded from the collections at the end of the process, which take three seconds."""
    gc.freeze()


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of pytest-xdist share; see tests/sharing.py."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def installed(shared_folder: Path) -> Iterator[Installed]:
    """shoptune installed from a wheel, elsewhere on the disk."""
    with install(shared_folder) as made:
        yield made


@pytest.fixture(scope="session", autouse=True)
def warm_interpreters(shared_folder: Path) -> Iterator[WarmInterpreters]:
    """Interpreters with the slow libraries imported; each starts when a test first uses it."""
    WarmInterpreters.current = WarmInterpreters(shared_folder / "warm")
    yield WarmInterpreters.current
    WarmInterpreters.current.close()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that rewrites golden files."""
    parser.addoption("--update-golden", action="store_true", help="write the golden files instead of comparing")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether to rewrite golden files."""
    return bool(request.config.getoption("--update-golden"))


def _real(path: str) -> Path:
    if not (REAL_DATA / path).exists():
        pytest.skip(f"the real data are not here: shared/data/{path}")
    return REAL_DATA / path


@pytest.fixture(scope="session")
def development() -> Path:
    """The benchmark's 96 public development questions."""
    return _real("shopbench/development.json")


@pytest.fixture(scope="session")
def real_mmlu() -> Path:
    """Real MMLU files, as CSV with a header."""
    return _real("mmlu")


@pytest.fixture(scope="session")
def ecguide() -> Path:
    """Questions written by another team of the challenge."""
    return _real("ecguide")


@pytest.fixture(scope="session")
def real_amazon_m2() -> Path:
    """Real Amazon-M2 sessions, as CSV and as Parquet."""
    return _real("amazon_m2")


@pytest.fixture(scope="session")
def reviews2023() -> Path:
    """Real products and reviews of Amazon Reviews 2023."""
    return _real("reviews2023")


@pytest.fixture(scope="session")
def real_qwen2_configs() -> Path:
    """The `config.json` files of the Qwen2 family as published."""
    return _real("qwen2/configs")


@pytest.fixture(scope="session")
def real_qwen2_tokenizer() -> Path:
    """The folder of Qwen2's real tokenizer, with the chat template of Qwen2-Instruct."""
    return _real("qwen2/tokenizer")
