"""The tab of the chat: questions, the experiments made for them, answers that cite them."""

from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from ..asking.threads import threads
from .door import QUIET, Door, html
from .rendering import failure, note
from .talk import MOST, Talk, waiting_for

_NEW = "new conversation"
_LISTED = 50  # kept conversations that are offered
_SAMPLE = "Which units respond to animals?"
_IN_URL = (
    "(name) => history.replaceState(null, '', name && name !== '" + _NEW + "'"
    " ? '?thread=' + encodeURIComponent(name) : location.pathname)"
)


def chat_tab(door: Door, page: gr.Blocks, tabs: gr.Tabs) -> None:
    """Builds the tab, `ask` of `tabs`, inside the present context."""
    talks = door.talks
    which = gr.Dropdown(
        _offered(door),
        value=_NEW,
        label="Conversation",
        allow_custom_value=True,
        elem_id="chat-thread",
    )
    past, now = html(elem_id="chat-past"), html(elem_id="chat-now")
    said = html(note(f"Ask about the model, such as: {_SAMPLE}"), elem_id="chat-note")
    with gr.Row(visible=False, elem_id="chat-consent") as consent:
        allow = gr.Button("Run it", variant="primary", elem_id="chat-allow")
        refuse = gr.Button("Do not", elem_id="chat-refuse")
    with gr.Row():
        question = gr.Textbox(
            show_label=False,
            placeholder="Ask about the model",
            lines=2,
            scale=6,
            elem_id="chat-ask",
        )
        send = gr.Button("Ask", variant="primary", scale=1, min_width=90, elem_id="chat-send")
        stop = gr.Button("Stop", scale=1, min_width=90, interactive=False, elem_id="chat-stop")
    outputs = [past, now, said, question, stop, consent, which]

    def shown(talk: Talk | None, line: str = "", *, clear: bool = False) -> list[Any]:
        if talk is None:
            return [*[gr.skip()] * 2, line, *[gr.skip()] * 4]
        current = talk.now.html(busy=talk.busy) if talk.now is not None else ""
        return [
            gr.skip() if talk.busy and not clear else "".join(one.html() for one in talk.past),
            current,
            line,
            "" if clear else gr.skip(),
            gr.Button(interactive=talk.busy),
            gr.Row(visible=not talk.busy and waiting_for(talk) is not None),
            gr.Dropdown(_offered(door), value=talk.conversation.thread.name)
            if not talk.busy or clear
            else gr.skip(),
        ]

    def followed(talk: Talk, begin: Callable[[], None], *, clear: bool) -> Iterator[list[Any]]:
        begin()
        yield shown(talk, clear=clear)
        for _ in talk.watch():
            yield shown(talk)

    def asked(words: str | None, name: str, request: gr.Request) -> Iterator[list[Any]]:
        try:
            talk = talks.get(_browser(request))
            if talk is None or not _same(talk, name):
                yield shown(None, note("Opening: the model and its corpus are loaded …"))
                talk = talks.open(_browser(request), _named(name))
            yield from followed(talk, lambda: talk.ask(words or ""), clear=True)
        except Exception as error:
            yield shown(None, failure(error))

    def answered(allowed: bool, request: gr.Request) -> Iterator[list[Any]]:
        talk = talks.get(_browser(request))
        if talk is None:
            yield shown(None, note("This conversation was closed; open it again above", wrong=True))
            return
        try:
            yield from followed(talk, lambda: talk.allow(allowed), clear=False)
        except Exception as error:
            yield shown(None, failure(error))

    def opened(name: str, request: gr.Request) -> Iterator[list[Any]]:
        talk = talks.get(_browser(request))
        if talk is not None and _same(talk, name):
            yield [gr.skip()] * len(outputs)
        elif _named(name) is None:
            talks.leave(_browser(request))
            empty = ["", "", note("A new conversation."), gr.skip()]
            yield [*empty, gr.Button(interactive=False), gr.Row(visible=False), gr.skip()]
        else:
            try:
                yield shown(None, note("Opening …"))
                yield shown(talks.open(_browser(request), name))
            except Exception as error:
                yield ["", "", failure(error), *[gr.skip()] * 4]

    def first(request: gr.Request) -> list[Any]:
        name = request.query_params.get("thread")
        if not name:
            return [gr.skip(), gr.skip()]
        return [gr.Dropdown(value=name), gr.Tabs(selected="ask")]

    many: dict[str, Any] = {**QUIET, "concurrency_limit": MOST}
    page.load(first, None, [which, tabs], queue=False, **QUIET)
    gr.on([send.click, question.submit], asked, [question, which], outputs, **many)
    for button, allowed in ((allow, True), (refuse, False)):

        def chosen(request: gr.Request, allowed: bool = allowed) -> Iterator[list[Any]]:
            yield from answered(allowed, request)

        button.click(chosen, None, outputs, **many)
    which.change(opened, which, outputs, **many)
    which.change(None, which, None, js=_IN_URL)

    def stopped(request: gr.Request) -> str:
        talk = talks.get(_browser(request))
        if talk is not None:
            talk.stop()
        return note("Stopping …")

    stop.click(stopped, None, said, queue=False, **QUIET)

    def left(request: gr.Request) -> None:
        talks.leave(_browser(request))

    page.unload(left)


def _offered(door: Door) -> list[tuple[str, str]]:
    """A new conversation, and those kept about this model."""
    known = [
        (f"{about.title or 'no question yet'} · {name}", name)
        for name, about in threads()
        if about.target == door.bench.settings.target
    ]
    return [(_NEW, _NEW), *known[:_LISTED]]


def _named(name: str | None) -> str | None:
    return None if not name or name == _NEW else name


def _same(talk: Talk, name: str | None) -> bool:
    return talk.conversation.thread.name == _named(name)


def _browser(request: gr.Request) -> str:
    return str(request.session_hash)
