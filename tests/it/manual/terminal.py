"""Runs a script of bash on a terminal, as somebody types it, answers what is asked there, and prints what was shown.

A server that says that it is ready is ended by Ctrl-C.
"""

import os
import pty
import re
import select
import struct
import sys
from fcntl import ioctl
from termios import TIOCSWINSZ

script, password = sys.argv[1:]
ANSWERS = [
    (rb"(?:Password|The same again|Password or access token): $", lambda _: password.encode() + b"\n"),
    (rb"Type (\S+) to go on: $", lambda found: found[1] + b"\n"),
    (rb"\[y/n\] $", lambda _: b"y\n"),
    (rb"(?:^|\n)ready on \S+\r?\n", lambda _: b"\x03"),
]

child, terminal = pty.fork()
if child == 0:
    os.execvp("bash", ["bash", script])
ioctl(terminal, TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
shown, asked_at = b"", 0
while select.select([terminal], [], [], 60)[0]:
    try:
        piece = os.read(terminal, 65536)
    except OSError:
        break
    if not piece:
        break
    shown += piece
    for pattern, answer in ANSWERS:
        found = re.search(pattern, shown[asked_at:])
        if found:
            asked_at = len(shown)
            os.write(terminal, answer(found))
            break
# As it looks in the end: a line that was written anew is there once.
lines = re.sub(rb"\x1b\[[0-9;]*[A-Za-z]", b"", shown.replace(b"\r\n", b"\n")).split(b"\n")
sys.stdout.buffer.write(b"\n".join(line.rsplit(b"\r", 1)[-1] for line in lines))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
