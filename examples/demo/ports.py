# SPDX-License-Identifier: Apache-2.0
"""ports.py -- ports of loopback that nobody else comes to: no other process that asks here, and not the system, which
takes the ends of its connections from another range.  What is found stays reserved until this process ends, so that
servers may be started again on it."""
import random
import socket

FIRST = 10000
reserved = []


def first_ephemeral():
    try:
        with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
            return int(file.read().split()[0])
    except (OSError, ValueError):
        return 32768


def is_unused(port):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


def free_port():
    """For TCP and UDP."""
    dice = random.SystemRandom()
    last = max(first_ephemeral(), FIRST + 1000) - 1
    for _ in range(2000):
        port = dice.randint(FIRST, last)
        mark = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            mark.bind(f"\0stardeleg-port-{port}")  # without a file: it goes with the process
        except OSError:
            mark.close()
            continue
        if is_unused(port):
            reserved.append(mark)
            return port
        mark.close()
    raise OSError("no port is free")
