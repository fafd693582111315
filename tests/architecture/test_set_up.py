"""The files that set things up say the same as one another."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
LINES = [line.strip() for line in COMPOSE.splitlines() if not line.lstrip().startswith("#")]
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")


def test_every_published_port_is_bound_to_this_machine() -> None:
    """Neither the gateway nor the database can be reached from another machine."""
    published = [line for line in LINES if re.fullmatch(r'- "[\d.:]+"', line)]
    assert len(published) == 3
    assert all(line.startswith('- "127.0.0.1:') for line in published)


def test_no_credential_is_written_down() -> None:
    """Credentials are secrets that come from the environment, and have no default."""
    assert re.findall(r"^    environment: (\w+)$", COMPOSE, re.MULTILINE) == [
        "TWS_USERID",
        "TWS_PASSWORD",
        "POSTGRES_PASSWORD",
    ]
    assert not [line for line in LINES if "PASSWORD" in line and re.search(r":-[^}]", line)]


def test_no_service_demands_what_another_one_needs() -> None:
    """`${VARIABLE:?message}` is demanded whatever is started, so it is not used."""
    assert not [line for line in LINES if re.search(r"\$\{\w+:?\?", line)]


def test_every_variable_of_the_services_is_in_the_example() -> None:
    """.env.example names what docker-compose.yml reads, and fills in no credential."""
    read = set(re.findall(r"(?<!\$)\$\{(\w+)", "\n".join(LINES)))
    read |= set(re.findall(r"^    environment: (\w+)$", COMPOSE, re.MULTILINE))
    named = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))
    assert read <= set(named)
    assert not [name for name, value in named.items() if "PASSWORD" in name and value]


def test_a_python_that_will_not_do_is_refused_with_a_next_step() -> None:
    """PYTHON=… that is no CPython 3.12 or 3.13 ends with a message, not with a traceback."""
    run = subprocess.run(
        ["sh", ROOT / "scripts" / "find-python"],
        env={**os.environ, "PYTHON": "false"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout) == (1, "")
    assert "PYTHON=false is not a CPython 3.12 or 3.13" in run.stderr


def test_where_no_python_is_found_the_message_says_how_to_get_one(tmp_path: Path) -> None:
    """On a machine with neither, the reader learns what to install."""
    (tmp_path / "cat").symlink_to(shutil.which("cat") or "cat")
    run = subprocess.run(
        ["/bin/sh", ROOT / "scripts" / "find-python"],
        env={"PATH": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert "needs CPython 3.12 or 3.13" in run.stderr
