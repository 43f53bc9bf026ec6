# SPDX-License-Identifier: BSL-1.0
"""`lading serve` as a component of tests: started on a free port of 127.0.0.1, killed or stopped by its own pid."""
import os
import pathlib
import signal
import subprocess


class Served:
    """One `lading serve`; `host` is HOST:PORT, `extra` its options."""

    def __init__(self, program, folder, *extra, port=0):
        self.log_path = pathlib.Path(str(folder).partition(":")[2] or folder).with_suffix(".served.log")
        self.process = subprocess.Popen([os.path.abspath(program), "serve", "--listen", f"127.0.0.1:{port}", *map(str, extra), str(folder)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=self.log_path.open("ab"), start_new_session=True)
        self.host = self.process.stdout.readline().decode().strip()
        if not self.host:
            raise RuntimeError("lading serve does not serve:\n" + self.log_path.read_text())
        self.port = int(self.host.rpartition(":")[2])

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()
