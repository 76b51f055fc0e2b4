"""The records in DynamoDB: one file per table. Nothing outside this package talks to DynamoDB or KMS."""
