"""A machine's network as Linux separates it: a namespace with one cable to this machine, which can be pulled."""

import os
import random
import subprocess
from contextlib import suppress

import pytest
from programs import need


class NetworkNamespace:
    """A namespace whose only way to anything is a bridge of this machine; not allowed, it skips the test.

    Attributes
    ----------
    address
        Of this machine, as it is reached from there.
    prefix
        What begins the command of a program that is to run there.
    """

    def __init__(self) -> None:
        ip = need("ip")
        token = os.urandom(3).hex()
        network = f"10.{random.randrange(200, 250)}.{random.randrange(256)}"
        self._ip, self._name = ip, f"triage-{token}"
        self._bridge, self._port = f"trb{token}", f"trp{token}"
        self.address, there = f"{network}.1", f"{network}.2"
        self.prefix = (ip, "netns", "exec", self._name)
        inside = ("-n", self._name)
        steps = (
            ("netns", "add", self._name),
            ("link", "add", self._bridge, "type", "bridge"),
            ("link", "add", self._port, "type", "veth", "peer", "name", "eth0", "netns", self._name),
            ("link", "set", self._port, "master", self._bridge, "up"),
            ("addr", "add", f"{self.address}/30", "dev", self._bridge),
            ("link", "set", self._bridge, "up"),
            (*inside, "addr", "add", f"{there}/30", "dev", "eth0"),
            (*inside, "link", "set", "lo", "up"),
            (*inside, "link", "set", "eth0", "up"),
        )
        try:
            for step in steps:
                self._do(*step)
        except subprocess.CalledProcessError as error:
            self.stop()
            pytest.skip(f"no network namespace can be made here: {error.stderr.strip()}")

    def cut(self) -> None:
        """Pull the cable: nothing comes through, and nobody is told."""
        self._do("link", "set", self._port, "down")

    def mend(self) -> None:
        """Plug it in again."""
        self._do("link", "set", self._port, "up")

    def stop(self) -> None:
        """Remove it, as far as it was made; what runs there has ended before."""
        for step in (("link", "del", self._port), ("link", "del", self._bridge), ("netns", "del", self._name)):
            with suppress(subprocess.CalledProcessError):
                self._do(*step)

    def _do(self, *arguments: str) -> None:
        subprocess.run([self._ip, *arguments], check=True, capture_output=True, text=True, timeout=30)
