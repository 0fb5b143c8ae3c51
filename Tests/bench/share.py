"""Shares of the machine's processors, as control groups of the kernel (version 1 or 2) grant them."""

import contextlib
import pathlib
import tempfile

PERIOD = 20000  # microseconds; short, so that who has used up its share does not wait for long
PREFIX = "connector-bench-"
ROOT = pathlib.Path("/sys/fs/cgroup")


class Share:
    """What a process may use of the processors, until it is closed. RuntimeError: not here, and why."""

    def __init__(self, cores):
        try:
            self._folder = self._make(int(cores * PERIOD))
        except OSError as error:
            raise RuntimeError(f"control groups can't be made here: {error}") from error

    @staticmethod
    def _make(quota):
        if (ROOT / "cgroup.controllers").exists():
            (ROOT / "cgroup.subtree_control").write_text("+cpu")
            folder = pathlib.Path(tempfile.mkdtemp(prefix=PREFIX, dir=ROOT))
            (folder / "cpu.max").write_text(f"{quota} {PERIOD}")
            return folder
        folder = pathlib.Path(tempfile.mkdtemp(prefix=PREFIX, dir=ROOT / "cpu"))
        (folder / "cpu.cfs_period_us").write_text(str(PERIOD))
        (folder / "cpu.cfs_quota_us").write_text(str(quota))
        return folder

    def take(self, pid):
        """The process is held to it, with its threads."""
        (self._folder / "cgroup.procs").write_text(str(pid))

    def close(self):
        """When the process has ended."""
        with contextlib.suppress(OSError):
            self._folder.rmdir()
