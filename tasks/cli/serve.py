"""The verb `serve`: the browser's door.

neuroscribe serve runs/minilm
neuroscribe serve --target planted --data builtin:stories
"""

import os
from pathlib import Path
from typing import Annotated

import typer

from . import options


def serve(
    run: Annotated[
        Path | None, typer.Argument(help="A run folder; left out: a playground and the chat.")
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="The model; left out: the one of the run.")
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="The corpus behind measurements; left out: the run's.")
    ] = None,
    index: options.Index = None,
    special: options.Special = None,
    planner: Annotated[
        str, typer.Option(help="Who answers in the chat: builtin, or openai:MODEL.")
    ] = "builtin",
    base_url: options.BaseUrl = None,
    reader: options.Reader = None,
    direction: options.Direction = None,
    judge: options.PlaceJudge = None,
    judge_requests: options.JudgeRequests = 1000,
    trust_remote_code: options.TrustNamed = False,
    host: Annotated[
        str, typer.Option(help="Where to listen; other than loopback needs a password.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 7860,
    password: Annotated[
        str | None,
        typer.Option(
            envvar="NEUROSCRIBE_PASSWORD",
            help="Asked of every browser. The variable keeps it out of the list of processes.",
        ),
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
) -> None:
    """Show a run in the browser, try units on texts and pictures, ask about the model."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    from ...tools.errors import UsageError

    try:
        import gradio  # noqa: F401
    except ImportError as error:
        raise UsageError("the browser needs the ui extra: pip install 'neuroscribe[ui]'") from error
    from ...tools.io.sockets import address
    from ..web.opening import open_door
    from ..web.server import Server, application, bind

    listening = bind(host, port, password=password)
    with listening:
        door = open_door(
            run,
            target=target,
            data=data,
            index=index,
            special=special,
            planner=planner,
            base_url=base_url,
            reader=reader,
            direction=direction,
            judge=judge,
            judge_requests=judge_requests,
            trust_remote_code=trust_remote_code,
        )
        where = f"{address(listening, host)}/"
        app = application(door, host=host, password=password)
        typer.echo(f"{where}  (Ctrl-C ends)", err=True)
        if open_:
            import threading
            import webbrowser

            threading.Timer(1.0, webbrowser.open, [where]).start()
        Server(app, listening).serve_on()
