"""The verb `mcp`: serves the tools to any client of the Model Context Protocol.

neuroscribe mcp --target minilm                 a client starts it, over stdio
neuroscribe mcp --run runs/a --transport http --port 8377   many clients, over HTTP
"""

from pathlib import Path
from typing import Annotated

import typer

from . import options

TRANSPORTS = ("stdio", "http")


def mcp(
    target: Annotated[
        str | None, typer.Option(help="A model: minilm, a folder, a hub id, ...")
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(help="The corpus; default: the run's, or one that the model knows."),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(help="A run of `label`: its labels are served, and its target and data used."),
    ] = None,
    unit: Annotated[str | None, typer.Option(help="The unit that tools mean by default.")] = None,
    tokens: Annotated[
        int | None, typer.Option(min=1000, help="Tokens of the corpus; default: the run's.")
    ] = None,
    length: Annotated[
        int | None, typer.Option(min=8, help="Tokens of a window; default: the run's, or 64.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of everything random.")] = None,
    transport: Annotated[str, typer.Option(help="stdio or http.")] = "stdio",
    host: Annotated[str, typer.Option(help="Where http listens.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Its port; 0: any free one.")] = 8377,
    token: Annotated[
        str | None,
        typer.Option(envvar="NEUROSCRIBE_MCP_TOKEN", help="Bearer token that http clients need."),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="A further name under which http clients know this machine; repeat."),
    ] = None,
    index: options.Index = None,
    planner: Annotated[
        str | None, typer.Option(help="openai:MODEL, for the tools that ask a language model.")
    ] = None,
    base_url: options.BaseUrl = None,
    reader: options.Reader = None,
    direction: options.Direction = None,
    special: options.Special = None,
    judge: options.PlaceJudge = None,
    judge_requests: options.JudgeRequests = 1000,
    images: options.Images = None,
    device: options.Device = None,
    trust_remote_code: options.TrustRemoteCode = False,
) -> None:
    """Serve the tools to MCP clients, until they leave or Ctrl-C.

    Exit codes: 0 the client left, 2 unusable arguments, a port in use, or the extra is missing.
    """
    from ...tools.errors import UsageError
    from ...tools.io.sockets import is_loopback, listen

    options.one_of("--transport", transport, TRANSPORTS)
    if transport == "http" and not token and not is_loopback(host):
        raise UsageError(
            f"--host {host} can be reached from other machines: give a --token (or set "
            "NEUROSCRIBE_MCP_TOKEN) that clients send as bearer token"
        )
    try:
        from ..mcp.serving import Address, serve_http, serve_stdio
    except ImportError as error:  # absent, or a version before 2
        if (error.name or "").partition(".")[0] not in ("mcp", "mcp_types"):
            raise
        raise UsageError(
            "serving MCP needs the official SDK: pip install 'neuroscribe[mcp]', or 'mcp>=2,<3'"
        ) from error
    from ..mcp.shared import open_shared, settings_of

    named = {"target": target, "data": data, "tokens": tokens, "seed": seed, "length": length}
    named |= {"reader": reader, "direction": direction, "special": special}
    settings = settings_of(run, **named, images=images)
    where = Address(host, port, token or None, tuple(allow_host or ()))
    listening = listen(host, port) if transport == "http" else None  # before anything slow
    shared = open_shared(
        settings,
        run=run,
        unit=unit,
        planner=planner,
        base_url=base_url,
        judge=judge,
        judge_requests=judge_requests,
        index=index,
        named=target,
        device=device,
        trust_remote_code=trust_remote_code,
    )
    if listening is None:
        serve_stdio(shared)
    else:
        serve_http(shared, where, listening)
