"""SQS, KMS and Secrets Manager by moto, and the template's queues, keys and secrets in them."""

import base64
import json
import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

from cheroot.wsgi import Server
from moto.kms.models import kms_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from local.clients import client
from local.cloudformation import ACCOUNT, REGION, logical_id_of
from local.template import Queue, Template

THREADS = 32
"""More than there are callers at a time, those that wait for a message included."""

CONNECTIONS_KEPT = 256
CONNECTIONS_QUEUED = 256
"""Until they are accepted: dozens of processes may begin at once, with three each."""


class _Services(DomainDispatcherApplication):
    """moto's services, by the host that a request is for. Moto itself looks through its folders with each request."""

    def __init__(self) -> None:
        super().__init__(create_backend_app)
        self._by_host: dict[str | None, Any] = {}

    def get_backend_for_host(self, host: str | None) -> Any:
        if host not in self._by_host:
            self._by_host[host] = super().get_backend_for_host(host)
        return self._by_host[host]


class MotoServer:
    """moto on a thread of this process, at ``url``. Closes as a context manager.

    By a server that keeps connections open, as AWS does and moto's own doesn't.

    With a ``key_file`` the KMS keys live on: what an earlier server encrypted, this one decrypts. Not to be mixed with
    moto's decorators in one process: they reset the same backends.
    """

    def __init__(self, key_file: Path | None = None, host: str = "127.0.0.1") -> None:
        self._key_file = key_file
        if key_file is not None and key_file.exists():
            _restore_keys(json.loads(key_file.read_text()))
        self._server = Server(
            (host, 0), _Services(), numthreads=THREADS, request_queue_size=CONNECTIONS_QUEUED, shutdown_timeout=1
        )
        self._server.keep_alive_conn_limit = CONNECTIONS_KEPT
        # Its threads are daemons as the one is that makes them: a process that fails ends without closing it.
        making = threading.Thread(target=self._server.prepare, name="moto", daemon=True)
        making.start()
        making.join()
        threading.Thread(target=self._server.serve, name="moto", daemon=True).start()
        self.url = f"http://{host}:{self._server.bind_addr[1]}"

    def save_keys(self) -> None:
        """Writes the keys made so far to the key file, readable by its owner alone."""
        if self._key_file is not None:
            write_private(self._key_file, json.dumps(_dump_keys()))

    def close(self) -> None:
        self._server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _dump_keys() -> list[dict[str, Any]]:
    keys = kms_backends[ACCOUNT][REGION].keys.values()
    return [
        {"id": key.id, "material": base64.b64encode(key.key_material).decode(), "aliases": list(key.aliases)}
        for key in keys
    ]


def _restore_keys(saved: list[dict[str, Any]]) -> None:
    # moto has no way to import key material: these are its model's own attributes, touched here and nowhere else.
    backend = kms_backends[ACCOUNT][REGION]
    for record in saved:
        key = backend.create_key(None, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "", None)
        del backend.keys[key.id]
        key.id = record["id"]
        key.arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{key.id}"
        key.key_material = base64.b64decode(record["material"])
        backend.keys[key.id] = key
        for alias in record["aliases"]:
            backend.create_alias(key.id, alias)


def write_private(path: Path, text: str) -> None:
    """Replaces a file in one move, readable by its owner alone from the start."""
    scratch = path.with_suffix(".new")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    scratch.replace(path)


def create_resources(template: Template, url: str, secret: str, keys: dict[str, str] | None = None) -> None:
    """Makes the template's keys, secrets and queues where they aren't there yet, and binds them in the template.

    Every secret has the value ``secret``; a secret that is there keeps its own. ``keys`` holds the ids of KMS keys to
    be shared by stacks, by logical id, and gets those that are made: moto takes longer for a key than for all the rest.
    """
    _create_keys(template, url, {} if keys is None else keys)
    _create_secrets(template, url, secret)
    _create_queues(template, url)


def purge_queues(urls: Iterable[str], url: str) -> None:
    """Takes every message away, delayed ones and those in flight, too."""
    sqs = client("sqs", url)
    for queue_url in urls:
        sqs.purge_queue(QueueUrl=queue_url)


def _create_keys(template: Template, url: str, keys: dict[str, str]) -> None:
    kms = client("kms", url)
    aliases = {
        logical_id_of(alias["TargetKeyId"]): template.resolve(alias["AliasName"])
        for alias in template.resources("AWS::KMS::Alias").values()
    }
    pages = kms.get_paginator("list_aliases").paginate()
    known = {alias["AliasName"]: alias.get("TargetKeyId") for page in pages for alias in page["Aliases"]}
    for logical_id in template.resources("AWS::KMS::Key"):
        alias = aliases.get(logical_id, f"alias/{template.stack_name}-{logical_id}")
        key_id = known.get(alias) or keys.get(logical_id)
        if key_id is None:
            key_id = keys[logical_id] = kms.create_key(Description=logical_id)["KeyMetadata"]["KeyId"]
        if alias not in known:
            kms.create_alias(AliasName=alias, TargetKeyId=key_id)
        template.bind(logical_id, key_id, Arn=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{key_id}")


def _create_secrets(template: Template, url: str, secret: str) -> None:
    manager = client("secretsmanager", url)
    for logical_id, properties in template.resources("AWS::SecretsManager::Secret").items():
        name = template.value(properties, "Name", f"{template.stack_name}-{logical_id}")
        try:
            arn = manager.create_secret(Name=name, SecretString=secret)["ARN"]
        except manager.exceptions.ResourceExistsException:
            arn = manager.describe_secret(SecretId=name)["ARN"]
        template.bind(logical_id, arn)


def _create_queues(template: Template, url: str) -> None:
    sqs = client("sqs", url)
    for queue in template.queues:
        attributes = queue.attributes | _redrive(template, queue)
        # SQS answers with the existing queue when name and attributes are the same.
        queue_url = sqs.create_queue(QueueName=queue.name, Attributes=attributes)["QueueUrl"]
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue.name}"
        template.bind(queue.logical_id, queue_url, Arn=arn, QueueName=queue.name, QueueUrl=queue_url)


def _redrive(template: Template, queue: Queue) -> dict[str, str]:
    if queue.dead_letter_queue is None:
        return {}
    target = template.resolve({"Fn::GetAtt": [queue.dead_letter_queue, "Arn"]})
    return {"RedrivePolicy": json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": queue.max_receive_count})}
