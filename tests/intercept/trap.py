"""A network in which every name leads to a trap: run in a network namespace of its own, `trap.py ADDRESS`.

It answers every DNS query with its own address, and writes a line for each query and for each connection.
"""

import socket
import sys
import threading


def main(address: str) -> None:
    names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    names.bind((address, 53))
    for port in (80, 443):
        listener = socket.create_server((address, port))
        threading.Thread(target=accept, args=(listener, port), daemon=True).start()
    print("ready", flush=True)
    while True:
        query, client = names.recvfrom(4_096)
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode())
            at += 1 + query[at]
        question, is_v4 = query[12 : at + 5], query[at + 1 : at + 3] == b"\0\1"
        answer = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4" + socket.inet_aton(address) if is_v4 else b""
        names.sendto(query[:2] + b"\x81\x80\0\1" + bytes([0, int(is_v4)]) + b"\0\0\0\0" + question + answer, client)
        print("name", ".".join(labels), flush=True)


def accept(listener: socket.socket, port: int) -> None:
    while True:
        client, _ = listener.accept()
        print("connection", port, flush=True)
        client.close()


if __name__ == "__main__":
    main(sys.argv[1])
