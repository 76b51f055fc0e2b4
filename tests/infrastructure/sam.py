"""AWS SAM's command line as the tests use it: without telemetry, network or anybody's own settings."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "template.yaml"
BUILT_TEMPLATE = ROOT / ".aws-sam" / "build" / "template.yaml"

_TOOLS = ROOT / ".venv-tools" / "bin"
_INPUTS = ("template.yaml", "samconfig.toml", "functions", "layers", "shared")


def environment() -> dict[str, str]:
    """This environment, made fit for `sam`: python3.13 and uv come first on PATH, and its settings are the tests' own.

    Those say that a newer version was looked for just now, because otherwise `sam` asks the package index each week.
    """
    settings = ROOT / ".local" / "sam"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "metadata.json").write_text(json.dumps({"lastVersionCheck": time.time(), "telemetryEnabled": False}))
    return os.environ | {
        "PATH": f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "SAM_CLI_TELEMETRY": "0",
        "__SAM_CLI_APP_DIR": str(settings),
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def run(*arguments: str) -> str:
    """Runs `sam` at the repository's root and returns what it printed; raises AssertionError with that if it fails."""
    return _checked([str(_TOOLS / "sam"), *arguments])


def build() -> Path:
    """The template of an up-to-date `sam build`, for e2e tests too; built only if the sources changed since the last.

    Safe to call from several test processes: the first one builds, the others wait for it.
    """
    stamp = ROOT / ".aws-sam" / "built-from"
    stamp.parent.mkdir(exist_ok=True)
    with (ROOT / ".aws-sam" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        sources = _digest_of_sources()
        if not (BUILT_TEMPLATE.exists() and stamp.exists() and stamp.read_text() == sources):
            run("build")
            stamp.write_text(sources)
    return BUILT_TEMPLATE


def build_layer(logical_id: str, folder: Path, **parameters: str) -> Path:
    """The folder of one layer, built by `sam build` below `folder` with these template parameters."""
    target = folder / "build"
    options = ["--build-dir", str(target), "--cache-dir", str(folder / "cache")]
    if parameters:
        options += ["--parameter-overrides", *(f"{name}={value}" for name, value in parameters.items())]
    run("build", logical_id, *options)
    return target / logical_id


def translate(parameters: Mapping[str, str], s3_keys: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The template as CloudFormation runs it, after SAM's own transformation; `s3_keys`: see `translate.py`."""
    request = json.dumps({"parameters": dict(parameters), "s3_keys": dict(s3_keys or {})})
    script = Path(__file__).with_name("translate.py")
    document: dict[str, Any] = json.loads(_checked([str(_TOOLS / "python"), str(script), str(TEMPLATE)], request))
    return document


def guided() -> str:
    """What `sam deploy --guided` asks, and the parameters it ends with, when Enter answers it; see `guided.py`."""
    script = Path(__file__).with_name("guided.py")
    return _checked([str(_TOOLS / "python"), str(script), str(TEMPLATE)])


def _checked(command: list[str], text: str | None = None) -> str:
    done = subprocess.run(command, cwd=ROOT, env=environment(), input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}"
    return done.stdout


def _digest_of_sources() -> str:
    digest = hashlib.sha256()
    for name in _INPUTS:
        top = ROOT / name
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def lambda_packages(folder: Path) -> Path:
    """`folder`, made to hold links to what Lambda's Python runtime brings along and the layers leave out."""
    installed = next((ROOT / ".venv" / "lib").glob("python3.13")) / "site-packages"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in ("boto3", "botocore", "s3transfer", "dateutil", "six.py"):
        (folder / name).symlink_to(installed / name)
    return folder
