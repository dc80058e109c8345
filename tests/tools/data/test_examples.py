"""Examples of a function of one's own: what is taken, what is left out, what is refused."""

import numpy as np
import pytest
from checks import refused, tables
from neuroscribe.tools.data.image_rows import image_rows
from neuroscribe.tools.data.pictures import ImageCorpus
from neuroscribe.tools.data.sources import load_corpus
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.models import Target

TABLES = tables(__file__)
NETWORK = """
import torch
from bare_models import Classifier

def load():
    torch.manual_seed(0)
    return Classifier(3), ["<pad>", "(", ")"]
"""


@pytest.fixture(scope="module")
def brackets(tmp_path_factory) -> Target:
    path = tmp_path_factory.mktemp("own") / "net.py"
    path.write_text(NETWORK)
    return Target.load(f"{path}:load")


@pytest.fixture
def made(tmp_path, brackets):
    """The corpus of a function that is written as code."""

    def make(code: str, target=brackets, **options):
        (tmp_path / "gen.py").write_text(code)
        return load_corpus(f"{tmp_path / 'gen.py'}:strings", target=target, **options)

    return make


@pytest.mark.parametrize(("code", "texts", "fields"), TABLES["taken"])
def test_what_is_taken(made, code, texts, fields):
    corpus = made(code)
    assert [one.text for one in corpus.documents] == texts
    assert dict(corpus.documents[0].fields) == {
        key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()
    }


@pytest.mark.parametrize(("code", "said"), TABLES["refused"])
def test_what_is_refused_in_a_line(made, code, said):
    refused(said, made, code)


VECTORS = """
import torch

def load():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))

load.example = torch.zeros(1, 3)
"""


def test_rows_of_numbers_with_fields(made, tmp_path):
    (tmp_path / "vectors.py").write_text(VECTORS)
    target = Target.load(f"{tmp_path / 'vectors.py'}:load")
    code = """
import numpy as np
def strings(seed, n):
    for row in np.random.default_rng(seed).normal(size=(n, 3)):
        yield {"numbers": row, "label": int(row[0] > 0)}
"""
    windows = cut(target, made(code, target=target), length=1)
    assert windows.numbers is not None
    assert windows.numbers.shape == (len(windows.texts), 3)
    assert ((windows.numbers[:, 0] > 0) == (windows.fields["label"][:, 0] == 1)).all()
    refused("is no row of 3 numbers", made, "strings = [[1, 2]]", target=target)
    refused("and the target reads text", made, "strings = [{'numbers': [1, 2]}]")


def test_an_endless_generator_is_seeded_and_its_repeats_are_counted(made):
    code = """
import random
def strings(seed, n):
    rng = random.Random(seed)
    while True:
        yield "".join(rng.choice("()") for _ in range(rng.randint(2, 12)))
"""
    one, again, other = made(code), made(code), made(code, seed=1)
    assert one.hash == again.hash != other.hash
    texts = [item.text for item in one.documents]
    assert len(set(texts)) == len(texts) < 2000
    assert f"{2000 - len(texts):,} of 2,000 examples repeat others" in one.remarks[0]
    splits = one.splits()
    assert sum(map(len, splits)) == len(one)
    assert not {d.text for d in splits.explore.documents} & {d.text for d in splits.test.documents}


def test_examples_that_differ_in_what_no_token_reads_are_one(made):
    corpus = made("strings = ['()', '( )', '((', ')(']")
    assert [one.text for one in corpus.documents] == ["()", "((", ")("]


def test_fields_lie_on_the_places_of_windows(made, brackets):
    first, other = "'text': '(()', 'label': 0, 'depth': [1, 2, 1]", "'text': ')', 'label': 1"
    code = f"strings = [{{{first}}}, {{{other}, 'depth': [-1]}}]"
    windows = cut(brackets, made(code), length=2)
    assert windows.ids.shape == (3, 2)
    np.testing.assert_array_equal(windows.fields["depth"], [[1, 2], [1, np.nan], [-1, np.nan]])
    np.testing.assert_array_equal(windows.rows([2]).fields["label"], [[1, 1]])
    wrong = made("strings = [{'text': '(()', 'depth': [1, 2]}, {'text': ')', 'depth': [1]}]")
    refused("has 3 tokens and 2 values of 'depth'", cut, brackets, wrong)


def test_files_have_fields_too(tmp_path, brackets):
    (tmp_path / "a.csv").write_text("text,label,name\n(),1,x\n((,0,y\n")
    (tmp_path / "a.jsonl").write_text('{"text": "()", "n": 2, "odd": 1}\n{"text": "((", "n": 3}')
    found = load_corpus(str(tmp_path / "a.csv"), target=brackets).documents
    assert [dict(one.fields) for one in found] == [
        {"label": 1, "name": "x"},
        {"label": 0, "name": "y"},
    ]
    found = load_corpus(str(tmp_path / "a.jsonl"), target=brackets).documents
    assert [dict(one.fields) for one in found] == [{"n": 2}, {"n": 3}]


def test_pictures_of_a_function(tmp_path):
    (tmp_path / "eyes.py").write_text(
        """
import numpy as np, torch
def load():
    return torch.nn.Conv2d(3, 4, 3)
load.example = (1, 3, 16, 16)
def shapes(seed, n):
    for i in range(30):
        picture = np.zeros((16, 16, 3))
        picture[i % 10] = 1
        yield {"image": picture, "row": i % 10}
words = ["a"]
"""
    )
    target = Target.load(f"{tmp_path / 'eyes.py'}:load")
    corpus = load_corpus(f"{tmp_path / 'eyes.py'}:shapes", target=target)
    assert len(corpus) == 10
    assert "20 of 30 examples repeat others" in corpus.remarks[0]
    assert isinstance(corpus, ImageCorpus)
    assert image_rows(target, corpus).fields["row"][:, 0].tolist() == list(range(10))
    refused("is a str of shape", load_corpus, f"{tmp_path / 'eyes.py'}:words", target=target)
