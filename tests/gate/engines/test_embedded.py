"""The embedded engine: limits on time and memory, recovery, forked processes."""

from __future__ import annotations

import gc
import itertools
import os
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gate.engines import BundleError, EmbeddedEngine, embedded
from gate.engines import wasm as host
from gate.engines.wasm import WasmPolicy
from gate.errors import EngineAnswerError, EngineLateError, EngineUnavailableError

SLOW = """package slow

answer := count([1 | some a in input.xs; some b in input.xs; some c in input.xs; a < b; b < c; c < a])
"""


@pytest.fixture(scope="module")
def slow_module(opa: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A policy that takes the cube of its input's length."""
    folder = tmp_path_factory.mktemp("slow")
    (folder / "slow.rego").write_text(SLOW, "utf-8")
    command = [
        opa,
        "build",
        "--target=wasm",
        "--entrypoint=slow/answer",
        folder / "slow.rego",
        "-o",
        folder / "b.tar.gz",
    ]
    subprocess.run(command, check=True)
    subprocess.run(
        ["tar", "-xzf", folder / "b.tar.gz", "-C", folder, "--absolute-names", "--transform", "s,^/,,"], check=True
    )
    return (folder / "policy.wasm").read_bytes()


def numbers(count: int) -> bytes:
    return b'{"xs": [' + b",".join(b"%d" % number for number in range(count)) + b"]}"


def test_an_endless_evaluation_is_stopped_and_the_next_one_works(slow_module: bytes) -> None:
    policy = WasmPolicy(slow_module, b"{}", "slow/answer")
    start = time.monotonic()
    with pytest.raises(EngineLateError):
        policy.evaluate(numbers(5000), deadline_s=0.1)
    assert time.monotonic() - start < 2
    assert policy.evaluate(numbers(2), deadline_s=5) == b'[{"result":0}]'
    policy.close()


def test_an_input_over_the_memory_limit_is_refused_and_the_next_one_works(
    slow_module: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "LARGEST_MEMORY_B", 8 << 20)
    policy = WasmPolicy(slow_module, b"{}", "slow/answer")
    for document in (numbers(2_000_000), numbers(300_000)):
        with pytest.raises(EngineUnavailableError):
            policy.evaluate(document, deadline_s=60)
    monkeypatch.setattr(host, "LARGEST_MEMORY_B", 1)
    with pytest.raises(EngineUnavailableError, match="cannot be started"):
        policy.evaluate(numbers(2), deadline_s=5)
    monkeypatch.setattr(host, "LARGEST_MEMORY_B", 8 << 20)
    assert policy.evaluate(numbers(2), deadline_s=5) == b'[{"result":0}]'
    policy.close()


async def test_a_document_that_is_cut_off_answers_nobody(facts: dict[str, Any]) -> None:
    engine = EmbeddedEngine()
    with pytest.raises(EngineAnswerError):
        await engine.decide([msgspec.Raw(b'{"features":')], [{"call": 0, "subject": facts["subject"]}], deadline_s=5)  # type: ignore[list-item]
    await engine.close()


def test_an_input_nested_too_deep_is_refused_and_the_next_one_works(slow_module: bytes) -> None:
    policy = WasmPolicy(slow_module, b"{}", "slow/answer")
    with pytest.raises(EngineUnavailableError):
        policy.evaluate(b'{"xs": ' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}", deadline_s=20)
    assert policy.evaluate(numbers(2), deadline_s=5) == b'[{"result":0}]'
    policy.close()


def test_memory_does_not_grow_with_the_number_of_evaluations(slow_module: bytes) -> None:
    policy = WasmPolicy(slow_module, b"{}", "slow/answer")
    policy.evaluate(numbers(20), deadline_s=5)
    instance = policy._instance
    assert instance is not None
    before = instance._memory.data_len(instance._store)
    for _ in range(300):
        policy.evaluate(numbers(20), deadline_s=5)
    assert instance._memory.data_len(instance._store) == before
    policy.close()


def test_the_clock_thread_ends_when_idle_and_starts_again(slow_module: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "IDLE_TICKS", 2)
    policy = WasmPolicy(slow_module, b"{}", "slow/answer")
    policy.evaluate(numbers(2), deadline_s=5)
    end = time.monotonic() + 5
    while policy._ticker._thread is not None and time.monotonic() < end:
        time.sleep(0.01)
    assert policy._ticker._thread is None
    with pytest.raises(EngineLateError):  # longer than the clock waits when idle, which it is not
        policy.evaluate(numbers(5000), deadline_s=0.3)
    policy.close()


async def test_closing_leaves_no_thread() -> None:
    engine = EmbeddedEngine()
    await engine.health()
    clock = engine._policy._ticker._thread
    assert clock in threading.enumerate()
    await engine.close()
    assert clock not in threading.enumerate()


async def test_a_closed_engine_can_be_closed_again_and_even_asked() -> None:
    engine = EmbeddedEngine()
    await engine.close()
    await engine.close()
    assert await engine.decide([], [], deadline_s=5) == []
    await engine.close()


async def test_a_batch_whose_time_is_over_between_two_slices_is_late(
    facts: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = EmbeddedEngine()
    moments = itertools.chain([0.0, 0.0], itertools.repeat(60.0))
    monkeypatch.setattr(embedded, "monotonic", lambda: next(moments))
    with pytest.raises(EngineLateError):
        await engine.decide([facts["call"]], [{"call": 0, "subject": facts["subject"]}] * 100, deadline_s=30)
    await engine.close()


def test_a_module_without_the_decisions_is_refused(slow_module: bytes) -> None:
    with pytest.raises(BundleError, match="no entrypoint"):
        WasmPolicy(slow_module, b"{}", "yumen/gate/decisions")


def test_data_that_is_not_json_is_refused(slow_module: bytes) -> None:
    with pytest.raises(BundleError, match="not JSON"):
        WasmPolicy(slow_module, b"{", "slow/answer")


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_decides_and_keeps_its_deadline(slow_module: bytes) -> None:
    engine, slow = EmbeddedEngine(), WasmPolicy(slow_module, b"{}", "slow/answer")
    engine._policy.evaluate(b"{}", deadline_s=5)
    slow.evaluate(numbers(2), deadline_s=5)
    gc.collect()
    child = os.fork()
    if child == 0:
        os._exit(_in_the_child(engine, slow))
    end, status = time.monotonic() + 20, 0
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        time.sleep(0.02)
    else:
        os.kill(child, 9)
        pytest.fail("the child hung")
    assert os.waitstatus_to_exitcode(status) == 0
    engine._policy.close()
    slow.close()


def _in_the_child(engine: EmbeddedEngine, slow: WasmPolicy) -> int:
    answered = engine._policy.evaluate(b'{"calls":[],"requests":[]}', deadline_s=5) == b'[{"result":[]}]'
    EmbeddedEngine()
    try:
        slow.evaluate(numbers(5000), deadline_s=0.1)
    except EngineLateError:
        return 0 if answered else 1
    return 2
