"""Conversations in browsers: each browser has one at a time, and each thread is in one browser.

A question is answered in a thread of its own, which a browser only watches: a browser that goes
away stops the present experiment, and the conversation is closed when the work has ended.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ...tools.errors import UsageError
from ..asking.conversation import Conversation
from ..asking.events import ApprovalRequest, Event
from .exchange import Exchange, earlier

MOST = 16
"""Conversations that are open at a time."""
_STEP = 0.15  # seconds between two looks of a browser
Open = Callable[[str | None], Conversation]
"""Opens the conversation of a name, or a new one."""


@dataclass
class Talk:
    """One conversation, as one browser sees it."""

    conversation: Conversation
    past: list[Exchange]
    now: Exchange | None = None
    busy: bool = False
    _gone: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, conversation: Conversation) -> "Talk":
        """A conversation with the exchanges that it had before."""
        past = earlier(conversation)
        now = None
        if conversation.waiting is not None:
            now = past.pop() if past else Exchange("")
            now.waiting = conversation.waiting
        return cls(conversation, past, now)

    def ask(self, question: str) -> None:
        """Begins to answer a question.

        Raises:
            UsageError: if it cannot be answered, or another is being answered.
        """
        with self._lock:
            if self.busy:
                raise UsageError("a question is being answered; wait for it, or stop it")
            events = self.conversation.stream(question)
            if self.now is not None:
                self.past.append(self.now)
            self.now = Exchange(question.strip())
            self._work(events)

    def allow(self, allowed: bool) -> None:
        """Goes on after a request for approval.

        Raises:
            UsageError: if nothing waits for approval.
        """
        with self._lock:
            if self.busy or self.now is None or self.now.waiting is None:
                raise UsageError("nothing waits for approval any more")
            events = self.conversation.go_on(allowed=allowed)
            self.now.waiting = None
            self._work(events)

    def stop(self) -> None:
        """Stops the present experiment."""
        if self.busy:
            self.conversation.stop()

    def leave(self) -> None:
        """The browser has gone: what is at work is stopped, then the thread is free for others."""
        with self._lock:
            self._gone = True
            if self.busy:
                self.conversation.stop()
            else:
                self.conversation.close()

    def watch(self) -> Iterator[None]:
        """Gives a sign whenever something was said, until the work has ended."""
        seen = -1
        while self.busy:
            if self.now is not None and self.now.heard != seen:
                seen = self.now.heard
                yield
            time.sleep(_STEP)
        yield

    def _work(self, events: Iterator[Event]) -> None:
        self.busy = True
        threading.Thread(target=self._hear, args=(events,), daemon=True).start()

    def _hear(self, events: Iterator[Event]) -> None:
        assert self.now is not None
        try:
            for event in events:
                self.now.hear(event, self.conversation)
        except Exception as error:
            self.now.fail(error)
        with self._lock:
            self.busy = False
            if self._gone:
                self.conversation.close()


@dataclass
class Talks:
    """The conversations of all browsers.

    Args:
        opened: Opens a conversation.
    """

    opened: Open
    _of: dict[str, Talk] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, browser: str) -> Talk | None:
        """The conversation of a browser, where it has one."""
        return self._of.get(browser)

    def open(self, browser: str, name: str | None) -> Talk:
        """The conversation of a name in a browser, instead of the one that it had.

        Args:
            browser: Which.
            name: Of a kept conversation; None: a new one.

        Raises:
            UsageError: if it is open elsewhere, or too many are open.
        """
        known = self._of.get(browser)
        if known is not None and known.conversation.thread.name == name:
            return known
        if len(self._of) >= MOST and known is None:
            raise UsageError(f"{MOST} conversations are open here; close one in its browser first")
        talk = Talk.of(self.opened(name))
        with self._lock:
            old = self._of.get(browser)
            self._of[browser] = talk
        if old is not None:
            old.leave()
        return talk

    def leave(self, browser: str) -> None:
        """A browser has gone."""
        with self._lock:
            talk = self._of.pop(browser, None)
        if talk is not None:
            talk.leave()

    def leave_all(self) -> None:
        """The server ends."""
        for browser in list(self._of):
            self.leave(browser)


def waiting_for(talk: Talk | None) -> ApprovalRequest | None:
    """The costly call that a conversation waits with; None where it waits for nothing."""
    return talk.now.waiting if talk is not None and talk.now is not None else None
