"""A server that answers tus-js-client and throws its bytes away unread: no server can be faster. argv: port"""

import re
import socket
import sys

AT_ONCE = 2**20


def main(port: int) -> None:
    with socket.create_server(("127.0.0.1", port)) as listener:
        print("listening", flush=True)
        while True:
            connection, _ = listener.accept()
            with connection:
                serve(connection, port)


def serve(connection: socket.socket, port: int) -> None:
    unread = b""
    while True:
        while b"\r\n\r\n" not in unread:
            data = connection.recv(65536)
            if not data:
                return
            unread += data
        head, _, unread = unread.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        size = int(length[1]) if length else 0
        coming = size - len(unread)
        unread = b""
        nowhere = bytearray(AT_ONCE)
        while coming > 0:
            taken = connection.recv_into(nowhere, min(AT_ONCE, coming), socket.MSG_TRUNC)
            if not taken:
                return
            coming -= taken
        if head.startswith(b"POST"):
            said = f"201 Created\r\nLocation: http://127.0.0.1:{port}/files/1\r\nContent-Length: 0"
        else:
            said = f"204 No Content\r\nUpload-Offset: {size}"
        connection.sendall(f"HTTP/1.1 {said}\r\nTus-Resumable: 1.0.0\r\n\r\n".encode())


if __name__ == "__main__":
    main(int(sys.argv[1]))
