"""What the numbers were measured on."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

from tools.elm.translator import node_command


def description() -> dict[str, str]:
    """CPU, cores, memory, versions. No host name."""
    node = subprocess.run(node_command("--version"), capture_output=True, text=True, check=True)
    return {
        "cpu": _first("/proc/cpuinfo", "model name"),
        "cpuFamily": _first("/proc/cpuinfo", "cpu family"),
        "cores": str(os.cpu_count()),
        "memory": f"{int(_first('/proc/meminfo', 'MemTotal').split()[0]) / 1024**2:.0f} GiB",
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "node": node.stdout.strip(),
        "orjson": version("orjson"),
    }


def load_average() -> str:
    """The 1, 5 and 15 minute load averages."""
    return " ".join(f"{load:.2f}" for load in os.getloadavg())


def _first(file: str, key: str) -> str:
    for line in Path(file).read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return "unknown"
