"""Selections of units, as text and against a real target."""

import numpy as np
import pytest
from neuroscribe.tasks.labelling.selection import (
    Draw,
    Range,
    check_selection,
    matching,
    parse_selection,
    select_units,
    spelt_out,
)
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.models import Target, Unit


def no_ranks(kind: str, sites: object) -> dict[str, np.ndarray]:
    raise AssertionError("nothing is measured for lists and draws")


def names(target: Target, text: str, **more: object) -> list[str]:
    found = select_units(parse_selection(text), target, ranks=no_ranks, **more)  # type: ignore[arg-type]
    return [str(unit) for unit in found]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("mlp.3/7", Range("mlp.3", 7, 7, 1)),
        ("mlp.4/12-", Range("mlp.4", 12, 12, -1)),
        ("mlp.3/0-9", Range("mlp.3", 0, 9, 1)),
        ("mlp.3/0-9-", Range("mlp.3", 0, 9, -1)),
        ("a/b.c/5+", Range("a/b.c", 5, 5, 1)),
        ("random:20", Draw("random", 20)),
        ("random:20:mlp.3", Draw("random", 20, ("mlp.3",))),
        ("top:5", Draw("variance", 5)),
        ("top:5:firing:mlp.*", Draw("firing", 5, ("mlp.*",))),
        ("top:5:mlp.1", Draw("variance", 5, ("mlp.1",))),
    ],
)
def test_one_part(text, part):
    assert parse_selection(text) == (part,)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("mlp.3", "write SITE/INDEX"),
        ("mlp.3/9-0", "empty range"),
        ("random:", "random:N"),
        ("random:-3", "random:N"),
        ("top:0", "top:N"),
        ("top:5:firing:mlp.1:more", "after the number"),
        ("rando:5", "names no units"),
    ],
)
def test_a_wrong_part_is_named(text, says):
    with pytest.raises(UsageError, match=says):
        parse_selection(text)


@pytest.mark.parametrize(
    ("text", "signs", "units"),
    [
        # lists keep their order, and each unit once
        ("mlp.1/3-, mlp.0/0-2,mlp.0/1", "positive", "mlp.1/3- mlp.0/0 mlp.0/1 mlp.0/2"),
        # both signs only where both mean something
        ("mlp.0/1,resid.0/2,head.0/1", "both", "mlp.0/1 resid.0/2 resid.0/2- head.0/1"),
    ],
)
def test_lists(toy_target, text, signs, units):
    assert names(toy_target, text, signs=signs) == units.split()


def test_random_draws_depend_on_the_seed_alone(toy_target):
    first, again = (names(toy_target, "random:20", seed=1) for _ in range(2))
    assert first == again != names(toy_target, "random:20", seed=2)
    assert len(set(first)) == 20
    assert {name.split("/")[0] for name in first} == {"mlp.0", "mlp.1"}


def test_sites_narrow_a_draw(toy_target):
    assert {n.split("/")[0] for n in names(toy_target, "random:9", sites=("mlp.1",))} == {"mlp.1"}
    assert {n.split("/")[0] for n in names(toy_target, "random:9:resid.0")} == {"resid.0"}
    assert matching(toy_target, ["mlp"]) == matching(toy_target, ["mlp.*"]) == ["mlp.0", "mlp.1"]


def test_top_takes_the_largest(toy_target):
    values = {"mlp.0": np.arange(32.0), "mlp.1": np.full(32, 30.5)}

    def ranks(kind: str, sites: object) -> dict[str, np.ndarray]:
        assert kind == "firing"
        return values

    found = select_units(parse_selection("top:3:firing"), toy_target, ranks=ranks)
    assert found == [Unit("mlp.0", 31), Unit("mlp.1", 0), Unit("mlp.1", 1)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("mlp.9/1", r"no site 'mlp.9'.*mlp"),
        ("mlp.0/0-32", "units 0 to 31"),
        ("mlp.0/0-99999999999", "units 0 to 31"),
        ("random:65", "65 units are asked for"),
        ("random:5:nose.1", "no site 'nose.1'"),
    ],
)
def test_what_the_target_lacks_is_refused(toy_target, text, says):
    with pytest.raises(UsageError, match=says):
        check_selection(parse_selection(text), toy_target)


def test_a_file_of_units(tmp_path):
    path = tmp_path / "units.txt"
    path.write_text("mlp.0/1, mlp.0/2\n# all of these\n\nmlp.1/0-3-  # the negative side\n")
    parts = (("mlp.0", 1, 1, 1), ("mlp.0", 2, 2, 1), ("mlp.1", 0, 3, -1))
    assert parse_selection(spelt_out(str(path))) == tuple(Range(*part) for part in parts)
    assert spelt_out(" mlp.0/1 ") == "mlp.0/1"


@pytest.mark.parametrize("content", [b"", b"# nothing\n\n", b"\xff\xfe\x00"])
def test_a_file_without_units_is_refused(tmp_path, content):
    path = tmp_path / "units.txt"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"units\.txt"):
        spelt_out(str(path))
