"""The settings of a run that is read from another folder than it began in."""

import pytest
from checks import refused
from neuroscribe.tasks.labelling.settings import Settings
from neuroscribe.tasks.labelling.trusted import allowed, seal_of
from neuroscribe.tools.errors import UsageError


def test_data_that_lies_elsewhere_now_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = Settings(target="planted", units="planted/0", data="texts.txt")
    run = {"settings": settings.as_dict(), **seal_of(settings)}
    with pytest.raises(UsageError, match="which is not here: give --data PATH"):
        allowed(tmp_path, run, ask=False)
    assert allowed(tmp_path, run, data="/x/texts.txt", ask=False).data == "/x/texts.txt"
    (tmp_path / "texts.txt").touch()
    assert allowed(tmp_path, run, ask=False) == settings


def test_code_that_one_named_before_is_known_while_it_stays_the_same(tmp_path, monkeypatch):
    """A run names its factory and generator: no --target where the file is as it was."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text("def load(): ...\n")
    settings = Settings(target="mine.py:load", units="rnn/0", data="mine.py:texts:40")
    run = {"settings": settings.as_dict(), **seal_of(settings)}
    assert allowed(tmp_path, run, ask=False) == settings
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.py").write_text("def load(): ...\n")
    monkeypatch.chdir(other)
    refused(rf"which was {tmp_path}/mine.py: run this in the folder", allowed, tmp_path, run)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text("def load(): print('other')\n")
    refused("mine.py has changed since", allowed, tmp_path, run)
    assert allowed(tmp_path, run, target="mine.py:load", data="x:1").target == "mine.py:load"


def test_only_the_seal_lets_a_run_name_code(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text("def load(): ...\n")
    plain = Settings(target="planted", units="planted/0", data="builtin:stories")
    known, data = seal_of(plain), "self:40"
    settings = Settings(target="mine.py:load", units="rnn/0", data=data)
    of_code = seal_of(settings)
    for marks in (
        known,
        {**of_code, "seal": None},
        {"seal": of_code["seal"]},
        {**of_code, **known},
    ):
        for target in ("mine.py:load", "mine.py:1st", "mine.py:load@w.pt"):
            run = {"settings": {**settings.as_dict(), "target": target}, **marks}
            refused("names Python code as its target", allowed, tmp_path, run, ask=False)
