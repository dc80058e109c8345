"""Image datasets in the form of the hub, from a folder."""

import numpy as np
import pytest
from checks import refused
from neuroscribe.tools.data.sources import load_corpus
from PIL import Image
from stand_in import StandIn

datasets = pytest.importorskip("datasets", reason="needs the hub extra")


SEEING = StandIn(image=object())


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Six pictures with classes, and a text column, as parquet."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    pictures = [Image.fromarray(np.full((8, 8, 3), 40 * number, np.uint8)) for number in range(6)]
    features = datasets.Features(
        {
            "title": datasets.Value("string"),
            "photo": datasets.Image(),
            "what": datasets.ClassLabel(names=["cat", "dog"]),
        }
    )
    rows = {"title": [f"t{n}" for n in range(6)], "photo": pictures, "what": [0, 1] * 3}
    made = datasets.Dataset.from_dict(rows, features=features)
    (tmp_path / "data").mkdir()
    made.to_parquet(tmp_path / "data" / "train.parquet")
    return tmp_path / "data"


def test_the_column_of_pictures_is_found(folder):
    corpus = load_corpus(f"hf:{folder}", target=SEEING)
    assert len(corpus.pictures) == 6
    found = {item.load().getpixel((0, 0))[0]: item.label for item in corpus.pictures}
    assert found == {40 * n: ("cat", "dog")[n % 2] for n in range(6)}
    assert corpus.hash == load_corpus(f"hf:{folder}:::photo", target=SEEING).hash
    for column, said in (
        ("title", "column 'title' .* holds no pictures"),
        ("foto", "no column 'foto'; it has: title, photo, what"),
    ):
        refused(said, load_corpus, f"hf:{folder}:::{column}", target=SEEING)
