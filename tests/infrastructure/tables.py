"""What must not change of a table once it is released. `make release-docs` runs this to write down today's tables."""

import json
from pathlib import Path
from typing import Any

from tests.infrastructure import sam
from tests.infrastructure.deployed import Deployed

RELEASED = Path(__file__).with_name("tables.json")


def schemas(deployed: Deployed) -> dict[str, Any]:
    """Per logical id: name, keys, indexes; a key is written "name type role"."""
    return {
        table: {
            "name": properties["TableName"]["Fn::Sub"],
            "keys": _keys(properties, properties["KeySchema"]),
            "indexes": {
                index["IndexName"]: _keys(properties, index["KeySchema"])
                for index in properties.get("GlobalSecondaryIndexes", [])
            },
        }
        for table, properties in deployed.of_type("AWS::DynamoDB::Table").items()
    }


def _keys(properties: dict[str, Any], schema: list[dict[str, str]]) -> list[str]:
    types = {each["AttributeName"]: each["AttributeType"] for each in properties["AttributeDefinitions"]}
    return [f"{each['AttributeName']} {types[each['AttributeName']]} {each['KeyType']}" for each in schema]


if __name__ == "__main__":
    RELEASED.write_text(json.dumps(schemas(Deployed(sam.translate({"Stage": "prod"}))), indent=2) + "\n")
