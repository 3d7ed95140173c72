"""Look every pinned package up in the published advisories: `python .ci/audit.py [--osv URL] [FILE …]`; all lock files without one.

pip-audit asks the package index that it knows, or the OSV database at `--osv URL` (its own, or a copy in the house). The exit code is 1
where an advisory is found that `.ci/audit-allow.toml` does not allow, and 0 where none is, or where nobody could be asked: that is said.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LOCKS = ("requirements-dev.txt", "requirements.txt", "models.txt", "cluster.txt", "build.txt")
ALLOWED = HERE / "audit-allow.toml"
# What requests and pip-audit say where there is no way to the service, or the service itself is ill.
AWAY = re.compile(r"ConnectionError|ConnectTimeout|ReadTimeout|ProxyError|SSLError|ServiceError|JSONDecodeError|Could not connect")


def main() -> int:
    """Ask, say what was found, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--osv", metavar="URL", help="ask this OSV database instead of the package index")
    parser.add_argument("--allow", type=Path, default=ALLOWED, help="advisories that are allowed, with reasons")
    given = parser.parse_args()
    allowed = allowances(given.allow)
    files = given.files or [HERE / name for name in LOCKS]
    done = asked(files, given.osv)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return _not_asked(done)
    known = [package for package in packages if "vulns" in package]
    if not known:
        print(f"audit: NOT CHECKED. The index has no advisories for any of {len(packages)} packages (a mirror keeps none); see --osv.")
        return 0
    found = [(package, advisory) for package in known for advisory in package["vulns"]]
    bad = [line(package, advisory) for package, advisory in found if not allowed.keys() & names(advisory)]
    unused = sorted(allowed.keys() - {name for _, advisory in found for name in names(advisory)})
    print("\n".join([*bad, *(f"audit: {name} is allowed and not there any more; take it out of {given.allow.name}." for name in unused)]))
    rest = f", {len(packages) - len(known)} unknown to the index" if len(known) < len(packages) else ""
    print(f"audit: {len(known)} packages looked up{rest}: {len(bad)} advisories, {len(found) - len(bad)} allowed.")
    return 1 if bad else 0


def allowances(path: Path) -> dict[str, str]:
    """Return allowed advisories and why. Raises SystemExit where one has no reason."""
    rows = tomllib.loads(path.read_text("utf-8")).get("allow", []) if path.is_file() else []
    if wrong := [row for row in rows if not (row.get("id") and str(row.get("reason", "")).strip())]:
        raise SystemExit(f"{path}: every [[allow]] needs an id and a reason, not {wrong[0]}.")
    return {row["id"]: row["reason"] for row in rows}


def asked(files: list[Path], osv: str | None) -> subprocess.CompletedProcess[str]:
    """Run pip-audit over lock files. Nothing is resolved or installed: what is pinned is looked up."""
    sources = [part for file in files for part in ("-r", str(file))]
    service = ["--vulnerability-service", "osv", "--osv-url", osv] if osv else []
    command = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "--progress-spinner", "off", "--format", "json"]
    return subprocess.run([*command, *service, *sources], capture_output=True, text=True, check=False)


def names(advisory: dict[str, Any]) -> set[str]:
    """Return the ids that an advisory goes by."""
    return {advisory["id"], *advisory.get("aliases", [])}


def line(package: dict[str, Any], advisory: dict[str, Any]) -> str:
    """Say one finding: package, version, id, and which version mends it."""
    fixed = ", ".join(advisory.get("fix_versions", [])) or "no version yet"
    return f"audit: {package['name']} {package['version']}: {' '.join(sorted(names(advisory)))}, fixed in {fixed}; run make lock."


def _not_asked(done: subprocess.CompletedProcess[str]) -> int:
    last = (done.stderr.strip().splitlines() or ["no word"])[-1][:300]
    if not AWAY.search(done.stderr):
        print(f"audit: pip-audit failed: {last}")
        return 1
    print(f"audit: NOT CHECKED. The advisories cannot be reached: {last}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
