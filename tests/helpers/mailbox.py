"""A mail server on loopback for tests: it speaks as much SMTP as a client needs, and keeps what it took."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import email
import email.message
import email.policy
import ssl
import threading
from collections.abc import Iterator


class Mailbox:
    """What a running mail server took, and how it answers: ``answers["RCPT"] = "550 no such user"``."""

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self.port = 0
        self.mails: list[email.message.EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.logins: list[str] = []
        self.encrypted: list[bool] = []
        self.answers: dict[str, str] = {}
        self.refused: dict[str, str] = {}  # recipient → the answer to it
        self.tls = tls

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        is_encrypted, recipients = False, list[str]()
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._say(writer, self.answers.get("", "220 ready"))
            while line := (await reader.readline()).decode().strip():
                verb = line.split()[0].upper()
                if verb in self.answers:
                    await self._say(writer, self.answers[verb])
                elif verb == "EHLO":
                    offers = ["250-here"] + ["250-STARTTLS"] * (self.tls is not None and not is_encrypted)
                    await self._say(writer, "\r\n".join([*offers, "250 AUTH PLAIN"]))
                elif verb == "STARTTLS":
                    await self._say(writer, "220 go on")
                    await writer.start_tls(self.tls)
                    is_encrypted = True
                elif verb == "AUTH":
                    self.logins.append(base64.b64decode(line.split()[-1]).decode().replace("\0", " ").strip())
                    await self._say(writer, "235 welcome")
                elif verb == "RCPT":
                    who = line.partition("<")[2].partition(">")[0]
                    recipients += [] if who in self.refused else [who]
                    await self._say(writer, self.refused.get(who, "250 ok"))
                elif verb == "DATA":
                    await self._say(writer, "354 go on")
                    data = await reader.readuntil(b"\r\n.\r\n")
                    self.mails.append(email.message_from_bytes(data[:-3], policy=email.policy.default))
                    self.recipients.append(recipients)
                    self.encrypted.append(is_encrypted)
                    await self._say(writer, "250 taken")
                elif verb == "QUIT":
                    await self._say(writer, "221 bye")
                    break
                else:
                    await self._say(writer, "250 ok")
        writer.close()

    async def _say(self, writer: asyncio.StreamWriter, text: str) -> None:
        writer.write(f"{text}\r\n".encode())
        await writer.drain()


@contextlib.contextmanager
def run_mailbox(tls: ssl.SSLContext | None = None) -> Iterator[Mailbox]:
    """Run a mail server in a thread of its own until the block ends; with ``tls`` it offers STARTTLS."""
    mailbox = Mailbox(tls)
    ready, ends = threading.Event(), list[object]()

    async def run() -> None:
        stop = asyncio.Event()
        server = await asyncio.start_server(mailbox.serve, "127.0.0.1", 0)
        mailbox.port = server.sockets[0].getsockname()[1]
        ends.append((asyncio.get_running_loop(), stop))
        ready.set()
        await stop.wait()
        server.close()
        await asyncio.sleep(0.05)  # so that what clients have closed is closed here too

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    assert ready.wait(30), "the mail server did not start"
    try:
        yield mailbox
    finally:
        loop, stop = ends[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join()
