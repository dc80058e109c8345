"""The chat: streaming, citations, leave for costly calls, stopping, two browsers, bad questions."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
import scripted
from browser import Served, Tab, serving
from endpoint import Act, Endpoint, endpoint, fails, hangs, streams
from neuroscribe.tasks.asking import approval

Tabs = Callable[..., Tab]
SURVEY = ("survey", {"unit": "mlp.0/1"})
HARMFUL = "the cat sat <img src=x onerror=alert(1)>"
MEASURE = ("activations", {"unit": "mlp.0/1", "texts": [HARMFUL]})
ANSWER = (
    "mlp.0/1 responds to cats in texts [E1, E2]. It is surely the **best** unit <b>x</b>.\n"
    "- It is silent on `dogs` [E2, E9]."
)


def calls(*wanted: tuple[str, dict[str, Any]]) -> Act:
    """Streams tool calls."""
    wire = [{**call, "index": n} for n, call in enumerate(scripted.says(wanted)["tool_calls"])]
    return streams(_delta({"role": "assistant", "tool_calls": wire}), _delta({}, "tool_calls"))


def words(text: str, *, pause: float = 0.0) -> Act:
    """Streams text, word by word."""
    parts = [_delta({"role": "assistant", "content": f"{part} "}) for part in text.split(" ")]
    return streams(*parts, _delta({}, "stop"), pause=pause)


def _delta(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


Chat = Callable[..., AbstractContextManager[tuple[Served, Endpoint]]]


@pytest.fixture
def chat(toy_run: Any, toy_target: Any) -> Chat:
    """A page whose chat is answered by these acts."""

    @contextmanager
    def served(*acts: Act) -> Iterator[tuple[Served, Endpoint]]:
        with (
            endpoint(*acts) as model,
            serving(toy_run.folder, planner="openai:m", base_url=model.url) as served,
        ):
            served.door.bench.loaded = toy_target
            yield served, model

    return served


def asks(tabs: Tabs, url: str, question: str) -> Tab:
    """A window in which a question was put."""
    tab = tabs(url)
    tab.tab("Ask")
    send(tab, question)
    return tab


def send(tab: Tab, question: str) -> None:
    tab.fill("chat-ask", question)
    tab.page.click("#chat-send")


def test_an_answer_streams_with_its_experiments_and_cites_them(chat, tabs):
    with chat(calls(SURVEY, MEASURE), words(ANSWER, pause=0.1)) as (served, _):
        tab = asks(tabs, served.url, "What does it do? <script>alert(1)</script> 你好")
        tab.page.wait_for_selector("#chat-now .words")  # the answer, while it is written
        tab.page.click("#chat-now details.exp:nth-of-type(2) > summary")
        tab.page.wait_for_selector("#chat-now .answer")
        second = tab.page.locator("#chat-now details.exp").nth(1)
        assert second.evaluate("part => part.open"), "what the reader opened stays open"
        assert second.locator(".rows .heat i[title]").count() >= 2
        assert "<script>alert(1)</script> 你好" in tab.text("#chat-now .question")
        assert tab.page.locator("#chat-now .answer a.cite").all_inner_texts() == ["E1", "E2", "E2"]
        assert tab.page.locator("#chat-now .answer .cite.lost").inner_text() == "E9"
        assert "survey" in str(tab.page.get_attribute("#chat-now .answer a.cite", "title"))
        assert "best unit <b>x</b>" in tab.text("#chat-now .opinion")
        assert "tokens in" in tab.text("#chat-now")
        tab.page.wait_for_function("location.search.startsWith('?thread=')")


def test_the_builtin_planner_answers_with_experiments(toy_run, toy_target, tabs):
    with serving(toy_run.folder) as served:
        served.door.bench.loaded = toy_target
        tab = asks(tabs, served.url, "Which units respond to the word cat?")
        tab.page.wait_for_selector("#chat-now .answer a.cite")
        assert tab.page.locator("#chat-now details.exp").count() >= 1
        assert tab.page.locator("#chat-now .opinion").count() == 0
        tab.page.click("#chat-now .answer a.cite >> nth=0")  # opens the experiment
        tab.page.wait_for_selector("#chat-now details.exp[open]")


def test_a_costly_call_waits_for_leave(chat, tabs, monkeypatch):
    monkeypatch.setattr(approval, "cost", lambda lab, tool, arguments: "an hour")
    acts = calls(SURVEY), words("It was not run, so I do not know."), calls(SURVEY), words(ANSWER)
    with chat(*acts) as (served, model):
        tab = asks(tabs, served.url, "What does it do?")
        assert "It takes an hour" in tab.text("#chat-now .consent")
        assert len(model.requests) == 1
        tab.page.click("#chat-refuse")
        assert "not run" in tab.text("#chat-now .answer")
        tab.page.wait_for_selector("#chat-refuse", state="hidden")
        send(tab, "And now?")
        tab.page.click("#chat-allow")
        tab.page.wait_for_selector("#chat-now .answer .cite")
        assert tab.page.locator("#chat-now details.exp .error").count() == 0


def test_one_conversation_is_in_one_browser(chat, tabs):
    with chat(words("I do not know yet.")) as (served, _):
        first = asks(tabs, served.url, "What is it?")
        first.page.wait_for_selector("#chat-now .answer")
        first.page.wait_for_function("location.search.startsWith('?thread=')")
        query = first.page.url.partition("/?")[2]
        second = tabs(served.url, f"?{query}")
        assert "open elsewhere" in second.text("#chat-note .wrong")
        first.page.close()
        _wait(lambda: not served.door.talks._of.values())
        second.page.reload(wait_until="commit")
        assert "What is it?" in second.text("#chat-past .question")
        assert "I do not know yet." in second.text("#chat-past .answer")


def test_a_browser_that_closes_stops_the_work_and_the_server_goes_on(chat, tabs):
    with chat(calls(SURVEY), hangs(60)) as (served, _):
        tab = asks(tabs, served.url, "What is it?")
        tab.page.wait_for_selector("#chat-now details.exp")
        (talk,) = served.door.talks._of.values()
        assert talk.busy
        tab.page.close()
        _wait(lambda: not talk.busy)
        assert not served.door.talks._of
        tabs(served.url).page.wait_for_selector("tr[data-unit]")


def test_the_stop_button_ends_a_question_and_the_next_is_answered(chat, tabs):
    gate = threading.Event()

    def waits(handler: Any, request: Any) -> None:
        gate.wait(30)
        words("Here I am; I do not know.")(handler, request)

    with chat(waits) as (served, _):
        tab = asks(tabs, served.url, "What is it?")
        tab.page.click("#chat-stop:not([disabled])")
        assert "Stopped" in tab.text("#chat-now .note")
        gate.set()
        send(tab, "And now?")
        assert "Here I am" in tab.text("#chat-now .answer")
        assert "What is it?" in tab.text("#chat-past .question")


def test_questions_and_endpoints_that_fail_are_a_line(chat, tabs):
    with chat(fails(401, "bad <b>key</b>")) as (served, model):
        tab = asks(tabs, served.url, " \n ")
        assert "is empty" in tab.text("#chat-note .wrong")
        send(tab, "я" * 20_001)
        tab.page.wait_for_selector("#chat-note .wrong:has-text('at most')")
        assert model.requests == []
        send(tab, "What is it?")
        assert "bad <b>key</b>" in tab.text("#chat-now .note")


def _wait(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)
