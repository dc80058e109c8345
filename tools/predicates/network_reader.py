"""A trained network as reader of pictures: its classes, and what it finds alike.

It says which of its classes a picture shows (`class`) and how similar pictures are (`like`). Of the
atoms that are read from scenes it reads `object`, by classes of that name; the others need a reader
that knows colours and places.
"""

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ..data.image_rows import ImageRows
from ..errors import UsageError
from ..models.picture_reader import check_picture_reader, classes_named, picture_states
from ..models.target import Target
from ..models.trust import built_in, clean

if TYPE_CHECKING:
    from .images import ImageAtom


class NetworkReader:
    """Reads pictures with a network that is not the target."""

    def __init__(self, network: Target, name: str) -> None:
        self.network = network
        self.name = name

    def degrees(self, atom: "ImageAtom", rows: ImageRows) -> np.ndarray:
        """float32 `[image]` in 0..1.

        Raises:
            UsageError: for an atom that its classes do not tell.
        """
        names = getattr(atom, "names", ())
        if atom.kind != "object":
            raise UsageError(
                f"the reader '{self.name}' tells classes of photos, not '{atom.kind}'; use class, "
                "look, area or like"
            )
        return probabilities(self.network, names, rows)


def probabilities(network: Target, names: tuple[str, ...], rows: ImageRows) -> np.ndarray:
    """float32 `[image]`: that a picture shows one of these classes or groups.

    Raises:
        UsageError: if the network has none of a name.
    """
    chosen = sorted({i for name in names for i in classes_named(network, name)})
    return picture_states(network, rows).classes[:, chosen].sum(1).clip(0, 1).astype(np.float32)


def network_of(rows: ImageRows, name: str | None) -> Target:
    """The network of that name: the rows' own reader, or one that ships.

    Predictors come from files and language models, so that they may name no other.

    Raises:
        UsageError: if there is none, or it is the target under study.
    """
    reader = rows.reader
    if isinstance(reader, NetworkReader) and name in (None, reader.name):
        network = reader.network
    elif name is None:
        raise UsageError("'class' needs a network that reads the pictures: --reader efficientnet")
    elif built_in(name):
        network = _loaded(name)
    else:
        raise UsageError(
            f"network '{clean(name)}' is not the reader of these pictures and does not ship with "
            "neuroscribe: give it with --reader, or use 'efficientnet'"
        )
    check_picture_reader(network, rows.target)
    return network


def reader_network(rows: ImageRows) -> Target | None:
    """The network that reads these rows, where one does."""
    return rows.reader.network if isinstance(rows.reader, NetworkReader) else None


@lru_cache(maxsize=4)
def _loaded(name: str) -> Target:
    return Target.load(name)
