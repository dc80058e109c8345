"""The settings of a run that is read from another folder than it began in."""

import pytest
from neuroscribe.tasks.labelling.settings import Settings
from neuroscribe.tasks.labelling.trusted import allowed, seal_of
from neuroscribe.tools.errors import UsageError


def test_data_that_lies_elsewhere_now_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = Settings(target="planted", units="planted/0", data="texts.txt")
    run = {"settings": settings.as_dict(), "seal": seal_of(settings)}
    with pytest.raises(UsageError, match="which is not here: give --data PATH"):
        allowed(tmp_path, run, ask=False)
    assert allowed(tmp_path, run, data="/x/texts.txt", ask=False).data == "/x/texts.txt"
    (tmp_path / "texts.txt").touch()
    assert allowed(tmp_path, run, ask=False) == settings
