"""Read and write safetensors files in parts, so that memory does not grow with the size of a shard.

The safetensors library maps a whole file or loads it into memory, which a merge of a 72B model must avoid. The format
(eight bytes of header length, a JSON header, and the tensors' bytes without gaps) is simple enough to stream by hand.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from shoptune.checkpoints import direct_io
from shoptune.errors import fail

_LENGTH_BYTES = 8
_MAX_HEADER_BYTES = 100_000_000  # the limit of the safetensors library
_ALIGNMENT = 8
_ZEROS = bytes(1 << 20)

DTYPES: Mapping[str, torch.dtype] = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
}
_NAMES = {dtype: name for name, dtype in DTYPES.items()}


@dataclass(frozen=True)
class TensorSpec:
    """The location of a tensor: file, first byte, shape and element type."""

    name: str
    dtype: torch.dtype
    shape: tuple[int, ...]
    file: Path
    offset: int

    @property
    def rows(self) -> int:
        """The number of slices along the first axis; 1 for a scalar."""
        return self.shape[0] if self.shape else 1

    @property
    def nbytes(self) -> int:
        """The size of the tensor, in bytes."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def row_bytes(self) -> int:
        """The size of one slice along the first axis, in bytes."""
        return math.prod(self.shape[1:]) * self.dtype.itemsize

    def runs_of_rows(self, size: int) -> Iterator[tuple[int, int]]:
        """Yield consecutive ranges of rows, as (first, last + 1), of at most `size` bytes but at least one row."""
        step = max(1, size // max(1, self.row_bytes))
        for first in range(0, self.rows, step):
            yield first, min(self.rows, first + step)


def read_header(file: Path) -> list[TensorSpec]:
    """Read the header of a safetensors file, and return its tensors in the order of their bytes.

    Raises:
        ShoptuneError: the file is missing, truncated, or not in the safetensors format.
    """
    if not file.is_file():
        raise fail(file, "", "no such file", "download the checkpoint again")
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(_LENGTH_BYTES), "little")
        if not 0 < length <= _MAX_HEADER_BYTES:
            raise fail(file, "", "is not a safetensors file", "convert it with the safetensors library")
        try:
            header = json.loads(stream.read(length))
        except ValueError as error:
            raise fail(file, "", "is not a safetensors file", "convert it with the safetensors library") from error
    header.pop("__metadata__", None)
    start = _LENGTH_BYTES + length
    specs = []
    for name, entry in header.items():
        if entry["dtype"] not in DTYPES:
            raise fail(
                file, name, f"has the unknown element type {entry['dtype']}", "convert it to float16 or bfloat16"
            )
        spec = TensorSpec(name, DTYPES[entry["dtype"]], tuple(entry["shape"]), file, start + entry["data_offsets"][0])
        specs.append(spec)
    specs.sort(key=lambda spec: spec.offset)
    if specs and specs[-1].offset + specs[-1].nbytes > file.stat().st_size:
        raise fail(file, "", "is truncated", "download it again")
    return specs


def sort_metadata(file: Path) -> None:
    """Sort the metadata in a file's header by key, in place.

    The safetensors library writes metadata in the order of a randomly seeded hash map, so the bytes of a file with two
    or more keys differ each time it is saved.

    Raises:
        ValueError: the sorted header is longer than the current one.
    """
    with file.open("r+b") as stream:
        length = int.from_bytes(stream.read(_LENGTH_BYTES), "little")
        header = json.loads(stream.read(length))
        if len(header.get("__metadata__", {})) < 2:  # noqa: PLR2004 - one key has one order
            return
        header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
        text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
        if len(text) > length:
            raise ValueError(f"the header of {file} does not fit")
        stream.seek(_LENGTH_BYTES)
        stream.write(text.ljust(length))


def read_rows(
    spec: TensorSpec, first: int = 0, last: int | None = None, *, memory: memoryview | None = None
) -> torch.Tensor:
    """Read the rows of a tensor from `first` to `last` (excluded); all rows by default.

    Args:
        spec: the tensor.
        first: the first row.
        last: the row after the last.
        memory: a buffer from `direct_io.memory_for_reading`. Reading into it bypasses the page cache unless the rows
            are already cached. If None, memory is allocated.

    Raises:
        EOFError: the file has become shorter.
    """
    last = spec.rows if last is None else last
    shape = (last - first, *spec.shape[1:]) if spec.shape else ()
    size, offset = (last - first) * spec.row_bytes, spec.offset + first * spec.row_bytes
    if not size:
        return torch.empty(shape, dtype=spec.dtype)
    if memory is not None:
        data = direct_io.read(spec.file, offset, size, memory)
    else:
        data = memoryview(bytearray(size))
        with spec.file.open("rb") as stream:
            stream.seek(offset)
            if stream.readinto(data) < size:
                raise EOFError(f"{spec.file} ends before byte {offset + size}")
    return torch.frombuffer(data, dtype=spec.dtype).reshape(shape)


def mapped(spec: TensorSpec) -> torch.Tensor:
    """A whole tensor, mapped from its file: parts of it are read as they are used. Writing to it changes no file."""
    if not spec.nbytes:
        return torch.empty(spec.shape, dtype=spec.dtype)
    data = np.memmap(spec.file, mode="c", offset=spec.offset, shape=(spec.nbytes,), dtype=np.uint8)
    return torch.from_numpy(data).view(spec.dtype).reshape(spec.shape)


class TensorFileWriter:
    """Writes a safetensors file from beginning to end, given the shapes of all tensors."""

    def __init__(self, file: Path, tensors: Iterable[tuple[str, torch.dtype, tuple[int, ...]]]) -> None:
        header: dict[str, object] = {"__metadata__": {"format": "pt"}}
        offset = 0
        layout = []
        for name, dtype, shape in tensors:
            spec = TensorSpec(name, dtype, shape, file, offset)
            end = offset + spec.nbytes
            header[name] = {"dtype": _NAMES[dtype], "shape": list(shape), "data_offsets": [offset, end]}
            layout.append(spec)
            offset = end
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % _ALIGNMENT)
        start = _LENGTH_BYTES + len(text)
        self._specs = {spec.name: replace(spec, offset=start + spec.offset) for spec in layout}
        self._size = start + offset
        self._file = direct_io.DirectWriter(file)
        self._file.append(memoryview(len(text).to_bytes(_LENGTH_BYTES, "little") + text))

    @property
    def sha256(self) -> str:
        """The SHA-256 digest of the bytes written so far, or of the whole file after `close`."""
        return self._file.sha256

    def write_rows(self, name: str, first: int, rows: torch.Tensor) -> None:
        """Write rows of a tensor, starting at row `first`. Bytes that are skipped are zero.

        Raises:
            TypeError: the element type of `rows` differs from that of the tensor.
            ValueError: bytes after that position have already been written.
        """
        spec = self._specs[name]
        if rows.dtype != spec.dtype:
            raise TypeError(f"{name} is {spec.dtype}, the rows are {rows.dtype}")
        if rows.numel():
            self._fill_up_to(spec.offset + first * spec.row_bytes)
            data = rows.detach().contiguous().flatten().view(torch.uint8).numpy().data
            self._file.append(memoryview(data))

    def close(self) -> None:
        """Fill the rest of the file with zeros and close it."""
        self._fill_up_to(self._size)
        self._file.close()

    def abandon(self) -> None:
        """Close the file without completing it."""
        self._file.abandon()

    def _fill_up_to(self, offset: int) -> None:
        if offset < self._file.size:
            raise ValueError(f"byte {offset} has already been written")
        while missing := offset - self._file.size:
            self._file.append(memoryview(_ZEROS)[:missing])


@contextmanager
def writing(file: Path, tensors: Iterable[tuple[str, torch.dtype, tuple[int, ...]]]) -> Iterator[TensorFileWriter]:
    """Open a writer, and close it at the end of the block."""
    writer = TensorFileWriter(file, tensors)
    try:
        yield writer
    except BaseException:
        writer.abandon()
        raise
    writer.close()
