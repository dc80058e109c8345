"""What is sent back of a recorded hypothesis."""

import json

from neuroscribe.agent.planners.referring import referred

LONG = {"kind": "words", "words": [f"word{i}" for i in range(100)]}


def conversation(name, predictor, said):
    function = {"name": name, "arguments": json.dumps({"statement": "s", "predictor": predictor})}
    call = {"id": "c1", "type": "function", "function": function}
    return [
        {"role": "system", "content": "x"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": said},
    ]


def predictor(messages):
    return json.loads(messages[1]["tool_calls"][0]["function"]["arguments"])["predictor"]


def test_a_long_predictor_that_was_recorded_is_sent_by_its_id_and_kept_as_it_was():
    messages = conversation("hypothesise", LONG, "[E5] recorded as H3: words\n1 place")
    assert predictor(referred(messages)) == {
        "kind": "hypothesis",
        "id": "H3",
        "english": "words",
    }
    assert predictor(messages) == LONG
    assert referred(referred(messages)) == referred(messages)


def test_other_calls_are_sent_as_they_were():
    short = {"kind": "words", "words": ["cat"]}
    for name, given, said in (
        ("hypothesise", short, "[E5] recorded as H3: words"),
        ("hypothesise", LONG, "[E5] error: the predictor cannot be read"),
        ("test_hypotheses", LONG, "[E5] recorded as H3: words"),
    ):
        messages = conversation(name, given, said)
        assert referred(messages) == messages
    assert referred([{"role": "user", "content": "x"}]) == [{"role": "user", "content": "x"}]
