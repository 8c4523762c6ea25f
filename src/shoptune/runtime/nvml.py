"""GPUs as NVIDIA's management library (NVML) reports them; it needs neither torch nor a CUDA context."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from typing import Any, Final

from shoptune.runtime.machine_facts import Gpu

_SUCCESS: Final = 0
_TEXT_BYTES: Final = 96  # NVML_DEVICE_NAME_V2_BUFFER_SIZE


class _Memory(ctypes.Structure):
    """`nvmlMemory_t`: bytes."""

    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


def load_nvml() -> Any | None:
    """The driver's NVML, or None on a machine without an NVIDIA driver."""
    try:
        return ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return None


def read_gpus(
    load: Callable[[], Any | None], environment: Mapping[str, str]
) -> tuple[tuple[Gpu, ...], tuple[int, ...] | None]:
    """The GPUs that CUDA would show to this process, and the driver's version.

    Args:
        load: opens NVML; None stands for a machine without it.
        environment: `CUDA_VISIBLE_DEVICES` narrows the GPUs, by number or by a prefix of their UUID.

    Returns:
        The GPUs, and the version as in (580, 65, 6); no GPUs and None without a driver.
    """
    library = load()
    if library is None or library.nvmlInit_v2() != _SUCCESS:
        return (), None
    try:
        driver = _driver(library)
        count = ctypes.c_uint()
        if library.nvmlDeviceGetCount_v2(ctypes.byref(count)) != _SUCCESS:
            return (), driver
        devices = [_device(library, number) for number in range(count.value)]
    finally:
        library.nvmlShutdown()
    return tuple(gpu for gpu, _ in _visible(devices, environment.get("CUDA_VISIBLE_DEVICES"))), driver


def _driver(library: Any) -> tuple[int, ...] | None:
    text = ctypes.create_string_buffer(_TEXT_BYTES)
    if library.nvmlSystemGetDriverVersion(text, ctypes.c_uint(_TEXT_BYTES)) != _SUCCESS:
        return None
    parts = text.value.decode().split(".")
    return tuple(int(part) for part in parts if part.isdigit()) or None


def _device(library: Any, number: int) -> tuple[Gpu, str] | None:
    """One GPU and its UUID, or None when NVML cannot read it."""
    handle, memory = ctypes.c_void_p(), _Memory()
    major, minor = ctypes.c_int(), ctypes.c_int()
    name, uuid = ctypes.create_string_buffer(_TEXT_BYTES), ctypes.create_string_buffer(_TEXT_BYTES)
    codes = (
        library.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(number), ctypes.byref(handle)),
        library.nvmlDeviceGetName(handle, name, ctypes.c_uint(_TEXT_BYTES)),
        library.nvmlDeviceGetUUID(handle, uuid, ctypes.c_uint(_TEXT_BYTES)),
        library.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory)),
        library.nvmlDeviceGetCudaComputeCapability(handle, ctypes.byref(major), ctypes.byref(minor)),
    )
    if any(code != _SUCCESS for code in codes):
        return None
    gpu = Gpu(name.value.decode(), memory.total, (major.value, minor.value), free_bytes=memory.free)
    return gpu, uuid.value.decode()


def _visible(devices: list[tuple[Gpu, str] | None], chosen: str | None) -> list[tuple[Gpu, str]]:
    """The devices that `CUDA_VISIBLE_DEVICES` leaves, in its order; like CUDA, it stops at the first invalid entry."""
    if chosen is None:
        return [device for device in devices if device]
    found: list[tuple[Gpu, str]] = []
    for entry in (part.strip() for part in chosen.split(",")):
        if entry.isdigit():
            device = devices[int(entry)] if int(entry) < len(devices) else None
        else:
            device = next((item for item in devices if item and entry and item[1].startswith(entry)), None)
        if device is None:
            break
        found.append(device)
    return found
