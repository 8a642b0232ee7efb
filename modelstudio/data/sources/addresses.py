"""Addresses of database servers; a password is never kept with a project.

One that is written in an address is left out of it when a place is kept, and known until the
program ends. The name of an environment variable, such as ``$PASSWORD``, stays where it is.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from modelstudio.errors import DataError

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_HOST = re.compile(r"(\[[^]]*\]|[^:]*)(?::(\d*))?")
_SECRETS = frozenset({"password", "passwd", "sslpassword"})

_passwords: dict[str, str] = {}
"""Passwords as they were written, by the address without them."""


@dataclass(frozen=True, slots=True)
class Address:
    """The parts of an address; what is empty is left to the driver."""

    kind: str
    host: str
    port: int | None
    user: str
    password: str
    name: str
    options: tuple[tuple[str, str], ...]

    @property
    def server(self) -> str:
        """The host with its port, to be shown."""
        host = self.host or "this computer"
        return host if self.port is None else f"{host}:{self.port}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be shown."""
        hidden = (value for name, value in self.options if name.lower() in _SECRETS)
        return (self.password, *hidden)


def parsed(address: str, *, secret: bool = True) -> Address:
    """Take an address apart; names of environment variables become what they stand for.

    Parameters
    ----------
    secret
        Without it the password is left out, and its variable need not be set.

    Raises
    ------
    DataError
        When it cannot be read, or names a variable that is not set.
    """
    parts = _split(address)
    login, _, place = parts.netloc.rpartition("@")
    found = _HOST.fullmatch(place)
    if found is None:
        raise _unreadable(parts.scheme)
    user, _, password = login.partition(":")
    password = password or _passwords.get(address, "")
    return Address(
        kind=parts.scheme,
        host=_filled(found.group(1).strip("[]")),
        port=int(found.group(2)) if found.group(2) else None,
        user=_filled(user),
        password=_filled(password) if secret else "",
        name=_filled(parts.path.removeprefix("/")),
        options=tuple(
            (name, _filled(value))
            for name, value in parse_qsl(parts.query)
            if secret or name.lower() not in _SECRETS
        ),
    )


def without_password(address: str) -> str:
    """Return an address as it is kept; its password is known until the program ends."""
    parts = _split(address)
    login, at, host = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    options = parse_qsl(parts.query)
    shown = [option for option in options if not _is_secret(*option)]
    if len(shown) < len(options):
        parts = parts._replace(query=urlencode(shown, safe="/$"))
    if password and not _VARIABLE.fullmatch(password):
        parts = parts._replace(netloc=f"{user}{at}{host}")
    elif len(shown) < len(options):
        password = quote(next(value for name, value in options if _is_secret(name, value)), safe="")
    else:
        return address
    kept = _joined(parts)
    _passwords[kept] = password
    return kept


def with_password(address: str, password: str) -> str:
    """Write a password into an address that has none."""
    parts = _split(address)
    login, _, host = parts.netloc.rpartition("@")
    user, _, written = login.partition(":")
    if not password or written:
        return address
    return _joined(parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}"))


def remember(address: str, password: str) -> bool:
    """Know the password of an address until the program ends; False where it names one itself."""
    if with_password(address, password) == address:
        return False
    _passwords[address] = quote(password, safe="")
    return True


def knows_password(address: str) -> bool:
    """Tell whether the password of an address is known until the program ends."""
    return address in _passwords


def _split(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError:
        raise _unreadable(address.partition("://")[0]) from None


def _joined(parts: SplitResult) -> str:
    """Put an address together; one without a host has three slashes."""
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc}{parts.path}{query}"


def _unreadable(kind: str) -> DataError:
    return DataError(
        f"The address of the {kind} server cannot be read.",
        fix=f"Write it like {kind}://user:$PASSWORD@host:port/name. In a password write %2F for /, "
        "%23 for # and %3F for ?.",
    )


def _is_secret(name: str, value: str) -> bool:
    return name.lower() in _SECRETS and not _VARIABLE.fullmatch(value)


def _filled(text: str) -> str:
    """Put the values of environment variables in the place of their names."""
    made, at = "", 0
    for found in _VARIABLE.finditer(text):
        name = found.group(1) or found.group(2)
        if name not in os.environ:
            raise DataError(
                f"The address of the database names the variable {name}, which is not set.",
                fix=f"Set {name} in the environment and start Model Studio again.",
            )
        made += unquote(text[at : found.start()]) + os.environ[name]
        at = found.end()
    return made + unquote(text[at:])
