"""Reading and writing safetensors files in parts, compared with the library."""

import hashlib
import json
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from shoptune.checkpoints.direct_io import memory_for_reading
from shoptune.checkpoints.tensor_file import DTYPES, TensorSpec, read_header, read_rows, sort_metadata, writing
from shoptune.errors import ShoptuneError

FLOATS = [torch.float32, torch.float16, torch.bfloat16]


def test_the_library_reads_what_is_written(tmp_path: Path) -> None:
    tensors = {"b": torch.arange(12.0).reshape(4, 3), "a": torch.tensor(7, dtype=torch.int64), "e": torch.empty(0, 5)}
    file = tmp_path / "x.safetensors"
    with writing(file, [(name, t.dtype, tuple(t.shape)) for name, t in tensors.items()]) as writer:
        writer.write_rows("b", 0, tensors["b"][:2])
        writer.write_rows("b", 2, tensors["b"][2:])
        writer.write_rows("a", 0, tensors["a"])
        writer.write_rows("e", 0, tensors["e"])
    read = load_file(file)
    assert read.keys() == tensors.keys()
    assert all(torch.equal(read[name], tensors[name]) for name in tensors)
    assert writer.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


def test_bytes_that_are_not_written_are_zero(tmp_path: Path) -> None:
    with writing(tmp_path / "x.safetensors", [("w", torch.bfloat16, (3, 2))]) as writer:
        writer.write_rows("w", 1, torch.ones(1, 2, dtype=torch.bfloat16))
    assert load_file(tmp_path / "x.safetensors")["w"].tolist() == [[0, 0], [1, 1], [0, 0]]


def test_earlier_bytes_cannot_be_written_again(tmp_path: Path) -> None:
    with writing(tmp_path / "x.safetensors", [("w", torch.float32, (3, 2))]) as writer:
        writer.write_rows("w", 1, torch.ones(1, 2))
        with pytest.raises(ValueError, match="has already been written"):
            writer.write_rows("w", 0, torch.ones(1, 2))


def test_rows_are_read_into_memory_that_is_there(tmp_path: Path) -> None:
    save_file({"w": torch.arange(12.0).reshape(4, 3)}, tmp_path / "x.safetensors")
    memory = memory_for_reading(48)
    [spec] = read_header(tmp_path / "x.safetensors")
    assert read_rows(spec, memory=memory).tolist() == torch.arange(12.0).reshape(4, 3).tolist()
    rows = read_rows(spec, 1, 3, memory=memory)
    assert rows.tolist() == [[3, 4, 5], [6, 7, 8]]
    memory[:] = bytes(len(memory))
    assert not rows.any()


@pytest.mark.parametrize(
    ("shape", "size", "runs"),
    [
        ((5, 2), 16, [(0, 2), (2, 4), (4, 5)]),
        ((3, 2), 7, [(0, 1), (1, 2), (2, 3)]),  # a row is larger than the size
        ((), 16, [(0, 1)]),
        ((0, 2), 16, []),
        ((3, 0), 16, [(0, 3)]),
    ],
)
def test_runs_of_rows(shape: tuple[int, ...], size: int, runs: list[tuple[int, int]]) -> None:
    spec = TensorSpec("w", torch.float32, shape, Path("x"), 0)
    assert list(spec.runs_of_rows(size)) == runs


def test_a_file_that_became_shorter_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "x.safetensors"
    save_file({"w": torch.arange(12.0)}, file)
    [spec] = read_header(file)
    file.write_bytes(file.read_bytes()[:-4])
    for memory in (None, memory_for_reading(48)):
        with pytest.raises(EOFError, match=r"x\.safetensors ends "):
            read_rows(spec, memory=memory)


@settings(max_examples=40, deadline=None)
@given(
    rows=st.integers(1, 9),
    columns=st.integers(1, 7),
    dtype=st.sampled_from(FLOATS),
    cut=st.integers(0, 9),
)
def test_any_rows_are_read_as_the_library_reads_them(
    rows: int, columns: int, dtype: torch.dtype, cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("t") / "x.safetensors"
    tensor = torch.randn(rows, columns, generator=torch.Generator().manual_seed(rows)).to(dtype)
    save_file({"first": torch.ones(3), "w": tensor}, file)
    spec = next(spec for spec in read_header(file) if spec.name == "w")
    middle = min(cut, rows)
    assert torch.equal(torch.cat([read_rows(spec, 0, middle), read_rows(spec, middle)]), tensor)


def test_every_element_type_of_the_table_survives(tmp_path: Path) -> None:
    tensors = {name: torch.zeros(2, dtype=dtype) for name, dtype in DTYPES.items()}
    save_file(tensors, tmp_path / "x.safetensors")
    assert {spec.name: spec.dtype for spec in read_header(tmp_path / "x.safetensors")} == dict(DTYPES)


def test_the_header_lists_tensors_in_the_order_of_their_bytes(tmp_path: Path) -> None:
    save_file({"z": torch.ones(2), "a": torch.ones(3), "m": torch.ones(1)}, tmp_path / "x.safetensors")
    offsets = [spec.offset for spec in read_header(tmp_path / "x.safetensors")]
    assert offsets == sorted(offsets)


def test_rows_of_another_type_are_a_mistake(tmp_path: Path) -> None:
    with (
        writing(tmp_path / "x.safetensors", [("w", torch.bfloat16, (1, 1))]) as writer,
        pytest.raises(TypeError, match=r"w is torch\.bfloat16, the rows are torch\.float32"),
    ):
        writer.write_rows("w", 0, torch.ones(1, 1))


def _header(text: bytes) -> bytes:
    return len(text).to_bytes(8, "little") + text


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is not a safetensors file"),
        (b"\x80\x02}q\x00.PK\x03\x04", "is not a safetensors file"),
        (_header(b"{broken"), "is not a safetensors file"),
        (_header(json.dumps({"w": {"dtype": "F4", "shape": [1], "data_offsets": [0, 1]}}).encode()), "element type F4"),
        (_header(json.dumps({"w": {"dtype": "F32", "shape": [9], "data_offsets": [0, 36]}}).encode()), "is truncated"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, content: bytes, problem: str) -> None:
    file = tmp_path / "x.safetensors"
    file.write_bytes(content)
    with pytest.raises(ShoptuneError, match=problem):
        read_header(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ShoptuneError, match="no such file"):
        read_header(tmp_path / "none.safetensors")


def test_sorted_metadata_make_equal_saves_equal_bytes(tmp_path: Path) -> None:
    keys = {"format": "pt", "lm_head.weight": "model.embed_tokens.weight", "überlang": "ü", "a": "1", "z": "2"}
    weight = torch.arange(6.0)
    contents = set()
    for number in range(20):  # the library writes five keys in random order: one of 120 orders per save
        file = tmp_path / f"{number}.safetensors"
        save_file({"b": weight, "a": weight[:2].clone()}, file, metadata=keys)
        sort_metadata(file)
        contents.add(file.read_bytes())
        assert torch.equal(load_file(file)["b"], weight)
    assert len(contents) == 1
    with safe_open(file, "pt") as opened:
        assert opened.metadata() == keys


def test_a_single_metadata_key_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "x.safetensors"
    save_file({"b": torch.ones(2)}, file, metadata={"format": "pt"})
    before = file.read_bytes()
    sort_metadata(file)
    assert file.read_bytes() == before
