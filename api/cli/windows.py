"""A window of reads on the command line: a tenant, from when, until when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from api.cli.faults import CommandError
from api.cli.language import both, told
from gate.facts import microseconds
from lineage import Window

Tenant = Annotated[
    str | None,
    typer.Option("--tenant", help=both("Only reads of this tenant.", "仅该租户的读取。"), show_default=False),
]
Since = Annotated[
    str | None,
    typer.Option(
        "--from", metavar="TIME", help=both("Not before, RFC 3339.", "起始时间（RFC 3339）。"), show_default=False
    ),
]
Until = Annotated[
    str | None,
    typer.Option("--to", metavar="TIME", help=both("Before, RFC 3339.", "截止时间（RFC 3339）。"), show_default=False),
]


def window(tenant: str | None, since: str | None, until: str | None) -> Window:
    """The window. Raises: CommandError: a time that is none."""
    return Window(tenant, _us("--from", since), _us("--to", until))


def _us(name: str, given: str | None) -> int | None:
    if given is None:
        return None
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        raise CommandError(
            told(
                both(
                    f"{name}: not a time, such as 2026-11-23T00:00:00Z", f"{name}：不是时间，例如 2026-11-23T00:00:00Z"
                )
            )
        ) from None
    return microseconds(at if at.tzinfo else at.replace(tzinfo=UTC))
