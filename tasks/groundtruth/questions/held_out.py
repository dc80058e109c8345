"""Questions kept back: other units, other prompts and other words than those of the suite.

They are asked to see how far the figures on the others flatter (`evaluate ask --held-out`). The
built-in planner answered 14 of 22 rightly when they were first asked: .64 [.43, .80]. What that
showed (a site named before the topic, prompts behind "settle on", labels cut to a condition) was
mended since, and three were replaced whose truth was too weak to ask for, so that the figure is no
longer free of tuning.
"""

from dataclasses import replace

from .planted_questions import TARGET, compare, find_word, search, show, what
from .prediction_questions import ablate, drive, where
from .question import KnownQuestion


def _in_other_words(question: KnownQuestion, text: str) -> KnownQuestion:
    return replace(question, text=text)


_ADDER, _FACTS = "organism:adder", "organism:facts"

QUESTIONS: tuple[KnownQuestion, ...] = (
    _in_other_words(what("planted/3"), "What is unit planted/3 for?"),
    _in_other_words(what("planted/7"), "Describe planted/7."),
    _in_other_words(what("planted/11"), "Tell me about planted/11"),
    _in_other_words(
        find_word(TARGET, "they", ("mlp.0",)), "Which neurons in mlp.0 fire on the word 'they'?"
    ),
    _in_other_words(
        find_word(TARGET, "it", ("mlp.0",)), "Find units of mlp.0 that are active at 'it'."
    ),
    _in_other_words(
        find_word("minilm", "with", ("mlp.0",)), "Which units in mlp.0 detect the word 'with'?"
    ),
    _in_other_words(
        drive(_ADDER, "13+44=", "57"), "Which neurons make it say '57' after '13+44='?"
    ),
    _in_other_words(drive(_ADDER, "81+16=", "97"), "What drives '97' in '81+16='?"),
    _in_other_words(
        drive(TARGET, "Anna saw a red", " green"),
        "Which units are responsible for ' green' after 'Anna saw a red'?",
    ),
    _in_other_words(
        ablate(TARGET, "planted/8", "Tom visited his mother and his", " father"),
        "What happens to ' father' behind 'Tom visited his mother and his' without planted/8?",
    ),
    _in_other_words(
        ablate(_ADDER, "mlp.3/254", "37+25=", "62"),
        "If I zero mlp.3/254, what happens to '62' after '37+25='?",
    ),
    _in_other_words(
        ablate(_ADDER, "mlp.2/10", "13+44=", "57"),
        "Ablate mlp.2/10: does '57' after '13+44=' change?",
    ),
    _in_other_words(compare("planted/5", "planted/9"), "How similar are planted/5 and planted/9?"),
    _in_other_words(
        compare("mlp.0/3", "mlp.0/17", about=False),
        "What is the difference between mlp.0/3 and mlp.0/17?",
    ),
    _in_other_words(show(TARGET, "planted/1"), "Show examples of planted/1"),
    _in_other_words(show(TARGET, "planted/9"), "When does planted/9 fire?"),
    _in_other_words(show(TARGET, "mlp.1/20"), "What are the top activations of mlp.1/20?"),
    _in_other_words(
        where(_ADDER, "28+31=", "59"), "In which layer is '59' decided after '28+31='?"
    ),
    _in_other_words(
        where(_FACTS, "the city of Anna is", " Bergen"),
        "At which layer does ' Bergen' appear after 'the city of Anna is'?",
    ),
    _in_other_words(
        where("organism:induction", "te so ka mi te so", " ka"),
        "Where does the model settle on ' ka' in 'te so ka mi te so'?",
    ),
    _in_other_words(search("months", "planted/1", "{}"), "Find labels about months"),
    _in_other_words(search("fruits", "planted/9", "{}"), "Which descriptions mention fruits?"),
)
