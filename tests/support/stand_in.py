"""What reading an input needs of a target, and no network."""

from typing import Any


class StandIn:
    """A tokenizer, or what is seen of a picture, under a name."""

    name = "fake"

    def __init__(
        self,
        tokenizer: Any = None,
        kind: str = "causal",
        *,
        context_length: int = 4096,
        image: Any = None,
    ) -> None:
        self.tokenizer, self.kind, self.context_length = tokenizer, kind, context_length
        self.image = image
