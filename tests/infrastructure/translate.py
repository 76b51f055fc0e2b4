"""Prints a SAM template as CloudFormation runs it, as JSON. Run by the tests with the Python that has aws-sam-cli.

Standard input: {"parameters": {...}, "s3_keys": {...}}. `sam deploy` would have uploaded code and layers and put S3
addresses in their place; here they are made up, with the key of a resource in `s3_keys` or one of its own.
"""

import json
import sys
from pathlib import Path

import boto3
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

CODE = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}

request = json.load(sys.stdin)
template = yaml_parse(Path(sys.argv[1]).read_text())
for logical_id, resource in template["Resources"].items():
    if resource["Type"] in CODE:
        key = request["s3_keys"].get(logical_id, logical_id)
        resource["Properties"][CODE[resource["Type"]]] = f"s3://packages/{key}"

session = boto3.Session(region_name="us-east-1")
translator = Translator({}, Parser(), boto_session=session)
json.dump(translator.translate(template, request["parameters"]), sys.stdout)
