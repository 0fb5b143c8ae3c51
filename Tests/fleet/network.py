"""A network of its own: hosts that are network namespaces, on one switch, with the addresses of doc/fleet."""

import os
import subprocess
import sys

PREFIX = "192.0.2."
SELF = PREFIX + "1"
INSIDE = "IOFOG_FLEET_INSIDE"


def unavailable():
    """Why there can't be one here; None: there can."""
    if os.geteuid() != 0:
        return "it takes root"
    tried = subprocess.run(["unshare", "--net", "--mount", "--pid", "--fork", "ip", "link", "add", "name", "try",
                            "type", "bridge"], capture_output=True, text=True, check=False)
    return None if tried.returncode == 0 else f"no namespaces, or no bridge in one: {tried.stderr.strip()}"


def enter():
    """Goes on in namespaces for network, mounts and processes: all that is started there ends with this process."""
    if INSIDE in os.environ:
        return
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
                          sys.executable, *sys.argv])


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)


class Switch:
    """What all hosts are connected to; this process has the address SELF there."""

    def __init__(self):
        subprocess.run(["mount", "-t", "tmpfs", "fleet", "/run"], check=True)
        ip("link", "set", "lo", "up")
        ip("link", "add", "switch", "type", "bridge")
        ip("address", "add", f"{SELF}/24", "dev", "switch")
        ip("link", "set", "switch", "up")


class Host:
    """One with an address there."""

    def __init__(self, name, number):
        self.name, self.address = name, PREFIX + str(number)
        ip("netns", "add", name)
        ip("link", "add", "name", name, "type", "veth", "peer", "name", "eth0", "netns", name)
        ip("link", "set", "dev", name, "master", "switch", "up")
        ip("-n", name, "address", "add", f"{self.address}/24", "dev", "eth0")
        for device in "lo", "eth0":
            ip("-n", name, "link", "set", device, "up")

    def command(self, *words):
        """What runs a command there."""
        return ["ip", "netns", "exec", self.name, *map(str, words)]

    def cut_off(self):
        ip("link", "set", "dev", self.name, "down")

    def connect(self):
        ip("link", "set", "dev", self.name, "up")
