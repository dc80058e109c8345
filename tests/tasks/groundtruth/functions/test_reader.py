"""Words are judged by what a reader makes of them, and the reader by the truth's own words."""

import json

import pytest
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


def says(text: str):
    """A reader that answers with this."""
    return lambda handler, request: handler.send(200, completion({"content": text}))


def reads(handler, request) -> None:
    """A reader that understands two descriptions."""
    asked = request["messages"][1]["content"]
    letter = "a" if "has an a" in asked else "g"
    outputs = [letter in word for word in json.loads(asked.split("): ", 1)[1])]
    says(f"Here it is: {json.dumps({'outputs': outputs})}")(handler, request)


def judged_by(act, words: str):
    with endpoint(act) as server:
        reader = Reader(LLM("m", base_url=server.url, retries=0), inputs=8)
        return reader(box(), words, [(("abc",), True)]), server.requests


def test_words_are_read_as_they_are():
    score, requests = judged_by(reads, "whether it has an a")
    assert score.exact == 1
    asked = requests[0]["messages"][1]["content"]
    assert '"abc"' not in asked, "what was called does not count"
    assert "def f" not in asked
    score, _ = judged_by(reads, "whether it has a g")
    assert score.cells == {"words: True": 0, "words: False": 0.5}


@pytest.mark.parametrize(
    ("act", "words", "failed"),
    [
        (reads, " ", "no words"),
        (says('{"outputs": [1]}'), "w", "the reader gave 1 outputs for 7 inputs"),
        (says("no idea"), "w", "the reader gave no list of outputs"),
        (fails(401), "w", "auth"),
    ],
)
def test_no_words_and_bad_answers_have_reasons(act, words, failed):
    assert failed in judged_by(act, words)[0].failed


def test_the_suite_shows_how_well_the_reader_reads():
    with endpoint(reads) as server:
        reader = Reader(LLM("m", base_url=server.url, retries=0))
        answer = Answer("whether it has a g", "def f(s): return 'a' in s")
        record = investigated(1, box(), lambda calls: answer, 5, reader)
    assert record.score.exact == 1
    found = summed("strings", [record])["read"]
    assert found["truth"]["exact"]["value"] == 1
    assert found["words"]["exact"]["value"] < 0.5
