"""Memory shared with polars through the C data interface of Arrow, without copying it.

See https://arrow.apache.org/docs/format/CDataInterface.html. Polars reads what it is given where it
lies, and says when no column is made of it any more.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray


class _Schema(ctypes.Structure):
    _fields_ = [
        ("format", ctypes.c_char_p),
        ("name", ctypes.c_char_p),
        ("metadata", ctypes.c_char_p),
        ("flags", ctypes.c_int64),
        ("n_children", ctypes.c_int64),
        ("children", ctypes.c_void_p),
        ("dictionary", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("private_data", ctypes.c_void_p),
    ]


class _Array(ctypes.Structure):
    _fields_ = [
        ("length", ctypes.c_int64),
        ("null_count", ctypes.c_int64),
        ("offset", ctypes.c_int64),
        ("n_buffers", ctypes.c_int64),
        ("n_children", ctypes.c_int64),
        ("buffers", ctypes.POINTER(ctypes.c_void_p)),
        ("children", ctypes.c_void_p),
        ("dictionary", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("private_data", ctypes.c_void_p),
    ]


class _Stream(ctypes.Structure):
    _fields_ = [
        ("get_schema", ctypes.c_void_p),
        ("get_next", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(_Array))),
        ("get_last_error", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("private_data", ctypes.c_void_p),
    ]


_Release = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Array))

_capsule = ctypes.pythonapi.PyCapsule_New
_capsule.restype = ctypes.py_object
_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype = ctypes.c_void_p
_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]

_FORMATS = {pl.Float64: b"g", pl.Datetime: b"tsm:", pl.String: b"vu", pl.UInt32: b"I"}
_NULLABLE = 2

_given: dict[int, object] = {}
"""What polars reads from, which must stay where it is until then; by the address of the values."""


def _let_go(array: Any, given: dict[int, object] = _given) -> None:
    given.pop(array[0].private_data, None)
    array[0].release = None


_letting_go = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Array))(_let_go)
ctypes.pythonapi.Py_IncRef(ctypes.py_object(_letting_go))  # called until the very end


class _Column:
    """A column that polars takes over as it is."""

    def __init__(self, schema: _Schema, array: _Array) -> None:
        self._schema, self._array = schema, array

    def __arrow_c_array__(self, requested: object = None) -> tuple[object, object]:
        return (
            _capsule(ctypes.addressof(self._schema), b"arrow_schema", None),
            _capsule(ctypes.addressof(self._array), b"arrow_array", None),
        )


def imported(
    name: str,
    dtype: pl.DataType,
    rows: int,
    missing: int,
    known: NDArray[np.uint8] | None,
    arrays: Sequence[NDArray[Any]],
) -> pl.Series:
    """Make a column of memory that stays where it is as long as there is a column of it.

    Parameters
    ----------
    known
        A bit for each row that is not missing, the first in the lowest; None when none is.
    arrays
        The values; of text its views, and the parts that these point to.
    """
    sizes = np.array([each.nbytes for each in arrays[1:]], np.int64)
    held = [known, *arrays, *([sizes] if dtype == pl.String else [])]
    places = [None if each is None else each.ctypes.data for each in held]
    buffers = (ctypes.c_void_p * len(places))(*places)
    array, place = _Array(rows, missing, 0, len(places), 0, buffers), arrays[0].ctypes.data
    array.release = ctypes.cast(_letting_go, ctypes.c_void_p)
    array.private_data = place
    schema = _Schema(_FORMATS[type(dtype)], name.encode(), None, _NULLABLE)
    _given[place] = (held, buffers)
    return pl.Series(_Column(schema, array)).alias(name)


def place_of(column: pl.Series) -> int | None:
    """Return the address of the values of a column that was `imported`, or None of any other."""
    if column.n_chunks() != 1:
        return None
    with _exported(column) as array:
        place = array.buffers[1]
        return place if place in _given and not array.offset else None


@contextmanager
def _exported(column: pl.Series) -> Iterator[_Array]:
    """Give the first chunk of a column as polars holds it."""
    capsule = column.__arrow_c_stream__(None)
    address = _pointer(capsule, b"arrow_array_stream")
    array = _Array()
    _Stream.from_address(address).get_next(address, ctypes.byref(array))
    try:
        yield array
    finally:
        _Release(array.release)(ctypes.byref(array))


@contextmanager
def text_memory(
    text: pl.Series,
) -> Iterator[tuple[NDArray[np.uint32], list[NDArray[np.uint8]]]]:
    """Give a copy of the views of a chunk of text, and the parts these point to as they lie.

    Views have the shape (rows, 4): the length, and the text itself, or of a longer one its first
    four bytes, its part and its place in that.
    """
    with _exported(text) as array:
        places = [array.buffers[at] for at in range(array.n_buffers)]
        shape = (array.offset + array.length, 4)
        views = _at(places[1], shape, ctypes.c_uint32)[array.offset :].copy()
        sizes = _at(places[-1], (len(places) - 3,), ctypes.c_int64).tolist()
        pairs = zip(places[2:-1], sizes, strict=True)
        yield views, [_at(place, (size,), ctypes.c_uint8) for place, size in pairs]


def _at(place: int | None, shape: tuple[int, ...], kind: Any) -> NDArray[Any]:
    if not place or 0 in shape:
        return np.zeros(shape, kind)
    whole = kind * int(np.prod(shape))
    return np.ctypeslib.as_array(whole.from_address(place)).reshape(shape)
