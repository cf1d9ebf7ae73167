"""A host for policies that OPA compiled to WebAssembly (OPA's Wasm ABI 1.2 or newer, one-shot ``opa_eval``).

Rules:
- the module may import its memory, ``opa_abort``, ``opa_println`` and the builtin trampolines, nothing else;
- the builtins it asks the host for must all be on the allow-list, which is empty: a policy is a pure function;
- every evaluation starts from the same heap, has a time limit and lives under a memory limit;
- after any trap the instance is thrown away and the next evaluation starts with a fresh one;
- compilation is single-threaded, because the compiler's thread pool hangs in a process that was forked.

One instance serves one evaluation at a time; a lock sees to that.
"""

from __future__ import annotations

import ctypes
import math
import os
import threading
from functools import lru_cache
from typing import Any

import msgspec
import wasmtime
from wasmtime import _ffi

from gate.errors import BundleError, EngineLateError, EngineUnavailableError

ALLOWED_BUILTINS: frozenset[str] = frozenset()
BUILTIN_ARITIES = range(5)
LARGEST_MEMORY_B = 256 << 20
PAGE_B = 64 << 10
TICK_S = 0.005
IDLE_TICKS = 200

_HOST_FUNCTIONS = frozenset({"opa_abort", "opa_println", *(f"opa_builtin{arity}" for arity in BUILTIN_ARITIES)})


class WasmPolicy:
    """A compiled policy, ready to evaluate inputs.

    Raises: BundleError: not a policy module, or one that needs functions outside the allow-list.
    """

    def __init__(self, module: bytes, data: bytes, entrypoint: str) -> None:
        self._engine = wasmtime.Engine(_config())
        self._ticker = _Ticker(self._engine)
        self._data = data
        self._lock = threading.Lock()
        try:
            self._module = wasmtime.Module.deserialize(self._engine, _compiled(module))
        except wasmtime.WasmtimeError as fault:
            raise BundleError("the policy module is not WebAssembly") from fault
        _check_imports(self._module)
        try:
            instance = self._instantiate()
            _check_builtins(instance.document("builtins"))
            self._entrypoint: int = instance.document("entrypoints")[entrypoint]
        except (KeyError, TypeError, wasmtime.WasmtimeError, wasmtime.Trap) as fault:
            raise BundleError(f"the policy module has no entrypoint {entrypoint}") from fault
        self._instance: _Instance | None = instance

    def evaluate(self, document: bytes, *, deadline_s: float) -> bytes:
        """Evaluate the entrypoint on an input document; returns the result set as JSON.

        Raises: EngineLateError: over the deadline. EngineUnavailableError: trapped, or out of memory.
        """
        with self._lock:
            instance, self._instance = self._instance or self._renew(), None
            self._ticker.begin()
            try:
                result = instance.evaluate(self._entrypoint, document, math.ceil(deadline_s / TICK_S) + 1)
            except wasmtime.Trap as fault:
                if fault.trap_code is wasmtime.TrapCode.INTERRUPT:
                    raise EngineLateError("stopped at the deadline") from fault
                raise EngineUnavailableError("the policy trapped") from fault
            except (wasmtime.WasmtimeError, IndexError, ValueError) as fault:
                raise EngineUnavailableError("the policy failed") from fault
            finally:
                self._ticker.end()
            self._instance = instance
            return result

    def close(self) -> None:
        """Stop the clock thread and drop the instance."""
        with self._lock:
            self._ticker.stop()
            self._instance = None

    def _renew(self) -> _Instance:
        try:
            return self._instantiate()
        except (wasmtime.Trap, wasmtime.WasmtimeError) as fault:
            raise EngineUnavailableError("the policy cannot be started") from fault

    def _instantiate(self) -> _Instance:
        return _Instance(self._engine, self._module, self._data)


def _config() -> wasmtime.Config:
    config = wasmtime.Config()
    config.parallel_compilation = False
    config.epoch_interruption = True
    return config


@lru_cache(maxsize=4)
def _compiled(module: bytes) -> bytearray:
    """A module as machine code, compiled once in a process: that takes a hundred times as long as loading it.

    The clock of an engine is all its instances' clock, so every policy has an engine of its own.
    """
    return wasmtime.Module(wasmtime.Engine(_config()), module).serialize()


class _Instance:
    """One instance with its memory and the data document loaded."""

    def __init__(self, engine: wasmtime.Engine, module: wasmtime.Module, data: bytes) -> None:
        self._store = wasmtime.Store(engine)
        self._store.set_limits(memory_size=LARGEST_MEMORY_B)
        self._store.set_epoch_deadline(1 << 40)
        memory_type = next(item.type for item in module.imports if isinstance(item.type, wasmtime.MemoryType))
        self._memory = wasmtime.Memory(self._store, memory_type)
        linker = wasmtime.Linker(engine)
        linker.define(self._store, "env", "memory", self._memory)
        for name, function in _host_functions(self._store).items():
            linker.define(self._store, "env", name, function)
        self._exports = linker.instantiate(self._store, module).exports(self._store)
        self._evaluate = _DirectCall(self._store, self._exports["opa_eval"], 7)
        self._heap_end = _DirectCall(self._store, self._exports["opa_heap_ptr_get"], 0)
        self._data_address = self._load(data)
        self._heap_start = self._call("opa_heap_ptr_get")

    def evaluate(self, entrypoint: int, document: bytes, ticks: int) -> bytes:
        """Run ``opa_eval`` on an input placed at the start of the heap."""
        size = len(document)
        missing = self._heap_start + size - self._memory.data_len(self._store)
        if missing > 0:
            self._memory.grow(self._store, -(-missing // PAGE_B))
        self._memory.write(self._store, document, self._heap_start)
        self._store.set_epoch_deadline(ticks)
        return self._text(
            self._evaluate(0, entrypoint, self._data_address, self._heap_start, size, self._heap_start + size, 0)
        )

    def document(self, name: str) -> Any:
        """Decode the JSON document that an export returns."""
        return msgspec.json.decode(self._text(self._call("opa_json_dump", self._call(name))))

    def _load(self, document: bytes) -> int:
        address = self._call("opa_malloc", len(document))
        self._memory.write(self._store, document, address)
        loaded = self._call("opa_json_parse", address, len(document))
        if loaded == 0:
            raise BundleError("the policy's data is not JSON")
        return loaded

    def _text(self, address: int) -> bytes:
        found = self._memory.read(self._store, address, self._heap_end())
        return bytes(found[: found.index(0)])

    def _call(self, name: str, *arguments: int) -> int:
        result: int = self._exports[name](self._store, *arguments)  # type: ignore[operator] # exports are callable
        return result


class _DirectCall:
    """A call of words to a word through wasmtime's C interface, with the argument array kept between calls.

    ``wasmtime.Func`` works out its type and converts every argument at each call, which costs twenty times the call
    itself: 57 of 80 us for the empty input.
    """

    def __init__(self, store: wasmtime.Store, function: Any, arity: int) -> None:
        word = wasmtime.ValType.i32()
        self._arguments = (_ffi.wasmtime_val_t * arity)()
        for place in range(arity):
            self._arguments[place] = wasmtime.Val._convert_to_raw(store, word, 0)  # noqa: SLF001 - no public way
        self._results = (_ffi.wasmtime_val_t * 1)()
        self._store = store
        self._function = function

    def __call__(self, *words: int) -> int:
        for place, word in enumerate(words):
            self._arguments[place].of.i32 = word
        trap = ctypes.POINTER(_ffi.wasm_trap_t)()
        error = _ffi.wasmtime_func_call(
            self._store._context(),  # noqa: SLF001 - no public way
            ctypes.byref(self._function._func),  # noqa: SLF001 - no public way
            self._arguments,
            len(words),
            self._results,
            1,
            ctypes.byref(trap),
        )
        if _is_set(error):
            raise wasmtime.WasmtimeError._from_ptr(error)  # noqa: SLF001 - no public way
        if _is_set(trap):
            raise wasmtime.Trap._from_ptr(trap)  # noqa: SLF001 - no public way
        result: int = self._results[0].of.i32
        return result


def _is_set(pointer: Any) -> bool:
    return bool(pointer)


class _Ticker:
    """Moves the epoch on while evaluations go on.

    Its thread ends when nothing was evaluated for a while and starts again on demand; also in a forked child, which
    inherits no threads. It never ends during an evaluation, since nothing else would stop that one.
    """

    def __init__(self, engine: wasmtime.Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._process = 0
        self._stopped = threading.Event()
        self._evaluating = False
        self._idle_ticks = 0

    def begin(self) -> None:
        """See to it that time passes until ``end``."""
        if self._process != os.getpid():  # at first, or in a child, whose clock may have been copied while locked
            self._lock, self._thread, self._process = threading.Lock(), None, os.getpid()
        with self._lock:
            self._evaluating = True
            if self._thread is None:
                self._stopped = threading.Event()
                self._thread = threading.Thread(target=self._run, name="policy-clock", daemon=True)
                self._thread.start()

    def end(self) -> None:
        """The evaluation is over."""
        self._idle_ticks = 0
        self._evaluating = False

    def stop(self) -> None:
        """End the thread."""
        with self._lock:
            self._stopped.set()
            thread, self._thread = self._thread, None
        if thread is not None and self._process == os.getpid():
            thread.join()

    def _run(self) -> None:
        stopped = self._stopped
        while not stopped.wait(TICK_S):
            self._engine.increment_epoch()
            self._idle_ticks += 1
            if self._idle_ticks > IDLE_TICKS and self._retire():
                return

    def _retire(self) -> bool:
        with self._lock:
            if not self._evaluating:
                self._thread = None
            return not self._evaluating


def _host_functions(store: wasmtime.Store) -> dict[str, wasmtime.Func]:
    word = wasmtime.ValType.i32()

    def refuse(*_: int) -> int:
        raise wasmtime.WasmtimeError("the policy called the host")

    one = wasmtime.FuncType([word], [])
    functions = {name: wasmtime.Func(store, one, refuse) for name in ("opa_abort", "opa_println")}
    for arity in BUILTIN_ARITIES:
        many = wasmtime.FuncType([word] * (arity + 2), [word])
        functions[f"opa_builtin{arity}"] = wasmtime.Func(store, many, refuse)
    return functions


def _check_imports(module: wasmtime.Module) -> None:
    for item in module.imports:
        if item.module == "env" and item.name == "memory" and isinstance(item.type, wasmtime.MemoryType):
            continue
        if item.module != "env" or item.name not in _HOST_FUNCTIONS:
            raise BundleError(f"the policy module imports {item.module}.{item.name}")


def _check_builtins(asked: dict[str, int]) -> None:
    outside = sorted(asked.keys() - ALLOWED_BUILTINS)
    if outside:
        raise BundleError(f"the policy asks the host for {', '.join(outside)}")
