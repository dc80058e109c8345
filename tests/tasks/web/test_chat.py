"""The chat: streaming, citations, leave for costly calls, stopping, two browsers, bad questions."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from browser import Served, Tab, serving
from endpoint import Act, Endpoint, endpoint, hangs, streams
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
    wire = [
        {
            "index": number,
            "id": f"c{number}{name}",
            "type": "function",
            "function": {"name": name, "arguments": json.dumps(arguments)},
        }
        for number, (name, arguments) in enumerate(wanted)
    ]
    return streams(_delta({"role": "assistant", "tool_calls": wire}), _delta({}, "tool_calls"))


def words(text: str, *, pause: float = 0.0) -> Act:
    """Streams text, word by word."""
    parts = [_delta({"role": "assistant", "content": f"{part} "}) for part in text.split(" ")]
    return streams(*parts, _delta({}, "stop"), pause=pause)


def _delta(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


@contextmanager
def chat(toy_run: Any, toy_target: Any, *acts: Act) -> Iterator[tuple[Served, Endpoint]]:
    """A page whose chat is answered by these acts."""
    with (
        endpoint(*acts) as model,
        serving(toy_run.folder, planner="openai:m", base_url=model.url) as served,
    ):
        served.door.bench.loaded = toy_target
        yield served, model


def asks(tabs: Tabs, url: str, question: str) -> Tab:
    """A window in which a question was put."""
    tab = tabs(url)
    tab.tab("Ask")
    tab.fill("chat-ask", question)
    tab.page.click("#chat-send")
    return tab


def test_an_answer_streams_with_its_experiments_and_cites_them(toy_run, toy_target, tabs):
    acts = calls(SURVEY, MEASURE), words(ANSWER, pause=0.1)
    with chat(toy_run, toy_target, *acts) as (served, _):
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


def test_a_costly_call_waits_for_leave(toy_run, toy_target, tabs, monkeypatch):
    monkeypatch.setattr(approval, "cost", lambda lab, tool, arguments: "an hour")
    acts = calls(SURVEY), words("It was not run, so I do not know."), calls(SURVEY), words(ANSWER)
    with chat(toy_run, toy_target, *acts) as (served, model):
        tab = asks(tabs, served.url, "What does it do?")
        assert "It takes an hour" in tab.text("#chat-now .consent")
        assert len(model.requests) == 1
        tab.page.click("#chat-refuse")
        assert "not run" in tab.text("#chat-now .answer")
        tab.page.wait_for_selector("#chat-refuse", state="hidden")
        tab.fill("chat-ask", "And now?")
        tab.page.click("#chat-send")
        tab.page.click("#chat-allow")
        tab.page.wait_for_selector("#chat-now .answer .cite")
        assert tab.page.locator("#chat-now details.exp .error").count() == 0


def test_one_conversation_is_in_one_browser(toy_run, toy_target, tabs):
    with chat(toy_run, toy_target, words("I do not know yet.")) as (served, _):
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


def test_a_browser_that_closes_stops_the_work_and_the_server_goes_on(toy_run, toy_target, tabs):
    with chat(toy_run, toy_target, calls(SURVEY), hangs(60)) as (served, _):
        tab = asks(tabs, served.url, "What is it?")
        tab.page.wait_for_selector("#chat-now details.exp")
        (talk,) = served.door.talks._of.values()
        assert talk.busy
        tab.page.close()
        _wait(lambda: not talk.busy)
        assert not served.door.talks._of
        again = tabs(served.url)
        again.page.wait_for_selector("tr[data-unit]")


def test_the_stop_button_ends_a_question_and_the_next_is_answered(toy_run, toy_target, tabs):
    gate = threading.Event()

    def waits(handler: Any, request: Any) -> None:
        gate.wait(30)
        words("Here I am; I do not know.")(handler, request)

    with chat(toy_run, toy_target, waits) as (served, _):
        tab = asks(tabs, served.url, "What is it?")
        tab.page.click("#chat-stop:not([disabled])")
        assert "Stopped" in tab.text("#chat-now .note")
        gate.set()
        tab.fill("chat-ask", "And now?")
        tab.page.click("#chat-send")
        assert "Here I am" in tab.text("#chat-now .answer")
        assert "What is it?" in tab.text("#chat-past .question")


def test_questions_that_cannot_be_answered_are_a_line(toy_run, toy_target, tabs):
    with chat(toy_run, toy_target, words("No.")) as (served, model):
        tab = asks(tabs, served.url, " \n ")
        assert "is empty" in tab.text("#chat-note .wrong")
        tab.fill("chat-ask", "я" * 20_001)
        tab.page.click("#chat-send")
        tab.page.wait_for_selector("#chat-note .wrong:has-text('at most')")
        assert model.requests == []


def test_an_endpoint_that_fails_is_said(toy_run, toy_target, tabs):
    from endpoint import fails

    with chat(toy_run, toy_target, fails(401, "bad <b>key</b>")) as (served, _):
        tab = asks(tabs, served.url, "What is it?")
        assert "bad <b>key</b>" in tab.text("#chat-now .note")


def _wait(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)
