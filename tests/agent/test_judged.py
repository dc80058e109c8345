"""An investigation with a predictor that a language model judges: on samples, to its end."""

from neuroscribe.agent.investigate import investigate
from neuroscribe.tools.predicates.judging import Judge
from pets import CAT
from scripted import Scripted
from text_judge import TextJudge

PETS = {"kind": "judged", "statement": "a pet is named"}


def test_it_is_recorded_tested_on_a_sample_and_concluded(lab):
    reader = TextJudge("«cat»", "«dog»")
    lab.judge = Judge(reader)  # type: ignore[arg-type]
    turns = [
        [
            ("hypothesise", {"statement": "pets", "predictor": PETS}),
            ("hypothesise", {"statement": "cats", "predictor": CAT}),
        ],
        [("test_hypotheses", {}), ("separate", {"hypotheses": ["H1", "H2"]})],
        [
            (
                "conclude",
                {
                    "label": "pets",
                    "components": [{"words": "pets", "predictor": "H1", "evidence": ["E3"]}],
                    "rejected": [{"words": "cats", "reason": "dogs too", "evidence": ["E3"]}],
                    "confidence": 0.5,
                },
            )
        ],
    ]
    planner = Scripted(turns)
    done = investigate(lab, "planted/0", planner)
    assert "judged {statement: text}" in planner.seen[0]["messages"][0]["content"]
    assert done.description.status == "described"
    (component,) = done.description.components
    assert component.predictor == {**PETS, "judge": f"openai:{reader.model}"}
    assert component.untested == ()
    recorded, _, tested, separated = list(lab.evidence)[:4]
    assert "tests it on a sample" in recorded.text
    assert recorded.data["holds"] is None
    found = {test["id"]: test for test in tested.data["tests"]}
    assert found["H1"]["correlation"] > found["H2"]["correlation"] + 0.1
    assert len(reader.texts) <= 160
    assert "tested on a sample by test_hypotheses" in str(separated.error)
