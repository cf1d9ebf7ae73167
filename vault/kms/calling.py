"""How providers are called: loaded when wanted, within a time limit, tried again a few times.

Rules:
- a provider's library is loaded the first time it is named; without it one line says which extra brings it;
- only silence is tried again, never a refusal, and never without end;
- what a provider says when it refuses stays with it: it may hold names, addresses, requests.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import TypeVar

from vault.errors import ExtraMissingError, KmsUnavailableError

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class CallLimits:
    """How long and how often a provider is asked.

    Attributes:
        timeout_s: for one try, seconds.
        attempts: tries in all.
        pause_s: before the second try, seconds; doubled before each further one.
    """

    timeout_s: float = 2.0
    attempts: int = 3
    pause_s: float = 0.1


def load(name: str, extra: str) -> ModuleType:
    """Load a provider's library.

    Raises: ExtraMissingError: it is not installed.
    """
    try:
        return import_module(name)
    except ImportError:
        raise ExtraMissingError(extra) from None


def insist(limits: CallLimits, call: Callable[[], Answer], *, sleep: Callable[[float], None] = time.sleep) -> Answer:
    """Call until it answers or refuses, as often as the limits say.

    Raises: KmsUnavailableError: it never answered; what the call raises.
    """
    for attempt in range(limits.attempts):
        try:
            return call()
        except KmsUnavailableError:
            if attempt + 1 == limits.attempts:
                raise
            sleep(limits.pause_s * 2**attempt)
    raise KmsUnavailableError("never asked")


def within(timeout_s: float, call: Callable[[], Answer], *, name: str) -> Answer:
    """Call a library that knows no time limit; if it hangs, its thread is left behind.

    Raises: KmsUnavailableError: no answer in time; what the call raises.
    """
    pool = ThreadPoolExecutor(1, thread_name_prefix="yumen-kms")
    try:
        return pool.submit(call).result(timeout_s)
    except TimeoutError:
        raise KmsUnavailableError(f"{name} does not answer within {timeout_s:g} s") from None
    finally:
        pool.shutdown(wait=False)
