"""Fetching DynamoDB Local: what a person is told when it cannot be had."""

from pathlib import Path

import pytest

from local import dynamodb
from local.errors import StackError


@pytest.fixture(autouse=True)
def bare_machine(tmp_path, monkeypatch) -> Path:
    """Nothing in the cache, and no command on PATH but those that a test puts there."""
    commands = tmp_path / "bin"
    commands.mkdir()
    monkeypatch.setenv("PATH", str(commands))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return commands


def npm(folder: Path, script: str) -> None:
    (folder / "npm").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "npm").chmod(0o755)


def test_without_npm():
    with pytest.raises(StackError, match="npm was not found on PATH; it is needed once, to fetch DynamoDB Local"):
        dynamodb.install()


def test_a_download_that_fails_says_why(bare_machine):
    npm(bare_machine, "echo 'no network' >&2; exit 1")

    with pytest.raises(StackError, match=r"could not fetch amplify-dynamodb-simulator .*: no network"):
        dynamodb.install()


def test_a_file_that_is_not_the_pinned_one_is_refused(bare_machine):
    npm(
        bare_machine,
        'while [ "$1" != --pack-destination ]; do shift; done; echo x > "$2"/amplify-dynamodb-simulator-2.9.30.tgz',
    )

    with pytest.raises(StackError, match="SHA-512 differs"):
        dynamodb.install()
    assert not list(dynamodb.cache_folder().glob("dynamodb-local-*"))


def test_what_is_in_the_cache_is_not_fetched_again():
    kept = dynamodb.cache_folder() / "dynamodb-local-2.9.30"
    kept.mkdir(parents=True)

    assert dynamodb.install() == kept
