"""The locked requirement files: whole, hashed, one for every platform, and true to pyproject.toml.

They are installed without a resolver, so what a resolver would have refused is refused here.
"""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
BACKEND = [*PROJECT["build-system"]["requires"], "editables"]
RUNS = [*PROJECT["project"]["dependencies"], *BACKEND]
CHECKS = [*RUNS, *PROJECT["dependency-groups"]["dev"]]
PIN = re.compile(
    r"^(?P<name>[a-z0-9-]+)==(?P<version>\S+)(?P<hashes>(?: \\\n    --hash=sha256:[0-9a-f]{64})+)$",
    re.MULTILINE,
)
# Whom the lock serves; a marker may ask for more than these, and never does so far.
ENVIRONMENTS = [
    {
        "sys_platform": platform,
        "platform_system": system,
        "os_name": "posix",
        "platform_machine": machine,
        "python_version": version,
        "python_full_version": f"{version}.0",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    for platform, system, machine in [
        ("linux", "Linux", "x86_64"),
        ("linux", "Linux", "aarch64"),
        ("darwin", "Darwin", "arm64"),
    ]
    for version in ("3.12", "3.13")
]
# Declared bounds that the lock overrides: (distribution, requirement) with the decision that
# weighed it. docs/adr/0004 says how one is added.
OVERRIDDEN: set[tuple[str, str]] = {("ib-async", "tzdata<2026.0,>=2025.2")}


def text_of(name: str) -> str:
    return (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")


def pins(name: str) -> dict[str, str]:
    """Return the versions of a requirement file, by distribution."""
    return {found["name"]: found["version"] for found in PIN.finditer(text_of(name))}


def applies(requirement: Requirement, environment: dict[str, str], extras: set[str]) -> bool:
    if requirement.marker is None:
        return True
    return any(
        requirement.marker.evaluate({**environment, "extra": extra}) for extra in extras | {""}
    )


def wanted(roots: list[str], environment: dict[str, str]) -> set[tuple[str, Requirement]]:
    """Return who asks for what, from the roots down, as the installed metadata declares it."""
    asked = [("pyproject.toml", Requirement(root)) for root in roots]
    seen: set[tuple[str, Requirement]] = set()
    while asked:
        who, requirement = asked.pop()
        if (who, requirement) in seen:
            continue
        seen.add((who, requirement))
        name = canonicalize_name(requirement.name)
        for line in distribution(name).requires or []:
            child = Requirement(line)
            if applies(child, environment, requirement.extras):
                asked.append((name, child))
    return seen


@pytest.mark.parametrize("name", ["runtime", "dev"])
def test_every_line_is_a_hashed_pin(name: str) -> None:
    """No index, no folder, no option, and nothing without a hash."""
    left = PIN.sub("", text_of(name))
    assert [line for line in left.splitlines() if line and not line.lstrip().startswith("#")] == []
    assert pins(name)


def test_the_development_lock_holds_the_runtime_lock() -> None:
    """Both files install the same versions of what runs."""
    assert pins("runtime").items() <= pins("dev").items()


@pytest.mark.parametrize("name", ["runtime", "dev"])
@pytest.mark.parametrize(
    "environment", ENVIRONMENTS, ids=lambda e: f"{e['sys_platform']}-{e['platform_machine']}"
)
def test_the_lock_serves_every_platform(name: str, environment: dict[str, str]) -> None:
    """What a marker asks for on Linux or macOS, CPython 3.12 or 3.13, is locked, and in bounds."""
    locked = pins(name)
    amiss = sorted(
        (who, str(requirement))
        for who, requirement in wanted(RUNS if name == "runtime" else CHECKS, environment)
        if (who, str(requirement)) not in OVERRIDDEN
        and not requirement.specifier.contains(
            locked.get(canonicalize_name(requirement.name), "none"), prereleases=True
        )
    )
    assert amiss == []


def test_the_environment_is_the_lock() -> None:
    """What is installed here is what is locked, so that the tests speak of the lock."""
    differing = {
        name: distribution(name).version
        for name, version in pins("dev").items()
        if distribution(name).version != version
    }
    assert differing == {}
