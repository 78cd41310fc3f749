"""Write a small ONNX file byte by byte: the package that writes them is not installed."""

import struct
from pathlib import Path


def _number(value: int) -> bytes:
    out = bytearray()
    while True:
        value, low = value >> 7, value & 127
        out.append(low | (128 if value else 0))
        if not value:
            return bytes(out)


def _whole(field: int, value: int) -> bytes:
    return _number(field << 3) + _number(value)


def _part(field: int, content: bytes | str) -> bytes:
    content = content.encode() if isinstance(content, str) else content
    return _number(field << 3 | 2) + _number(len(content)) + content


def _value(name: str, shape: tuple[int | str, ...]) -> bytes:
    sides = b"".join(
        _part(1, _whole(1, side) if isinstance(side, int) else _part(2, side)) for side in shape
    )
    tensor = _whole(1, 1) + _part(2, sides)  # 1: float32
    return _part(1, name) + _part(2, _part(1, tensor))


def write_onnx(path: Path, kernel, shape: tuple[int, ...]) -> None:
    """Write a network with the outputs `tokens`, x @ kernel, and `plain`, x itself.

    shape: of the input x, the last axis as long as kernel, (I, O).
    """
    rows, columns = kernel.shape
    data = struct.pack(f"<{kernel.size}f", *kernel.ravel())
    weight = _whole(1, rows) + _whole(1, columns) + _whole(2, 1) + _part(8, "w") + _part(9, data)
    product = _part(1, "x") + _part(1, "w") + _part(2, "tokens") + _part(4, "MatMul")
    same = _part(1, "x") + _part(2, "plain") + _part(4, "Identity")
    graph = (
        _part(1, product) + _part(1, same) + _part(2, "g") + _part(5, weight)
        + _part(11, _value("x", shape))
        + _part(12, _value("tokens", (*shape[:-1], columns)))
        + _part(12, _value("plain", shape))
    )  # fmt: skip
    model = _whole(1, 8) + _part(7, graph) + _part(8, _part(1, "") + _whole(2, 13))
    Path(path).write_bytes(model)
