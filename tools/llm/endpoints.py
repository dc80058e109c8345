"""Addresses of endpoints, and the credentials in them, which no file, page or message shows."""

import base64
import os
from dataclasses import asdict, dataclass
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


def loopback(url: str | None) -> bool:
    """Whether an endpoint is on this machine, and so needs no key."""
    host = urlsplit(url or "").hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


@dataclass(frozen=True)
class Endpoint:
    """An address with the key that goes there."""

    url: str
    key: str

    @classmethod
    def of(cls, base_url: str | None, api_key: str | None, missing: str) -> "Endpoint":
        """What was given, or what the environment has.

        Args:
            base_url: Default: OPENAI_BASE_URL, or OpenAI itself.
            api_key: Default: OPENAI_API_KEY. A loopback address needs none, nor one that brings a
                user and password, or a query such as `?key=...`.
            missing: What is said where there is no key; `{}` is the address.

        Raises:
            UsageError: if there is no key where one is needed, or the address is none.
        """
        url = checked_url(base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI)
        key, parts = api_key or os.environ.get("OPENAI_API_KEY"), urlsplit(url)
        if not key and not (loopback(url) or parts.username is not None or parts.query):
            raise UsageError(missing.replace("{}", public_url(url)))
        return cls(url, key or "none")

    @property
    def public(self) -> str:
        """The address without credentials."""
        return public_url(self.url)

    @property
    def authorisation(self) -> str:
        """The Authorization header: the user and password of the address, else the key."""
        parts = urlsplit(self.url)
        if parts.username is None:
            return f"Bearer {self.key}"
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"

    def under(self, path: str) -> str:
        """The address of something here, without user and password; the query stays."""
        parts = urlsplit(self.url)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit((parts.scheme, host, f"{parts.path.rstrip('/')}/{path}", parts.query, ""))

    def hidden(self, text: str) -> str:
        """The text with `***` in the place of the key, and of every credential of the address."""
        parts = urlsplit(self.url)
        known = [self.key, parts.password or "", unquote(parts.password or "")]
        known.append(self.authorisation.split()[1])  # echoed by some proxies
        known += [value for _, value in parse_qsl(parts.query)]
        for secret in sorted({item for item in known if len(item) >= _SHORTEST}, key=len)[::-1]:
            text = text.replace(secret, "***")
        return text
