"""Runs one command per line, a JSON list, and prints its exit status, its time from start to end
and the processor time of it and all that it waited for, both in microseconds."""
import json
import os
import sys
import time

null = os.open(os.devnull, os.O_RDWR)
quiet = [(os.POSIX_SPAWN_DUP2, null, fd) for fd in (0, 1, 2)]
for line in sys.stdin:
    command = json.loads(line)
    began = time.monotonic()
    pid = os.posix_spawnp(command[0], command, os.environ, file_actions=quiet)
    _, status, usage = os.wait4(pid, 0)
    end = time.monotonic() - began
    cpu = usage.ru_utime + usage.ru_stime
    print(os.waitstatus_to_exitcode(status), int(end * 1e6), int(cpu * 1e6), flush=True)
