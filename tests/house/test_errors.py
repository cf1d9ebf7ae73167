"""Errors carry stable codes and nothing personal."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

from tests.house import tree

CODE = re.compile(r"[a-z]+/[a-z][a-z0-9_]*")


def _leaves(room: str) -> list[type[Exception]]:
    module = importlib.import_module(f"{room}.errors")
    classes = [item for _, item in inspect.getmembers(module, inspect.isclass) if issubclass(item, Exception)]
    return [item for item in classes if item.__module__ == module.__name__ and not item.__subclasses__()]


ROOMS = [room for room in tree.ROOMS if Path(room, "errors.py") in tree.files()]


@pytest.mark.parametrize("room", ROOMS)
def test_every_leaf_error_has_a_code_of_its_room(room: str) -> None:
    odd = [
        item.__name__
        for item in _leaves(room)
        if not CODE.fullmatch(getattr(item, "code", "")) or not item.__name__.endswith("Error")
    ]
    assert odd == []


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_one_root_error(room: str) -> None:
    module = importlib.import_module(f"{room}.errors")
    roots = {
        next(base for base in reversed(item.__mro__) if base.__module__ == module.__name__).__name__
        for item in _leaves(room)
    }
    assert len(roots) == 1, roots


def test_codes_are_unique_across_rooms() -> None:
    codes = [item.code for room in ROOMS for item in _leaves(room)]  # type: ignore[attr-defined]
    assert sorted(codes) == sorted(set(codes))
