"""What production mode refuses.

Rules: each setting that weakens a promise is one row of ``RULES``: the setting's name, when it is weak, and what to do.
All weak settings are named at once, so that an operator repairs them in one go.
"""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import HttpUrl
from sqlalchemy.engine import make_url

from api.options import LOOPBACK, IssuerKind

if TYPE_CHECKING:
    from api.settings import Settings

TLS_MODES = frozenset({"require", "verify-ca", "verify-full"})
SUFFICIENT_FACTORS = frozenset({"mfa", "otp", "hwk", "swk", "sc", "fpt", "face", "iris", "retina", "vbm"})
LOG_DAYS = 180
Rule = tuple[str, Callable[["Settings"], bool], str]


def _plain_beyond_loopback(url: HttpUrl | None) -> bool:
    return url is not None and url.scheme != "https" and url.host not in LOOPBACK


def _database_in_clear(settings: Settings) -> bool:
    url = make_url(settings.database)
    if url.get_backend_name() == "sqlite" or url.host is None or url.host in LOOPBACK or url.host.startswith("/"):
        return False
    return url.query.get("ssl") not in TLS_MODES


def _open_to_others(path: Path) -> bool:
    """Whether group or others can do anything with the file; a file that does not exist yet is fine."""
    try:
        return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)
    except FileNotFoundError:
        return False


def _writable_by_others(path: Path) -> bool:
    try:
        return bool(stat.S_IMODE(path.stat().st_mode) & 0o022)
    except FileNotFoundError:
        return False


RULES: tuple[Rule, ...] = (
    (
        "issuer.kind",
        lambda s: s.issuer.kind is IssuerKind.BUILTIN,
        "the built-in issuer is for development; name an external one",
    ),
    (
        "issuer.jwks_url",
        lambda s: s.issuer.jwks_url is not None and s.issuer.jwks_url.scheme != "https",
        "must be https: whoever can change the keys can sign any token",
    ),
    ("issuer.leeway_s", lambda s: s.issuer.leeway_s > 60, "must be at most 60: an expired token must end"),
    ("issuer.max_token_s", lambda s: s.issuer.max_token_s > 86_400, "must be at most 86400: tokens cannot be revoked"),
    (
        "issuer.second_factor",
        lambda s: not set(s.issuer.second_factor) <= SUFFICIENT_FACTORS,
        "names a method that is not a second factor by itself (RFC 8176)",
    ),
    (
        "policy.opa_url",
        lambda s: _plain_beyond_loopback(s.policy.opa_url),
        "must be https, or http to this machine: answers could be forged on the way",
    ),
    (
        "lineage.emit_url",
        lambda s: _plain_beyond_loopback(s.lineage.emit_url),
        "must be https, or http to this machine: who reads what for which purpose is nobody else's business",
    ),
    ("database_url", _database_in_clear, "must use ssl=require or stronger beyond this machine"),
    (
        "kms.transit_url",
        lambda s: _plain_beyond_loopback(s.kms.transit_url),
        "must be https, or http to this machine: keys travel there",
    ),
    (
        "kms.aws_endpoint",
        lambda s: _plain_beyond_loopback(s.kms.aws_endpoint),
        "must be https, or http to this machine: keys travel there",
    ),
    (
        "transparency.witnesses",
        lambda s: any(_plain_beyond_loopback(each.url) for each in s.transparency.witnesses),
        "must be https, or http to this machine",
    ),
    ("root_key", lambda s: _open_to_others(s.root_key_file), "the file is open to other users; chmod 600 it"),
    ("data_dir", lambda s: _writable_by_others(s.data_dir), "other users can write there; chmod 700 it"),
    ("docs", lambda s: s.docs is True, "the interactive pages stay closed in production"),
    ("debug", lambda s: s.debug, "must be off: tracebacks in the log show values"),
    ("sql_echo", lambda s: s.sql_echo, "must be off: echoed statements show values"),
    ("log.level", lambda s: s.log.level == "DEBUG", "must be INFO or quieter"),
    (
        "log.retention_days",
        lambda s: s.log.file is not None and s.log.retention_days < LOG_DAYS,
        f"must be at least {LOG_DAYS}: network logs are kept for six months (网络安全法)",
    ),
)


def weaknesses(settings: Settings) -> tuple[str, ...]:
    """Name every setting that production mode refuses, one line each; empty when there is none."""
    return tuple(f"{name}: {advice} (refused in production mode)" for name, weak, advice in RULES if weak(settings))
