"""The OpenAI images endpoint, or one that speaks like it: pictures from words, and edits as told.

A picture comes inside the answer. One that is only an address is asked for again in the answer, and
no address is ever fetched. Every failure is one line that says what it was.
"""

import base64
import binascii
import io
from collections.abc import Mapping
from typing import Any

from PIL import Image

from ...errors import UsageError
from ...llm.chat_api import LLMError, error_of, of_status, read_body
from ...llm.endpoints import Endpoint
from ...llm.retries import with_retries
from ...llm.wire import posted
from ..kept import LARGEST

_LARGEST = 64 << 20  # bytes of an answer: a picture of 4096 x 4096 as base64
_MOST_PIXELS = 64_000_000
_REFUSED = ("moderation_blocked", "content_policy_violation", "content_filter")


class OpenAIImages:
    """An image model behind an OpenAI-compatible endpoint.

    Args:
        model: The model's name, such as gpt-image-1.
        base_url: The endpoint; default: OPENAI_BASE_URL, or OpenAI itself.
        api_key: Default: OPENAI_API_KEY. A loopback endpoint needs none.
        size: What is asked for, such as 1024x1024; None: the endpoint's default.
        timeout: Seconds of one attempt.
        retries: Attempts after the first where it is busy or cannot be reached.
        price: Money for one picture.

    Raises:
        UsageError: if there is no key for an endpoint that needs one.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        size: str | None = None,
        timeout: float = 180.0,
        retries: int = 2,
        price: float = 0.0,
    ) -> None:
        self.model = model
        self.name = f"openai:{model}"
        self.price = price
        self._size = size
        missing = f"no key for {self.name}: set OPENAI_API_KEY"
        self._endpoint = Endpoint.of(base_url, api_key, missing)
        self._timeout, self._retries = timeout, retries

    def generate(self, prompt: str, *, seed: int, seconds: float | None = None) -> Image.Image:
        """A picture of these words; the endpoint knows no seed."""
        return self._picture("generations", seconds, {"prompt": prompt})

    def edit(
        self, picture: Image.Image, instruction: str, *, seed: int, seconds: float | None = None
    ) -> Image.Image:
        """The picture, changed as told; the endpoint knows no seed."""
        data = io.BytesIO()
        picture.convert("RGB").save(data, "PNG")
        file = {"image": ("picture.png", data.getvalue(), "image/png")}
        return self._picture("edits", seconds, {"prompt": instruction}, file)

    def _picture(
        self,
        what: str,
        seconds: float | None,
        request: dict[str, Any],
        files: Mapping[str, Any] | None = None,
    ) -> Image.Image:
        request |= {"model": self.model, "n": 1}
        if self._size is not None:
            request["size"] = self._size
        if self.model.startswith("dall-e"):
            request["response_format"] = "b64_json"
        encoded = self._sent(what, seconds, request, files)
        if encoded is None and "response_format" not in request:
            request["response_format"] = "b64_json"
            encoded = self._sent(what, seconds, request, files)
        if encoded is None:
            raise UsageError(f"{self.name} gave no picture in its answer")
        try:
            image = Image.open(io.BytesIO(base64.b64decode(encoded, validate=True)))
            if image.width * image.height > _MOST_PIXELS:
                raise UsageError(f"{self.name} gave a picture of {image.width} x {image.height}")
            image.draft("RGB", (LARGEST, LARGEST))
            return image.convert("RGB")
        except (OSError, ValueError, binascii.Error, Image.DecompressionBombError) as error:
            if isinstance(error, UsageError):
                raise
            raise UsageError(f"{self.name} gave no picture that can be read: {error}") from error

    def _sent(
        self,
        what: str,
        seconds: float | None,
        request: Mapping[str, Any],
        files: Mapping[str, Any] | None,
    ) -> str | None:
        """The picture in base64, if the answer holds one."""
        try:
            body = with_retries(
                lambda timeout: self._once(what, timeout, request, files),
                timeout=self._timeout,
                seconds=seconds,
                retries=self._retries,
                backoff=0.5,
            )
        except LLMError as error:
            where = f"cannot reach {self._endpoint.public} for " * (error.kind == "unreachable")
            raise UsageError(self._endpoint.hidden(f"{where}{self.name}: {error}")) from None
        items = body.get("data")
        first = items[0] if isinstance(items, list) and items else None
        encoded = first.get("b64_json") if isinstance(first, dict) else None
        return encoded if isinstance(encoded, str) else None

    def _once(
        self,
        what: str,
        timeout: float,
        request: Mapping[str, Any],
        files: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        headers = {"authorization": self._endpoint.authorisation}
        content: dict[str, Any] = {"json": dict(request)}
        if files is not None:
            fields = {name: str(value) for name, value in request.items()}
            content = {"data": fields, "files": dict(files)}
        url = self._endpoint.under(f"images/{what}")
        with posted(url, headers=headers, seconds=timeout, largest=_LARGEST, **content) as answer:
            body = answer.read()
        if answer.status != 200:
            reason, code = error_of(body)
            if code in _REFUSED or "safety" in reason.lower():
                raise UsageError(f"{self.name} refuses to draw this: {reason}; use other words")
            raise of_status(
                answer.status, answer.headers, body, model=self.model, where="the endpoint"
            )
        try:
            return read_body(body)
        except ValueError as error:
            raise LLMError("broken", f"its answer cannot be read: {error}") from error
