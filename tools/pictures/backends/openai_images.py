"""The OpenAI images endpoint, or one that speaks like it: pictures from words, and edits as told.

A picture comes inside the answer. One that is only an address is asked for again in the answer, and
no address is ever fetched. Every failure is one line that says what it was.
"""

import base64
import binascii
import io
import os
from typing import Any

from PIL import Image

from ...errors import UsageError
from ...llm import loopback
from . import LARGEST

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
        self._url = base_url or os.environ.get("OPENAI_BASE_URL") or None
        key = api_key or os.environ.get("OPENAI_API_KEY")
        if not key and not loopback(self._url):
            raise UsageError(f"no key for {self.name}: set OPENAI_API_KEY")
        self._options = {
            "base_url": self._url,
            "api_key": key or "none",
            "timeout": timeout,
            "max_retries": retries,
        }
        self._made: Any = None

    def generate(self, prompt: str, *, seed: int) -> Image.Image:
        """A picture of these words; the endpoint knows no seed."""
        return self._picture("generate", prompt=prompt)

    def edit(self, picture: Image.Image, instruction: str, *, seed: int) -> Image.Image:
        """The picture, changed as told; the endpoint knows no seed."""
        data = io.BytesIO()
        picture.convert("RGB").save(data, "PNG")
        file = ("picture.png", data.getvalue(), "image/png")
        return self._picture("edit", prompt=instruction, image=file)

    def _picture(self, what: str, **request: Any) -> Image.Image:
        request |= {"model": self.model, "n": 1}
        if self._size is not None:
            request["size"] = self._size
        if self.model.startswith("dall-e"):
            request["response_format"] = "b64_json"
        found = self._sent(what, request)
        if found is None and "response_format" not in request:
            found = self._sent(what, {**request, "response_format": "b64_json"})
        if found is None:
            raise UsageError(f"{self.name} gave no picture in its answer")
        try:
            image = Image.open(io.BytesIO(base64.b64decode(found, validate=True)))
            if image.width * image.height > _MOST_PIXELS:
                raise UsageError(f"{self.name} gave a picture of {image.width} x {image.height}")
            image.draft("RGB", (LARGEST, LARGEST))
            return image.convert("RGB")
        except (OSError, ValueError, binascii.Error, Image.DecompressionBombError) as error:
            if isinstance(error, UsageError):
                raise
            raise UsageError(f"{self.name} gave no picture that can be read: {error}") from error

    def _sent(self, what: str, request: dict[str, Any]) -> str | None:
        """The picture in base64, if the answer holds one."""
        import openai

        try:
            answer = getattr(self._client.images, what)(**request)
            items = getattr(answer, "data", None) or []
            return items[0].b64_json if items else None
        except openai.APITimeoutError as error:
            raise UsageError(f"{self.name} did not answer in time") from error
        except openai.APIStatusError as error:
            raise UsageError(self._said(error)) from error
        except openai.APIConnectionError as error:
            where = self._url or "api.openai.com"
            raise UsageError(f"cannot reach {where} for {self.name}: {error.__cause__}") from error
        except (openai.APIError, ValueError, AttributeError, TypeError) as error:
            raise UsageError(f"{self.name} gave an answer that cannot be read: {error}") from error

    def _said(self, error: Any) -> str:
        """What the endpoint's error means."""
        body = error.body if isinstance(error.body, dict) else {}
        message = " ".join(str(body.get("message") or error.message).split())[:200]
        code = str(body.get("code") or "")
        if code in _REFUSED or "safety" in message.lower():
            return f"{self.name} refuses to draw this: {message}; use other words"
        if error.status_code == 429:
            return f"{self.name} is busy or its quota is spent (429): {message}"
        if error.status_code in (401, 403):
            return f"{self.name} does not accept the key ({error.status_code}): {message}"
        return f"{self.name} answered with an error ({error.status_code}): {message}"

    @property
    def _client(self) -> Any:
        if self._made is None:
            import openai

            self._made = openai.OpenAI(**self._options)
        return self._made
