"""No table is ever lost, replaced, or readable without the key."""

import json

import pytest

from tests.infrastructure.deployed import Deployed, logical_id
from tests.infrastructure.tables import RELEASED, schemas

KEPT = ("RetainExceptOnCreate", "Retain")
"""Kept for ever, once the deployment that makes them has succeeded: one that fails must not leave their names taken."""


def test_no_released_table_is_replaced(prod: Deployed) -> None:
    """CloudFormation makes a new, empty table for a changed name or key. `make release-docs` adds tables and indexes
    that are new."""
    now = schemas(prod)
    for table, released in json.loads(RELEASED.read_text()).items():
        assert released["indexes"].items() <= now[table]["indexes"].items(), table
        assert {**released, "indexes": now[table]["indexes"]} == now[table], table


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
