"""Listening sockets: bound before anything slow is loaded, so that a port in use is one line."""

import ipaddress
import socket

from ..errors import UsageError


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a host."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Args:
        host: A name or address of this machine.
        port: 0: any that is free.

    Raises:
        UsageError: if the port is in use, or the host is none of this machine.
    """
    plain = host.strip("[]")
    listening = socket.socket(socket.AF_INET6 if ":" in plain else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((plain, port))
        listening.listen(128)
    except (OSError, OverflowError) as error:
        listening.close()
        why = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"cannot listen on {host} port {port} ({why}); choose another --port, or --port 0 for "
            "any free one"
        ) from error
    return listening


def address(listening: socket.socket, host: str) -> str:
    """`http://HOST:PORT`, as a program on this machine reaches it."""
    name = "127.0.0.1" if host in ("0.0.0.0", "localhost") else host.strip("[]")
    return f"http://{bracketed(name)}:{listening.getsockname()[1]}"


def bracketed(host: str) -> str:
    """An address of IPv6 in brackets, others as they are."""
    return f"[{host}]" if ":" in host else host
