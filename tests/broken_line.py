"""A line of TCP between a client and Druid that can be made to fail as real ones do."""

import socket
import threading
from contextlib import suppress
from typing import Literal

Mode = Literal["whole", "cut", "silent", "refused"]


class Line:
    """Passes bytes on in both directions.

    Attributes:
        mode: ``whole`` passes all; ``cut`` breaks off within the body of each answer; ``silent`` takes requests and
            never answers; ``refused`` closes each connection at once, as a process does that is gone.
        cut_count: How many answers were cut off.
    """

    def __init__(self, port: int, to: int) -> None:
        """Listen at *port* and pass on to *to*, both on this machine."""
        self.mode: Mode = "whole"
        self.cut_count = 0
        self._to = to
        self._ends = threading.Event()
        self._door = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Listen no more; connections end."""
        self._ends.set()
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()

    def _accept(self) -> None:
        while not self._ends.is_set():
            with suppress(OSError):
                client, _ = self._door.accept()
                threading.Thread(target=self._pass, args=(client,), daemon=True).start()

    def _pass(self, client: socket.socket) -> None:
        with client:
            if self.mode == "refused":
                return
            with suppress(OSError), socket.create_connection(("127.0.0.1", self._to)) as server:
                threading.Thread(target=self._requests, args=(client, server), daemon=True).start()
                self._answers(client, server)

    def _requests(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while (found := client.recv(65_536)) and self.mode != "refused":
                if self.mode == "silent":
                    self._ends.wait()
                    return
                server.sendall(found)
            server.shutdown(socket.SHUT_RDWR)

    def _answers(self, client: socket.socket, server: socket.socket) -> None:
        is_body = False
        while found := server.recv(65_536):
            if self.mode != "cut":
                client.sendall(found)
                continue
            # The head of an answer may come alone.
            head, between, body = (b"", b"", found) if is_body else found.partition(b"\r\n\r\n")
            is_body = is_body or bool(between)
            client.sendall(head + between + body[: len(body) // 2])
            if body:
                self.cut_count += 1
                # Closing alone says nothing to the client while the other thread reads from it.
                client.shutdown(socket.SHUT_RDWR)
                return
