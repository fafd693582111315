"""What may not stand in any file of the repository."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Put together here, so that this file does not hold what it forbids.
REGISTRY_HOSTS = [
    name.encode()
    for name in (
        "pypi" + ".org",
        "python" + "hosted.org",
        "registry.npm" + "js.org",
        "deb.debian" + ".org",
    )
]
# A folder that only the writer's machine has. (No file holds the pattern's own match.)
MACHINE_PATH = re.compile(rb"(?<![\w.$}-])/(?:root|work|home|Users)/\w|/opt/(?:pypi|wheels)")


def project_files() -> list[Path]:
    """Return the files that git tracks or would add; not a clone, so nothing to hold: skipped."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git clone")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    names = [name.decode() for name in listed.split(b"\0") if name]
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def test_no_file_names_a_package_registry() -> None:
    """Where packages come from is each machine's own setting: no host is written down."""
    naming = [
        (path.relative_to(ROOT).as_posix(), host.decode())
        for path in project_files()
        for host in REGISTRY_HOSTS
        if host in path.read_bytes()
    ]
    assert naming == []


def test_no_file_holds_a_path_of_one_machine() -> None:
    """A path of the machine on which a file was made helps nobody else."""
    holding = [
        (path.relative_to(ROOT).as_posix(), found.group().decode())
        for path in project_files()
        if (found := MACHINE_PATH.search(path.read_bytes()))
    ]
    assert holding == []


def test_there_is_no_second_lock() -> None:
    """The locks are requirements/*.txt; a lock file of uv would name an index."""
    assert [path.name for path in project_files() if path.name == "uv.lock"] == []
