"""Benches over small real models, and a target with planted units whose functions are known."""

from collections.abc import Callable
from pathlib import Path

import bare_models
import number_models
import numpy as np
import pytest
from colour_target import RED, colour_target, picture, scene_of
from neuroscribe.tools import instruments as _belt  # noqa: F401
from neuroscribe.tools.data.image_rows import ImageRows, image_rows
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.evidence import EvidenceStore
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target
from neuroscribe.tools.scenes.scene import Scene
from tiny_families import prompt as prompt
from tiny_families import rows as rows
from tiny_families import tiny as tiny
from word_model import WORDS
from word_model import word_model as make_word_model

PETS = ("cat", "dog")
MakeLab = Callable[..., Lab]


def _pets(ids: np.ndarray, vocabulary) -> np.ndarray:
    """2 on cat, 1 on dog, nothing right behind `no`."""
    value = 2.0 * vocabulary.among(["cat"])[ids] + vocabulary.among(["dog"])[ids]
    no = vocabulary.among(["no"])[ids]
    value[:, 1:][no[:, :-1]] = 0
    return value.astype(np.float32)


def _never(ids: np.ndarray, vocabulary) -> np.ndarray:
    return np.zeros(ids.shape, np.float32)


@pytest.fixture(scope="session")
def word_model(tmp_path_factory: pytest.TempPathFactory) -> Target:
    """A random two-layer GPT-2 whose tokens are whole words."""
    return make_word_model(tmp_path_factory.mktemp("words"), spread=0.3)  # so that writes matter


@pytest.fixture(scope="session")
def planted(word_model: Target) -> Target:
    """`planted/0` pets except behind `no`, `planted/1` never; `planted/0` writes along the
    unembedding of `tree`, so that what it promotes is known."""
    from neuroscribe.tools.models.planted import Spec, plant

    tree = word_model.network.get_output_embeddings().weight[4 + WORDS.index("tree")]
    specs = [Spec(_pets, output=6 * tree / tree.norm()), Spec(_never)]
    return plant(word_model, specs, block=1)


@pytest.fixture(scope="session")
def texts() -> list[str]:
    """Sixty documents of random words; in most of them a pet stands behind `no`."""
    rng = np.random.default_rng(0)
    ends = ("no cat .", "no dog .", ".")
    return [" ".join([*rng.choice(WORDS, 24), ends[at % 3]]) for at in range(60)]


@pytest.fixture
def make_lab(planted: Target, texts: list[str]) -> MakeLab:
    """Makes fresh benches over the planted target."""
    explore = cut(planted, texts, length=32)

    def make(unit: str = "planted/0", **more) -> Lab:
        return Lab(planted, explore, unit=planted.unit(unit), **more)

    return make


@pytest.fixture
def lab(make_lab: MakeLab) -> Lab:
    """A fresh bench whose unit is `planted/0`."""
    return make_lab()


PROSE = (
    "Once upon a time there was a little girl named Lily. She loved to play in the park.",
    "The king would have gone to the city, but his horse was tired and he could not walk.",
    "In May the farmers sold twelve sheep and bought a red cart for half of the money.",
    "Tom and his dog ran to the big tree. They saw a bird, and the bird sang all day.",
    "If it rains tomorrow we may stay at home and read the old book about the sea.",
    "One day Sam found a box under his bed. He did not know what was in it.",
)


@pytest.fixture(scope="session")
def stories_bench(stories260k: Target) -> Lab:
    """What all benches over the trained language model share: windows, columns, profiles."""
    return Lab(stories260k, cut(stories260k, [*PROSE] * 2, length=48))


@pytest.fixture(scope="session")
def minilm_bench(minilm: Target) -> Lab:
    """What all benches over the trained encoder share."""
    return Lab(minilm, cut(minilm, [*PROSE], length=32))


def _fresh(bench: Lab, unit: str) -> Lab:
    return Lab(bench.target, bench.explore, unit=bench.target.unit(unit), memo=bench.memo)


@pytest.fixture
def stories_lab(stories_bench: Lab) -> Lab:
    """A bench over a trained language model."""
    return _fresh(stories_bench, "mlp.2/3")


@pytest.fixture
def open_stories_lab(stories_lab: Lab) -> Lab:
    """The same in a conversation: an investigation of one unit is not offered these tools."""
    stories_lab.open = True
    return stories_lab


@pytest.fixture
def minilm_lab(minilm_bench: Lab) -> Lab:
    """A bench over a trained encoder."""
    return _fresh(minilm_bench, "mlp.3/7")


@pytest.fixture(scope="session")
def colours() -> Target:
    """`conv.0/0` is red, 1 green, 2 blue, 3 dark, 4 never active."""
    return colour_target()


@pytest.fixture(scope="session")
def scenes() -> list[Scene]:
    """Eighty scenes."""
    rng = np.random.default_rng(0)
    return [scene_of(rng) for _ in range(80)]


@pytest.fixture(scope="session")
def drawn_rows(colours: Target, scenes: list[Scene]) -> ImageRows:
    """Pictures whose scenes are known."""
    return image_rows(colours, [picture(scene) for scene in scenes])


@pytest.fixture(scope="session")
def photo_rows(colours: Target, scenes: list[Scene]) -> ImageRows:
    """The same pictures, without their scenes."""
    return image_rows(colours, [picture(scene, known=False) for scene in scenes])


@pytest.fixture
def make_pictures(colours: Target, drawn_rows: ImageRows, tmp_path: Path) -> MakeLab:
    """Makes fresh benches over the drawn scenes."""

    def make(unit: str = f"conv.0/{RED}", *, rows: ImageRows | None = None, **more) -> Lab:
        store = EvidenceStore(tmp_path / "pictures")
        found = drawn_rows if rows is None else rows
        return Lab(colours, found, unit=colours.unit(unit), evidence=store, **more)  # type: ignore[arg-type]

    return make


@pytest.fixture
def pictures(make_pictures: MakeLab) -> Lab:
    """A fresh bench whose unit is red."""
    return make_pictures()


@pytest.fixture
def open_pictures(make_pictures: MakeLab) -> Lab:
    """A fresh bench over the drawn scenes without a unit under study."""
    opened = make_pictures(open=True)
    opened.unit = None
    return opened


@pytest.fixture(scope="module")
def load() -> Callable[[str], Target]:
    """Networks of one's own by the name of their factory, each loaded once."""
    made: dict[str, Target] = {}

    def get(name: str) -> Target:
        file = bare_models if hasattr(bare_models, name) else number_models
        if name not in made:
            made[name] = Target.load(f"{Path(str(file.__file__))}:{name}")
        return made[name]

    return get
