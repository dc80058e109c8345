"""`neuroscribe sae`: train, resume, measure, label a latent; what is wrong is one line."""

import pytest

DATA = ("--data", "builtin:stories:60")
QUICK = (*DATA, "--latents", "96", "--k", "8", "--batch", "128", "--steps", "20")


@pytest.fixture(scope="session")
def model(test_data):
    return str(test_data / "stories260k")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sae") / "d"


def test_it_is_trained_measured_and_its_latents_labelled(
    document, shown, model, folder, tmp_path, monkeypatch
):
    monkeypatch.setenv("COLUMNS", "100")
    train = ("sae", "train", model, "--site", "resid.2", *QUICK, "--out", str(folder))
    made = document(*train)
    (found,) = made["dictionaries"]
    assert 0 < found["explained_variance"]["value"] < 1
    named = f"{model}+{folder}"
    out = shown(*train)  # again: it is there
    assert f"use it as '{named}'" in " ".join(out.split())
    assert max(map(len, out.splitlines())) <= 100
    again = document("sae", "eval", named, *DATA, "--tokens", "200000")["dictionaries"]
    assert again == [found]
    run = str(tmp_path / "run")
    small = ("--tokens", "8000", "--controls", "none", "--out", run)
    shown("label", named, "--units", "random:1:sae.resid.2", *DATA, *small)
    (unit,) = document("show", run)["units"]
    assert unit["unit"].startswith("sae.resid.2/")
    effect = document(
        "intervene", named, "--prompt", "One day", "--target", ",", "--units", unit["unit"]
    )
    assert effect["units"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("train", "MODEL", "--site", "resid.9"), "no site 'resid.9'"),
        (("train", "MODEL", "--site", "resid.2", "--variant", "x"), "--variant"),
        (("train", "MODEL", "--site", "resid.2", "--k", "96"), "k is 96"),
        (("train", "MODEL", "--site", "resid.2", "--batch", "9999999"), "less than one batch"),
        (("train", "pictures", "--site", "conv.1"), "no tokenizer"),
        (("eval", "MODEL"), "names no dictionary: write"),
        (("eval", "MODEL+nowhere"), "'nowhere' holds no dictionary"),
    ],
)
def test_what_is_wrong_is_one_line(verb, model, tmp_path, arguments, line):
    given = [model + one[5:] if one.startswith("MODEL") else one for one in arguments]
    more = (*DATA, "--latents", "96", "--out", str(tmp_path / "x")) if given[0] == "train" else DATA
    code, _, err = verb("sae", *given, *more)
    assert code == 2
    assert line in err
    assert len(err.strip().splitlines()) == 1
