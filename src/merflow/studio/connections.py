"""Connections of the server: limits on how many wait, in each state, and for how long.

A connection waits for a request, receives its body, or is answered. Each of the first two states
has a limit of its own, above which the oldest connection in it is closed: half-open connections
cannot keep others from being answered.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_SECONDS = 5.0
"""Longest time from the first byte of a request (or the connection) to its last header (s)."""
SEND_SECONDS = 30.0
"""Longest time for which a client may read nothing of a response (s)."""
CONNECTION_LIMIT = 256
"""Most connections; further ones get 503."""
WAITING, RECEIVING, ANSWERING = "waiting", "receiving", "answering"
LIMITS = {WAITING: 64, RECEIVING: 64}
"""Most connections in a state."""


class Connection(H11Protocol):
    """A connection with a state, the time it was entered, and timers that end it."""

    state = ""
    since = 0.0
    _request_timer: asyncio.TimerHandle | None = None
    _send_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._await_request()
        self._update()

    def data_received(self, data: bytes) -> None:
        """Read a part of a request; its headers have REQUEST_SECONDS from their first byte."""
        super().data_received(data)
        self._update()

    def on_response_complete(self) -> None:
        """Wait for the next request; part of it may have arrived."""
        super().on_response_complete()
        self._update()

    def pause_writing(self) -> None:
        """Begin to wait for a client that reads nothing."""
        super().pause_writing()
        self._send_timer = self.loop.call_later(SEND_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop waiting for the client."""
        super().resume_writing()
        self._send_timer = _cancel(self._send_timer)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timers."""
        super().connection_lost(exc)
        self._request_timer = _cancel(self._request_timer)
        self._send_timer = _cancel(self._send_timer)

    def _await_request(self) -> None:
        if self._request_timer is None:
            self._request_timer = self.loop.call_later(REQUEST_SECONDS, self.transport.abort)

    def _update(self) -> None:
        """Find the state, start or stop its timer, and close the oldest above its limit."""
        state = self._state_now()
        if state != WAITING:
            self._request_timer = _cancel(self._request_timer)
        elif self.conn.trailing_data[0]:
            self._await_request()
        if state != self.state:
            self.state, self.since = state, self.loop.time()
            self._close_oldest()

    def _state_now(self) -> str:
        if self.cycle is None or self.cycle.response_complete:
            return WAITING
        return RECEIVING if self.cycle.more_body else ANSWERING

    def _close_oldest(self) -> None:
        alike: list[Any] = [
            one for one in self.connections
            if one.state == self.state and not one.transport.is_closing()
        ]  # fmt: skip
        if len(alike) > LIMITS.get(self.state, CONNECTION_LIMIT):
            min(alike, key=lambda one: one.since).transport.abort()


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
