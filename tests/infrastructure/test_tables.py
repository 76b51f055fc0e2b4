"""No table is ever lost, replaced, or readable without the key."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.infrastructure.deployed import Deployed, logical_id

RELEASED = Path(__file__).with_name("tables.json")

KEPT = ("RetainExceptOnCreate", "Retain")
"""Kept for ever, once the deployment that makes them has succeeded: one that fails must not leave their names taken."""


def test_tables_are_those_of_the_last_release(prod: Deployed) -> None:
    """CloudFormation makes a new, empty table for a changed name or key. A table that is new is entered by hand."""
    assert schemas(prod) == json.loads(RELEASED.read_text())


def schemas(deployed: Deployed) -> dict[str, Any]:
    """What must not change, per logical id: name, keys, indexes; a key is written "name type role"."""
    return {
        table: {
            "name": properties["TableName"]["Fn::Sub"],
            "keys": keys(properties, properties["KeySchema"]),
            "indexes": {
                index["IndexName"]: keys(properties, index["KeySchema"])
                for index in properties.get("GlobalSecondaryIndexes", [])
            },
        }
        for table, properties in deployed.of_type("AWS::DynamoDB::Table").items()
    }


def keys(properties: dict[str, Any], schema: list[dict[str, str]]) -> list[str]:
    types = {each["AttributeName"]: each["AttributeType"] for each in properties["AttributeDefinitions"]}
    return [f"{each['AttributeName']} {types[each['AttributeName']]} {each['KeyType']}" for each in schema]


def test_tables_survive_mistakes(prod: Deployed) -> None:
    tables = prod.of_type("AWS::DynamoDB::Table")
    assert len(tables) == 7
    for table, properties in tables.items():
        resource = prod.resources[table]
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == KEPT, table
        assert properties["DeletionProtectionEnabled"] == {"Fn::If": ["IsProd", True, False]}, table
        assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}, table
        assert properties["BillingMode"] == "PAY_PER_REQUEST", table


def test_tables_are_sealed_with_our_own_key(prod: Deployed) -> None:
    for table, properties in prod.of_type("AWS::DynamoDB::Table").items():
        encryption = properties["SSESpecification"]
        assert encryption["SSEEnabled"], table
        assert encryption["SSEType"] == "KMS", table
        assert logical_id(encryption["KMSMasterKeyId"]) == "TablesKey", table


@pytest.mark.parametrize("table", ["CallersTable", "OperationsTable", "AuditEventsTable", "PhoneConfigurationsTable"])
def test_rows_that_expire_do_so_by_one_attribute(prod: Deployed, table: str) -> None:
    expiry = prod.of_type("AWS::DynamoDB::Table")[table]["TimeToLiveSpecification"]
    assert expiry == {"AttributeName": "expires_at", "Enabled": True}


def test_the_sweepers_index_holds_what_it_reads(prod: Deployed) -> None:
    indexes = prod.of_type("AWS::DynamoDB::Table")["OperationsTable"]["GlobalSecondaryIndexes"]
    [due] = [index for index in indexes if index["IndexName"] == "by_due"]
    assert due["Projection"] == {
        "ProjectionType": "INCLUDE",
        "NonKeyAttributes": ["agency_id", "kind", "status", "woken_at"],
    }


def test_keys_outlive_the_stack_and_rotate(prod: Deployed) -> None:
    keys = prod.of_type("AWS::KMS::Key")
    assert set(keys) == {"TablesKey", "SecretsKey"}
    for key, properties in keys.items():
        resource = prod.resources[key]
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == KEPT, key
        assert properties["EnableKeyRotation"], key
        [statement] = properties["KeyPolicy"]["Statement"]
        assert statement["Principal"] == {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}, key
