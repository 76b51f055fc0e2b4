"""boto3 clients of the embedded back ends."""

import functools
from typing import Any

import boto3

from local.cloudformation import REGION


@functools.cache  # a client costs 0.1 s, and threads may share it
def client(service: str, url: str) -> Any:
    """A boto3 client of ``dynamodb``, ``sqs``, ``kms`` or ``secretsmanager`` at ``url``."""
    session = boto3.session.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name=REGION)
    return session.client(service, endpoint_url=url)
