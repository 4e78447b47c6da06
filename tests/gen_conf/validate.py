"""Validates inventories against the schema of `lvskit schema`: SCHEMA FILE..."""

import json
import sys

import jsonschema
import yaml

schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
for name in sys.argv[2:]:
    errors = sorted(validator.iter_errors(yaml.safe_load(open(name))), key=str)
    for error in errors:
        print(f"{name}: {error.json_path}: {error.message[:200]}")
    if not errors:
        print(f"{name}: valid")
