"""Loading: names, folders, ids, factories, options, and what is refused."""

import json
import pickle
import shutil
import textwrap
import time

import numpy as np
import pytest
import torch
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.models import Target, add, checkpoints, huggingface, zero


def test_options_are_kept_for_another_load(save, rows):
    folder = str(save("llama"))
    target = Target.load(folder, dtype="bfloat16", device="cpu")
    assert target.options == {"dtype": "bfloat16", "device": "cpu"}
    again = Target.load(target.name, **target.options)
    assert again.fingerprint == target.fingerprint
    assert next(target.network.parameters()).dtype == torch.bfloat16
    assert set(target.sites) == set(Target.load(folder).sites)
    assert torch.isfinite(target.trace(rows()).output.float()).all()
    assert next(Target.load(folder).network.parameters()).dtype == torch.float32


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"dtype": "float23"}, "float32, bfloat16, float16, auto"),
        ({"device": "cuda:7"}, "this machine has .*; use cpu"),
        ({"device": "toaster"}, "use cpu, cuda"),
        ({"device": "cpu", "device_map": "auto"}, "not both"),
        ({"revision": "v2"}, "not on the hub, so it has no revision 'v2'"),
    ],
)
def test_options_that_cannot_be(options, said, save):
    with pytest.raises(UsageError, match=said):
        Target.load(str(save("llama")), **options)


def test_a_device_map_needs_accelerate(save, monkeypatch):
    real = huggingface.importlib.util.find_spec
    monkeypatch.setattr(
        huggingface.importlib.util,
        "find_spec",
        lambda name, *a: None if name == "accelerate" else real(name, *a),
    )
    with pytest.raises(UsageError, match="pip install accelerate"):
        Target.load(str(save("llama")), device_map="auto")


def test_nothing_is_printed(save, capfd):
    folder = str(save("bert"))
    capfd.readouterr()
    Target.load(folder)
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")


@pytest.mark.parametrize("name", ["minillm", "nobody/no-such-model-here", "plantd"])
def test_an_unknown_id_is_one_line_soon(name, monkeypatch):
    from huggingface_hub import HfApi

    def unreachable(self, *args, timeout=None, **options):
        assert timeout is not None
        assert timeout <= 5
        raise OSError("no route")

    monkeypatch.setattr(HfApi, "model_info", unreachable)
    started = time.monotonic()
    with pytest.raises(UsageError) as error:
        Target.load(name)
    assert time.monotonic() - started < 5
    assert "\n" not in str(error.value)
    assert "cannot be reached" in str(error.value)
    if name != "nobody/no-such-model-here":
        assert {"minillm": "minilm", "plantd": "planted"}[name] in str(error.value)


def test_a_hub_that_never_answers_is_given_up(monkeypatch):
    from huggingface_hub import HfApi

    monkeypatch.setattr(checkpoints, "SECONDS", -0.8)
    monkeypatch.setattr(HfApi, "model_info", lambda self, *a, **k: time.sleep(2))
    started = time.monotonic()
    with pytest.raises(UsageError, match="TimeoutError"):
        Target.load("some/model")
    assert time.monotonic() - started < 1.5


def test_what_the_hub_says_is_passed_on(monkeypatch):
    from huggingface_hub import HfApi, errors

    def answer(kind):
        def model_info(self, *args, **options):
            raise errors_of(kind)

        monkeypatch.setattr(HfApi, "model_info", model_info)

    def errors_of(kind):
        error = kind.__new__(kind)
        Exception.__init__(error, "404")
        return error

    answer(errors.RepositoryNotFoundError)
    with pytest.raises(UsageError, match="the hub knows no such model; nearest known"):
        Target.load("some/model")
    answer(errors.RevisionNotFoundError)
    with pytest.raises(UsageError, match="no revision 'v9'"):
        Target.load("some/model", revision="v9")
    answer(errors.GatedRepoError)
    with pytest.raises(UsageError, match="gated"):
        Target.load("some/model")


def test_a_folder_goes_before_an_id(save, tmp_path, monkeypatch):
    shutil.copytree(save("gpt2"), tmp_path / "some" / "model")
    monkeypatch.chdir(tmp_path)
    assert Target.load("some/model").kind == "causal"


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("config.json", "no config.json"),
        ("tokenizer.json", "no tokenizer"),
        ("model.safetensors", r"no model\.safetensors"),
    ],
)
def test_a_folder_that_lacks_something(broken, said, save, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(save("gpt2"), folder)
    (folder / broken).unlink()
    with pytest.raises(UsageError, match=said):
        Target.load(str(folder))


def test_paths_that_are_no_folder(save, tmp_path):
    shutil.copytree(save("gpt2"), tmp_path / "tiny-gpt2")
    with pytest.raises(UsageError, match=r"there is no folder .*; nearest: .*tiny-gpt2"):
        Target.load(str(tmp_path / "tiny-gpt"))
    with pytest.raises(UsageError, match="is a file"):
        Target.load(str(tmp_path / "tiny-gpt2" / "config.json"))
    with pytest.raises(UsageError, match="neither a folder nor"):
        Target.load("what is this")


def test_a_torn_or_foreign_checkpoint_is_refused(save, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(save("gpt2"), folder)
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UsageError, match="cannot be read"):
        Target.load(str(folder))
    shutil.copy(save("llama") / "model.safetensors", weights)
    with pytest.raises(UsageError, match=r"lacks .* weights"):
        Target.load(str(folder))


def test_pickles_hold_tensors_or_are_refused(save, tmp_path):
    from safetensors.torch import load_file

    folder = tmp_path / "model"
    shutil.copytree(save("gpt2"), folder)
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")
    assert Target.load(str(folder)).fingerprint == Target.load(str(save("gpt2"))).fingerprint
    mark = tmp_path / "ran"

    class Evil:
        def __reduce__(self):
            return open, (str(mark), "w")

    for write in (torch.save, lambda item, path: path.write_bytes(pickle.dumps(item))):
        write({**weights, "x": Evil()}, folder / "pytorch_model.bin")
        with pytest.raises(UsageError, match=r"pickle .* refused|cannot be read"):
            Target.load(str(folder))
        assert not mark.exists()


def test_code_of_a_model_runs_only_when_asked(save, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(save("gpt2"), folder)
    config = json.loads((folder / "config.json").read_text())
    config["model_type"] = "strange"
    config["auto_map"] = {
        "AutoConfig": "strange.StrangeConfig",
        "AutoModelForCausalLM": "strange.StrangeModel",
    }
    (folder / "config.json").write_text(json.dumps(config))
    mark = tmp_path / "ran"
    (folder / "strange.py").write_text(f"open({str(mark)!r}, 'w')\n")
    with pytest.raises(UsageError, match="--trust-remote-code"):
        Target.load(str(folder))
    assert not mark.exists()


def test_encoder_decoders_are_refused(tmp_path):
    from transformers import T5Config

    T5Config(architectures=["T5ForConditionalGeneration"]).save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").touch()
    (tmp_path / "tokenizer.json").touch()
    with pytest.raises(UsageError, match="encoder-decoder"):
        Target.load(str(tmp_path))


FACTORIES = """
import torch
from torch import nn


def net():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3), nn.ReLU(inplace=True), nn.MaxPool2d(2),
        nn.Conv2d(6, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5),
    )


net.example = (1, 3, 12, 12)


def no_example():
    return net()


def wrong_example():
    return net()


wrong_example.example = (1, 2, 12, 12)


class Adder(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.embed = nn.Embedding(20, 16)
        self.mix = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
        self.out = nn.Linear(16, 20)

    def forward(self, ids):
        return self.out(self.mix(self.embed(ids)))


def adder():
    return Adder()


adder.example = torch.arange(6)[None]


def language():
    from transformers import AutoModelForCausalLM, AutoTokenizer
    folder = FOLDER
    return AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)


def broken():
    raise KeyError("gone")


def number():
    return 3
"""


@pytest.fixture
def factories(tmp_path, save):
    path = tmp_path / "mine.py"
    path.write_text(textwrap.dedent(FACTORIES).replace("FOLDER", repr(str(save("llama")))))
    return path


def test_a_convolutional_network(factories):
    target = Target.load(f"{factories}:net")
    assert target.kind == "image"
    assert list(target.sites) == ["conv.0", "conv.1", "logit", *"01234567"]
    assert (target.sites["conv.0"].module, target.sites["conv.1"].module) == ("1", "4")
    first, relu = target.sites["0"], target.sites["1"]
    assert (first.units, first.layout, first.readout) == (6, "channels_first", "max")
    assert relu.floor == 0.0
    assert target.sites["7"].layout == "flat"
    images = torch.randn(2, 3, 12, 12, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        want = target.network[0](images)  # the ReLU after it works in place
        rest = target.network[1:](want.clone().index_fill(1, torch.tensor([2]), 0.0))
    trace = target.trace(images, ["0", "7"])
    assert trace.values["0"].shape == (2, 100, 6)
    torch.testing.assert_close(trace.values["0"], want.flatten(2).transpose(1, 2))
    assert trace.values["7"].shape == (2, 1, 5)
    got = target.trace(images, interventions=[zero("0", [2])]).output
    torch.testing.assert_close(got, rest, rtol=1e-5, atol=1e-5)
    assert target.activations(images, [target.unit("3/3-")]).shape == (1, 2, 9)
    with pytest.raises(UsageError, match="0 to 5"):
        target.unit("0/6")
    with pytest.raises(UsageError, match="place 100"):
        target.trace(images, interventions=[zero("0", [2]).at(places=[100])])


def test_a_network_over_ids(factories, rows):
    target = Target.load(f"{factories}:adder")
    assert {"embed", "mix.linear1", "out"} <= set(target.sites)
    batch = rows(4, 6)
    batch.ids[:] %= 20
    before = target.trace(batch).output
    assert before.shape == (4, 6, 20)
    edit = add("mix.linear1", [3], 4.0).at(rows=[1])
    after = target.trace(batch, ["mix.linear1"], interventions=[edit])
    assert not torch.equal(after.output[1], before[1])
    assert torch.equal(after.output[[0, 2, 3]], before[[0, 2, 3]])
    assert target.options == {}
    assert np.isfinite(target.activations(batch, [target.unit("mix/3")])).all()


def test_a_language_model_with_its_tokenizer(factories, save):
    target = Target.load(f"{factories}:language")
    assert "mlp.2" in target.sites
    assert target.tokenizer is not None
    assert target.fingerprint == Target.load(str(save("llama"))).fingerprint


@pytest.mark.parametrize(
    ("attribute", "said"),
    [
        ("nett", "no function 'nett'; it has: net"),
        ("no_example", r"factory\.example"),
        ("wrong_example", r"does not take its example of shape \[1, 2, 12, 12\]"),
        ("broken", "KeyError"),
        ("number", "returned int"),
    ],
)
def test_factories_that_do_not_work(factories, attribute, said):
    with pytest.raises(UsageError, match=said) as error:
        Target.load(f"{factories}:{attribute}")
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there(factories):
    with pytest.raises(UsageError, match=r"no file .*; nearest: .*mine\.py"):
        Target.load(str(factories.parent / "mnie.py") + ":net")
    factories.write_text("1/0\n")
    with pytest.raises(UsageError, match="ZeroDivisionError"):
        Target.load(f"{factories}:net")


@pytest.mark.parametrize("name", ["organism:adder", "planted", "models.py:made"])
def test_what_would_be_ignored_is_refused(name):
    with pytest.raises(UsageError, match="no revision 'main'"):
        Target.load(name, revision="main")
    with pytest.raises(UsageError, match="takes --device"):
        Target.load(name, device_map="auto")
