"""What runs a program, or writes a file, where it is read without care."""

from pathlib import Path
from typing import Any

import ormsgpack
from langgraph.checkpoint.serde.jsonplus import EXT_CONSTRUCTOR_POS_ARGS


def payload(ran: Path) -> bytes:
    """Bytes that make a file where langgraph's own serialiser reads them."""
    call = ormsgpack.packb(("os", "mknod", (str(ran),)))
    return ormsgpack.packb(ormsgpack.Ext(EXT_CONSTRUCTOR_POS_ARGS, call))


class Pickled:
    """An object that makes a file where it is unpickled."""

    def __init__(self, ran: Path) -> None:
        self.ran = ran

    def __reduce__(self) -> Any:
        return Path.touch, (self.ran,)
