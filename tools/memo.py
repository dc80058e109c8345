"""What was computed once: a dictionary whose entries are made by one thread alone.

Several investigations may share a memo. A thread that asks for an entry in the making waits for
it; entries of different keys do not wait for each other.
"""

import threading
from collections.abc import Callable, Hashable
from typing import Any


class Memo(dict[Any, Any]):
    """A dictionary with `once`."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._lock = threading.Lock()
        self._making: dict[Hashable, threading.RLock] = {}

    def once(self, key: Hashable, make: Callable[[], Any], *, most: int | None = None) -> Any:
        """The entry, made on first use.

        Args:
            key: What it is.
            make: Makes it; it may ask for other entries.
            most: Entries to keep; beyond them the oldest go. None: all.
        """
        with self._lock:
            if key in self:
                return self[key]
            making = self._making.setdefault(key, threading.RLock())
        with making:
            with self._lock:
                if key in self:
                    return self[key]
            value = make()
            with self._lock:
                self[key] = value
                self._making.pop(key, None)
                while most is not None and len(self) > most:
                    self.pop(next(iter(self)))
        return value
