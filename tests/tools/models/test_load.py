"""Loading: names, folders, ids, factories, options, and what is refused."""

import json
import pickle
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from checks import close, refused, tables
from neuroscribe.tools.models import Target, add, checkpoints, huggingface, zero

TABLES = tables(__file__)


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


@pytest.mark.parametrize(("options", "said"), TABLES["options_that_cannot_be"])
def test_options_that_cannot_be(options, said, save):
    refused(said, Target.load, str(save("llama")), **options)


def test_a_device_map_needs_accelerate(save, monkeypatch, capfd):
    real = huggingface.importlib.util.find_spec
    monkeypatch.setattr(
        huggingface.importlib.util,
        "find_spec",
        lambda name, *a: None if name == "accelerate" else real(name, *a),
    )
    refused("pip install accelerate", Target.load, str(save("llama")), device_map="auto")
    monkeypatch.undo()
    folder = str(save("bert"))
    capfd.readouterr()
    Target.load(folder)
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")


@pytest.fixture
def hub(monkeypatch):
    """Sets what the hub answers."""
    from huggingface_hub import HfApi

    return lambda answer: monkeypatch.setattr(HfApi, "model_info", answer)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("minillm", "minilm"), ("nobody/no-such-model", ""), ("plantd", "planted")],
)
def test_an_unknown_id_is_one_line_soon(name, nearest, hub):
    def unreachable(self, *args, timeout=None, **options):
        assert timeout <= 5
        raise OSError("no route")

    hub(unreachable)
    started = time.monotonic()
    assert nearest in refused("cannot be reached", Target.load, name)
    assert time.monotonic() - started < 5


def test_a_hub_that_never_answers_is_given_up(hub, monkeypatch):
    monkeypatch.setattr(checkpoints, "SECONDS", -0.8)
    hub(lambda self, *args, **options: time.sleep(2))
    started = time.monotonic()
    refused("TimeoutError", Target.load, "some/model")
    assert time.monotonic() - started < 1.5


@pytest.mark.parametrize(("kind", "options", "said"), TABLES["what_the_hub_says_is_passed_on"])
def test_what_the_hub_says_is_passed_on(kind, options, said, hub):
    from huggingface_hub import errors

    error = getattr(errors, kind).__new__(getattr(errors, kind))
    Exception.__init__(error, "404")

    def answer(self, *args, **given):
        raise error

    hub(answer)
    refused(said, Target.load, "some/model", **options)


@pytest.fixture
def copy(save, tmp_path):
    """The folder of a model, to be spoilt."""
    return shutil.copytree(save("gpt2"), tmp_path / "tiny-gpt2")


def test_a_folder_goes_before_an_id(save, tmp_path, monkeypatch):
    shutil.copytree(save("gpt2"), tmp_path / "some" / "model")
    monkeypatch.chdir(tmp_path)
    assert Target.load("some/model").kind == "causal"


@pytest.mark.parametrize(("broken", "said"), TABLES["a_folder_that_lacks_something"])
def test_a_folder_that_lacks_something(broken, said, copy):
    (copy / broken).unlink()
    refused(said, Target.load, str(copy))


def test_paths_that_are_no_folder(copy):
    refused(r"there is no folder .*; nearest: .*tiny-gpt2", Target.load, str(copy)[:-1])
    refused("is a file", Target.load, str(copy / "config.json"))
    refused("neither a folder nor", Target.load, "what is this")


def test_a_torn_or_foreign_checkpoint_is_refused(save, copy):
    weights = copy / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    refused("cannot be read", Target.load, str(copy))
    shutil.copy(save("llama") / "model.safetensors", weights)
    refused(r"lacks .* weights", Target.load, str(copy))


def test_pickles_hold_tensors_or_are_refused(save, copy, tmp_path):
    from safetensors.torch import load_file

    weights = load_file(copy / "model.safetensors")
    (copy / "model.safetensors").unlink()
    torch.save(weights, copy / "pytorch_model.bin")
    assert Target.load(str(copy)).fingerprint == Target.load(str(save("gpt2"))).fingerprint
    mark = tmp_path / "ran"

    class Evil:
        def __reduce__(self):
            return open, (str(mark), "w")

    for write in (torch.save, lambda item, path: path.write_bytes(pickle.dumps(item))):
        write({**weights, "x": Evil()}, copy / "pytorch_model.bin")
        refused(r"pickle .* refused|cannot be read", Target.load, str(copy))
        assert not mark.exists()


def test_code_of_a_model_runs_only_when_asked(copy, tmp_path):
    config = json.loads((copy / "config.json").read_text())
    own = {"AutoConfig": "strange.Config", "AutoModelForCausalLM": "strange.Model"}
    config |= {"model_type": "strange", "auto_map": own}
    (copy / "config.json").write_text(json.dumps(config))
    mark = tmp_path / "ran"
    (copy / "strange.py").write_text(f"open({str(mark)!r}, 'w')\n")
    refused("--trust-remote-code", Target.load, str(copy))
    assert not mark.exists()


def test_encoder_decoders_are_refused(tmp_path):
    from transformers import T5Config

    T5Config(architectures=["T5ForConditionalGeneration"]).save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").touch()
    (tmp_path / "tokenizer.json").touch()
    refused("encoder-decoder", Target.load, str(tmp_path))


FACTORIES = Path(__file__).parents[2] / "support" / "factories.py"


def test_a_convolutional_network():
    target = Target.load(f"{FACTORIES}:net")
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
    close(got, rest, 1e-5)
    assert target.activations(images, [target.unit("3/3-")]).shape == (1, 2, 9)
    refused("0 to 5", target.unit, "0/6")
    refused("place 100", target.trace, images, interventions=[zero("0", [2]).at(places=[100])])


def test_a_network_over_ids(rows):
    target = Target.load(f"{FACTORIES}:adder")
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


def test_a_language_model_with_its_tokenizer(save, monkeypatch, tmp_path):
    monkeypatch.setenv("MODEL_FOLDER", str(save("llama")))
    target = Target.load(f"{FACTORIES}:language")
    assert "mlp.2" in target.sites
    assert target.tokenizer is not None
    assert target.fingerprint == Target.load(str(save("llama"))).fingerprint
    (tmp_path / "mine.py").write_text("1/0\n")
    refused(r"no file .*; nearest: .*mine\.py", Target.load, f"{tmp_path}/mnie.py:net")
    refused("ZeroDivisionError", Target.load, f"{tmp_path}/mine.py:net")


@pytest.mark.parametrize(("attribute", "said"), TABLES["factories_that_do_not_work"])
def test_factories_that_do_not_work(attribute, said):
    refused(said, Target.load, f"{FACTORIES}:{attribute}")


@pytest.mark.parametrize("name", ["organism:adder", "planted", "models.py:made"])
def test_what_would_be_ignored_is_refused(name):
    refused("no revision 'main'", Target.load, name, revision="main")
    refused("takes --device", Target.load, name, device_map="auto")
