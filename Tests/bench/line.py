"""A line with a delay, between the two halves of the tunnels that are compared."""

import ctypes
import json
import os
import subprocess

CLONE_NEWNET = 0x40000000


class Line:
    """Its near end has Connector and the visitors, its far end the agent and the target. What this program starts, and
    the connections that it makes, are at the near end for as long as it is entered (with the "with" statement)."""

    NEAR, FAR = "198.18.0.1", "198.18.0.2"

    def __init__(self, setup, milliseconds, megabits):
        self.round_trip = milliseconds / 1000
        self._process = subprocess.Popen([setup.program("bench-line"), str(milliseconds), str(megabits)], text=True,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(self._process.communicate()[1].strip())
        ends = json.loads(answer)
        self._near, self.far = ends["near"], ends["far"]

    def __enter__(self):
        self._before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        near = os.open(self._near, os.O_RDONLY)
        go_to(near)
        os.close(near)
        return self

    def __exit__(self, *_error):
        go_to(self._before)
        os.close(self._before)
        self._process.communicate()

    def at_far_end(self, command):
        return ["nsenter", f"--net={self.far}"] + command


def go_to(namespace):
    if ctypes.CDLL(None, use_errno=True).setns(namespace, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
