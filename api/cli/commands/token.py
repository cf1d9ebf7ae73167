"""``yumen token``: a token of the built-in issuer, for development."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from typing import Annotated

import typer

from api.cli.command import Needs, application, command
from api.cli.faults import CommandError
from api.cli.language import both, told
from api.cli.parts import settings_of
from api.cli.terminal import Terminal
from api.database import utc_now
from api.identity import Role
from api.identity.principal import NAME, STAFF, SUBJECT
from api.options import IssuerKind
from api.service import open_issuer
from api.settings import Settings

APP = application()
LIFE = re.compile(r"([0-9]{1,6})(s|m|h|d)")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

Roles = Annotated[
    list[Role],
    typer.Option("--role", help=both("Role; several for staff.", "角色；工作人员可有多个。"), show_default=False),
]
Tenant = Annotated[str, typer.Option(help=both("Tenant the token is for.", "令牌所属租户。"), show_default=False)]
Name = Annotated[
    str,
    typer.Option(
        help=both("Client name, subject reference or staff name.", "服务名、主体引用或工作人员名。"), show_default=False
    ),
]
Life = Annotated[str, typer.Option(help=both("How long it holds: 90s, 30m, 8h, 1d.", "有效期：90s、30m、8h、1d。"))]
Amr = Annotated[
    list[str],
    typer.Option(
        help=both(
            "How they authenticated (RFC 8176); mfa is a second factor.", "认证方式（RFC 8176）；mfa 表示双因素。"
        )
    ),
]


@command(
    APP,
    "token",
    text=both(
        "Issue a token of the built-in issuer, for development; refused in production.",
        "由内置签发者签发开发用令牌；生产模式下拒绝。",
    ),
    example="yumen token --role scorer --tenant xiaomi --name limit_engine",
    needs=Needs.SETTINGS,
)
def run_token(  # noqa: PLR0913  a token has that many parts
    term: Terminal,
    *,
    role: Roles,
    tenant: Tenant,
    name: Name,
    life: Life = "1h",
    amr: Amr = ["pwd"],  # noqa: B006  Typer's way to give a list's default
) -> None:
    """Sign a token and print it."""
    settings = settings_of(term)
    _check_builtin(settings)
    _check_caller(frozenset(role), tenant, name)
    lasts = _life(life, settings)
    now = utc_now()
    token = open_issuer(settings).issue(
        tenant=tenant, roles=role, name=name, now=now, token_id=secrets.token_hex(16), life=lasts, amr=amr
    )
    expires = (now + lasts).isoformat(timespec="seconds").replace("+00:00", "Z")
    document = {"token": token, "tenant": tenant, "roles": sorted(role), "name": name, "expires_at": expires}
    if term.is_json:
        term.answer(document, str)
    else:
        typer.echo(token)
        term.note(f"valid until {expires}", f"有效期至 {expires}")


def _check_builtin(settings: Settings) -> None:
    if settings.issuer.kind is not IssuerKind.BUILTIN:
        raise CommandError(
            told(
                both("the settings name an external issuer; ask it for a token", "设置中使用外部签发者；请向其申请令牌")
            )
        )


def _check_caller(roles: frozenset[Role], tenant: str, name: str) -> None:
    """Raises: CommandError: the service would not accept such a token."""
    if len(roles) > 1 and not roles <= STAFF:
        raise CommandError(
            told(both("--role: scorer and subject stand alone", "--role：scorer 与 subject 不能与其他角色并用"))
        )
    if not NAME.fullmatch(tenant):
        raise CommandError(told(both("--tenant: needs a name such as xiaomi", "--tenant：需要名称，例如 xiaomi")))
    shape, wanted = (SUBJECT, "sub_…") if roles == {Role.SUBJECT} else (NAME, "limit_engine")
    if not shape.fullmatch(name):
        raise CommandError(
            told(both("--name: needs the form {form} for this role", "--name：该角色需要形如 {form}")).format(
                form=wanted
            )
        )


def _life(text: str, settings: Settings) -> timedelta:
    found = LIFE.fullmatch(text)
    life = timedelta(**{UNITS[found[2]]: int(found[1])}) if found else timedelta(0)
    longest = settings.issuer.max_token_s
    if not 0 < life.total_seconds() <= longest:
        raise CommandError(
            told(
                both(
                    "--life: needs 1s to {longest}s, as 90s, 30m, 8h or 1d",
                    "--life：需要 1s 至 {longest}s，如 90s、30m、8h、1d",
                )
            ).format(longest=f"{longest:_}")
        )
    return life
