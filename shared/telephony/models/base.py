"""What the tables share: one connection, and transactions made of writes that know their own conflict.

PynamoDB makes a botocore client per model class (85–225 ms each); here all classes share one. And it makes an item in
a roundabout way, which costs a page a tenth of its processor time. So `Table` overrides two private methods of
PynamoDB 6.1, `_get_connection` and `_instantiate`: tests count the clients and compare the items.
"""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, NoReturn, Self

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.attributes import Attribute
from pynamodb.connection.table import TableConnection
from pynamodb.constants import NULL
from pynamodb.exceptions import DoesNotExist, PynamoDBException, TransactGetError, TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action, AddAction
from pynamodb.models import Model
from pynamodb.transactions import TransactGet, TransactWrite

from telephony import aws
from telephony.errors import Conflict, StorageUnavailable, TelephonyError
from telephony.observability import report_aws_failure

MAX_TRANSACTION_ATTEMPTS = 6
"""The first, and five more after a conflict with another transaction on the same item."""


class _Shared:
    """The process's one client, set by `connect`."""

    client: Any = None
    table_prefix: str = ""


def connect(region: str, table_prefix: str) -> None:
    """Points every table at this region and prefix. Called once, by bootstrap; makes no request."""
    _Shared.client = aws.client("dynamodb", region)
    _Shared.table_prefix = table_prefix


class Table(Model):
    """Base of the tables. A subclass sets `table` and its attributes."""

    table: ClassVar[str] = ""

    @classmethod
    def _get_connection(cls) -> TableConnection:
        if _Shared.client is None:
            raise RuntimeError("models.base.connect() has not been called")
        own = cls._connection
        if own is None or own.connection._client is not _Shared.client:
            cls.Meta.table_name = _Shared.table_prefix + cls.table
            cls._connection = None
            own = super()._get_connection()
            own.connection._client = _Shared.client
        return own

    @classmethod
    def _instantiate(cls, attribute_values: dict[str, dict[str, Any]]) -> Self:
        """PynamoDB's own sets the defaults twice and each value by way of its descriptor."""
        item = cls(_user_instantiated=False)
        for name, attribute in cls.get_attributes().items():
            stored = attribute_values.get(attribute.attr_name)
            if stored and NULL not in stored:
                item.attribute_values[name] = attribute.deserialize(attribute.get_value(stored))
        return item


@dataclass(frozen=True, slots=True)
class Write:
    """One action of a transaction. `conflict` makes the error to raise when its condition does not hold."""

    kind: Literal["delete", "put", "update"]
    item: Table
    actions: tuple[Action, ...] = ()
    condition: Condition | None = None
    conflict: Callable[[], TelephonyError] = lambda: Conflict("The record was changed by someone else")


def put(item: Table, condition: Condition | None = None, conflict: Callable[[], TelephonyError] | None = None) -> Write:
    return _write("put", item, (), condition, conflict)


def update(
    item: Table,
    actions: Sequence[Action],
    condition: Condition | None = None,
    conflict: Callable[[], TelephonyError] | None = None,
) -> Write:
    return _write("update", item, tuple(actions), condition, conflict)


def delete(
    item: Table, condition: Condition | None = None, conflict: Callable[[], TelephonyError] | None = None
) -> Write:
    return _write("delete", item, (), condition, conflict)


def unchanged(attribute: Attribute[Any], value: Any) -> Condition:
    """That `attribute` is still as it was read: `value`, or absent for None."""
    return attribute.does_not_exist() if value is None else attribute == value


def _write(
    kind: Literal["delete", "put", "update"],
    item: Table,
    actions: tuple[Action, ...],
    condition: Condition | None,
    conflict: Callable[[], TelephonyError] | None,
) -> Write:
    return Write(kind, item, actions, condition, conflict) if conflict else Write(kind, item, actions, condition)


def commit(*given: Write) -> None:
    """Does all of the writes or none, in one round trip.

    Raises the `conflict` of the first write whose condition does not hold, or `StorageUnavailable`: they may have been
    done then.
    """
    writes = _merged(given)
    token = _new_token()
    for attempt in range(1, MAX_TRANSACTION_ATTEMPTS + 1):
        try:
            with storage_errors():
                _transact(writes, token)
            return
        except TransactWriteError as error:
            if not _collided(error):
                _raise_conflict(writes, error)
            if _code(error) == "TransactionCanceledException":
                token = _new_token()  # it certainly was not done, and so is begun anew
        if attempt < MAX_TRANSACTION_ATTEMPTS:
            time.sleep(random.uniform(0, 0.02 * 2**attempt))
    raise StorageUnavailable("The database is busy with the same record")


def _new_token() -> str:
    """Names one transaction to DynamoDB: a repetition under the same name is done once, whatever answers were lost."""
    return secrets.token_hex(16)


def _transact(writes: Sequence[Write], token: str) -> None:
    connection = type(writes[0].item)._get_connection().connection
    with TransactWrite(connection=connection, client_request_token=token) as transaction:
        for write in writes:
            if write.kind == "put":
                transaction.save(write.item, condition=write.condition)
            elif write.kind == "update":
                transaction.update(write.item, actions=list(write.actions), condition=write.condition)
            else:
                transaction.delete(write.item, condition=write.condition)


def _merged(writes: Sequence[Write]) -> list[Write]:
    """Updates of the same item made one: a transaction takes one action an item. The last to set an attribute wins.

    Raises `ValueError` for two additions to one attribute: one of them would be lost.
    """
    merged: dict[Any, Write] = {}
    for position, write in enumerate(writes):
        slot = (type(write.item), _key(write.item)) if write.kind == "update" else position
        before = merged.get(slot)
        if before:
            actions = {str(action.values[0]): action for action in before.actions}
            for action in write.actions:
                path = str(action.values[0])
                if isinstance(actions.get(path), AddAction) or (path in actions and isinstance(action, AddAction)):
                    raise ValueError(f"two writes add to {path} of the same item")
                actions[path] = action
            conditions = [each for each in (before.condition, write.condition) if each is not None]
            condition = conditions[0] & conditions[1] if len(conditions) == 2 else next(iter(conditions), None)
            write = replace(before, actions=tuple(actions.values()), condition=condition)
        merged[slot] = write
    return list(merged.values())


def _key(item: Table) -> tuple[Any, ...]:
    names = [name for name, attribute in item.get_attributes().items() if attribute.is_hash_key]
    names += [name for name, attribute in item.get_attributes().items() if attribute.is_range_key]
    return tuple(getattr(item, name) for name in names)


def _collided(error: TransactWriteError) -> bool:
    """Lost against another transaction, and no condition of ours failed."""
    if _code(error) == "TransactionInProgressException":
        return True
    codes = {reason.code for reason in error.cancellation_reasons if reason}
    return "TransactionConflict" in codes and "ConditionalCheckFailed" not in codes


def _raise_conflict(writes: Sequence[Write], error: TransactWriteError) -> NoReturn:
    # PynamoDB sends the actions grouped by kind, in this order, whatever order they were given in.
    sent = sorted(writes, key=lambda write: ("delete", "put", "update").index(write.kind))
    for write, reason in zip(sent, error.cancellation_reasons, strict=False):
        if reason and reason.code == "ConditionalCheckFailed":
            raise write.conflict() from error
    raise _unavailable(error) from error


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turns what PynamoDB and botocore raise into `StorageUnavailable`; failed conditions pass through."""
    try:
        yield
    except TransactWriteError as error:
        if _code(error) in ("TransactionCanceledException", "TransactionInProgressException"):
            raise
        raise _unavailable(error) from error
    except PynamoDBException as error:
        if _code(error) == "ConditionalCheckFailedException":
            raise
        if isinstance(error, TransactGetError) and _code(error) == "TransactionCanceledException":
            raise
        raise _unavailable(error) from error
    except (BotoCoreError, ClientError) as error:
        raise _unavailable(error) from error


def _code(error: Exception) -> str | None:
    """AWS's code of what went wrong; None without an answer. (PynamoDB's own property fails on a time limit that ran
    out: botocore's exception for it has a `response` that is None.)"""
    response = getattr(getattr(error, "cause", None), "response", None) or {}
    code: str | None = response.get("Error", {}).get("Code")
    return code


def _unavailable(error: Exception) -> StorageUnavailable:
    report_aws_failure("storage unavailable", getattr(error, "cause", None) or error)
    return StorageUnavailable("The database is not available")


def update_one(item: Table, actions: Sequence[Action], condition: Condition) -> bool:
    """Updates one item if `condition` holds and refreshes it with the stored attributes; False if it doesn't hold."""
    try:
        with storage_errors():
            item.update(actions=list(actions), condition=condition)
    except PynamoDBException:
        return False
    return True


def get[M: Table](model: type[M], hash_key: Any, range_key: Any = None) -> M | None:
    """Reads one item, strongly consistent, or None."""
    if not storable(hash_key):
        return None
    with storage_errors():
        try:
            return model.get(hash_key, range_key, consistent_read=True)
        except model.DoesNotExist:
            return None


MAX_KEY_BYTES = 2048
"""DynamoDB's limit on a hash key: a request for a longer one is an error instead of an empty answer."""


def storable(hash_key: Any) -> bool:
    """Whether an item of that key can exist: keys come out of paths, where anything may stand."""
    return not isinstance(hash_key, str) or len(hash_key.encode(errors="replace")) <= MAX_KEY_BYTES


def get_together(*keys: tuple[type[Table], Any, Any]) -> list[Any]:
    """Reads items of several tables as they stand at one moment, in one round trip; None for one that isn't there.

    `keys`: model, hash key, range key or None.
    """
    for attempt in range(1, MAX_TRANSACTION_ATTEMPTS + 1):
        futures = []
        try:
            with storage_errors(), TransactGet(connection=keys[0][0]._get_connection().connection) as transaction:
                for model, hash_key, range_key in keys:
                    futures.append(transaction.get(model, hash_key, range_key))
            return [_found(future) for future in futures]
        except TransactGetError:
            if attempt < MAX_TRANSACTION_ATTEMPTS:
                time.sleep(random.uniform(0, 0.02 * 2**attempt))
    raise StorageUnavailable("The database is busy with the same record")


def _found(future: Any) -> Any:
    try:
        return future.get()
    except DoesNotExist:
        return None
