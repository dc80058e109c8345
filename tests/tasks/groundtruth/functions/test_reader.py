"""Words are judged by what a reader makes of them, and the reader by the truth's own words."""

import json

from endpoint import completion, endpoint, fails
from neuroscribe.tasks.groundtruth.functions.blackbox import Answer, BlackBox, Case
from neuroscribe.tasks.groundtruth.functions.reader import Reader
from neuroscribe.tasks.groundtruth.functions.suite import investigated, summed
from neuroscribe.tools.llm.client import LLM


def box() -> BlackBox:
    words = ["abc", "bcd", "cab", "dog", "cat", "pig", "ant", "bee"]
    cases = tuple(Case((w,), "words", str("a" in w)) for w in words)
    code = "def f(s): return 'a' in s"
    return BlackBox("s/0", "s", "contains", "a word", "true if it has an a", code, cases)


def reads(handler, request) -> None:
    """A reader that understands two descriptions."""
    asked = request["messages"][1]["content"]
    inputs = json.loads(asked.split("): ", 1)[1])
    right = "has an a" in asked
    outputs = [("a" in word) if right else ("g" in word) for word in inputs]
    text = f"Here it is: {json.dumps({'outputs': outputs})}"
    handler.send(200, completion({"content": text}))


def judged_by(act, words: str):
    with endpoint(act) as server:
        reader = Reader(LLM("m", base_url=server.url, retries=0), inputs=8)
        return reader(box(), words, [(("abc",), True)]), server.requests


def test_right_words_are_read_right():
    score, requests = judged_by(reads, "whether it has an a")
    assert score.exact == 1
    asked = requests[0]["messages"][1]["content"]
    assert '"abc"' not in asked, "what was called does not count"
    assert "def f" not in asked


def test_wrong_words_are_read_wrong():
    score, _ = judged_by(reads, "whether it has a g")
    assert score.cells == {"words: True": 0, "words: False": 0.5}


def test_no_words_and_bad_answers_have_reasons():
    assert judged_by(reads, " ")[0].failed == "no words"
    short = lambda handler, request: handler.send(200, completion({"content": '{"outputs": [1]}'}))  # noqa: E731
    assert judged_by(short, "w")[0].failed == "the reader gave 1 outputs for 7 inputs"
    none = lambda handler, request: handler.send(200, completion({"content": "no idea"}))  # noqa: E731
    assert judged_by(none, "w")[0].failed == "the reader gave no list of outputs"
    assert "auth" in (judged_by(fails(401), "w")[0].failed or "")


def test_the_suite_shows_how_well_the_reader_reads():
    with endpoint(reads) as server:
        reader = Reader(LLM("m", base_url=server.url, retries=0))
        answer = Answer("whether it has a g", "def f(s): return 'a' in s")
        record = investigated(1, box(), lambda calls: answer, 5, reader)
    assert record.score.exact == 1
    found = summed("strings", [record])["read"]
    assert found["truth"]["exact"]["value"] == 1
    assert found["words"]["exact"]["value"] < 0.5
