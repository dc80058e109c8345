"""Addresses of endpoints, and the credentials in them, which no file, page or message shows."""

import base64
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from ..errors import UsageError

OPENAI = "https://api.openai.com/v1"
_SHORTEST = 4  # letters of a credential that is looked for in messages


def checked_url(url: str) -> str:
    """An endpoint's address.

    Raises:
        UsageError: if it is none.
    """
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or any(letter <= " " or letter == "\x7f" for letter in url):
        raise UsageError(
            f"'{public_url(url)}' is no address of an endpoint; "
            "--base-url and OPENAI_BASE_URL look like http://127.0.0.1:8000/v1"
        )
    return url


def public_url(url: str) -> str:
    """An address without credentials: no user, password, query or fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(an address that cannot be read)"
    host = parts.netloc.rpartition("@")[2]
    path = parts.path if parts.netloc or "@" not in parts.path else parts.path.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, path, "", ""))


def public_options(options: Any) -> dict[str, Any]:
    """A dataclass of options as a dict whose `base_url` shows no credentials: what files keep."""
    result = asdict(options)
    return {**result, "base_url": result["base_url"] and public_url(result["base_url"])}


def under(url: str, path: str) -> str:
    """The address of something at an endpoint, without user and password; the query stays."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, f"{parts.path.rstrip('/')}/{path}", parts.query, ""))


def authorisation(url: str, key: str) -> str:
    """The Authorization header: the user and password of the address, else the key."""
    parts = urlsplit(url)
    if parts.username is None:
        return f"Bearer {key}"
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def has_credentials(url: str) -> bool:
    """Whether an address brings a user and password, or a query such as `?key=...`."""
    parts = urlsplit(url)
    return parts.username is not None or bool(parts.query)


def secrets(url: str, key: str) -> list[str]:
    """What must not be repeated: the key, and whatever in the address is a credential."""
    parts = urlsplit(url)
    result = [key, parts.password or "", unquote(parts.password or "")]
    result.append(authorisation(url, key).split()[1])  # echoed by some proxies
    result += [value for _, value in parse_qsl(parts.query)]
    return sorted({item for item in result if len(item) >= _SHORTEST}, key=len, reverse=True)


def hidden(text: str, known: Iterable[str]) -> str:
    """The text with `***` in the place of secrets."""
    for secret in known:
        text = text.replace(secret, "***")
    return text


def loopback(url: str | None) -> bool:
    """Whether an endpoint is on this machine, and so needs no key."""
    host = urlsplit(url or "").hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")
