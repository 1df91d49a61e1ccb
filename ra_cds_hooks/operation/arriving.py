"""A request that is still arriving: what of it is there, and whether that is all of it.

Only the frame is read (where headers and body end), so that no thread has to wait for a slow
client; what a request says is the HTTP server's to parse, from the same bytes.

Source: RFC 9112 (6.3 Message Body Length, 7.1 Chunked Transfer Coding).
"""

from __future__ import annotations

import re

# Longer headers are not waited for: the parser refuses them.
MAX_HEAD = 64 * 1024
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,15})[ \t]*(?:\r\n|$)")
_CHUNK = re.compile(rb"[ \t]*([0-9a-fA-F]{1,15})[ \t]*(?:;|$)")


class Arriving:
    """The bytes of one request so far. ``most`` is the largest body that will be read."""

    def __init__(self, most: int) -> None:
        self.data = bytearray()
        self.expects_word = False  # the client waits for a 100 before it sends the body
        self._most = most
        self._whole_at: int | None = None
        self._chunk_at: int | None = None

    @property
    def has_head(self) -> bool:
        """Whether the headers are there."""
        return b"\r\n\r\n" in self.data

    def is_whole(self) -> bool:
        """Whether it is all there, or nothing is won by waiting for the rest.

        The latter is so where the parser will refuse it, or the body is larger than is read.
        """
        if self._whole_at is None and self._chunk_at is None:
            self._read_head()
        if self._chunk_at is not None:
            self._read_chunks()
        return self._whole_at is not None and len(self.data) >= self._whole_at

    def _read_head(self) -> None:
        end = self.data.find(b"\r\n\r\n")
        if end < 0:
            self._whole_at = 0 if len(self.data) > MAX_HEAD else None
            return
        head = bytes(self.data[:end]).lower()
        self.expects_word = b"\r\nexpect:" in head
        if b"\r\ntransfer-encoding:" in head:
            self._chunk_at = end + 4
            return
        length = _LENGTH.search(head)
        body = int(length[1]) if length is not None else 0
        self._whole_at = end + 4 + body if body <= self._most else 0

    def _read_chunks(self) -> None:
        """Go from chunk to chunk, to the last one and the lines behind it."""
        at = self._chunk_at
        while at is not None and self._whole_at is None:
            line_end = self.data.find(b"\r\n", at, at + MAX_HEAD)
            if line_end < 0:
                break
            size = _CHUNK.match(self.data, at, line_end)
            if size is None or len(self.data) > self._most + 2 * MAX_HEAD:
                self._whole_at = 0
            elif int(size[1], 16) > 0:
                at = line_end + 2 + int(size[1], 16) + 2
            elif self.data.startswith(b"\r\n", line_end + 2):
                self._whole_at = line_end + 4
            else:
                trailers_end = self.data.find(b"\r\n\r\n", line_end)
                self._whole_at = trailers_end + 4 if trailers_end >= 0 else None
                break
        self._chunk_at = at
        if self._whole_at is None and len(self.data) > self._most + 2 * MAX_HEAD:
            self._whole_at = 0
