"""Tells where the schema of `lvskit schema` and the reader disagree: SCHEMA CASES. A case is the path of a
section, a key, a text, whether it stands in quotes, whether the reader takes it, and whether the schema may
take it all the same."""

import json
import sys

import jsonschema
import yaml

schema = json.load(open(sys.argv[1]))


def resolved(part):
    while "$ref" in part:
        part = schema["$defs"][part["$ref"].removeprefix("#/$defs/").replace("%20", " ")]
    return part


def sections(part):
    """All sections that a value can be."""
    part = resolved(part)
    if "properties" in part:
        yield part
        return
    inner = part.get("anyOf", []) + part.get("oneOf", [])
    inner += [part[key] for key in ("items", "additionalProperties") if isinstance(part.get(key), dict)]
    for one in inner:
        yield from sections(one)


def section(path):
    if path.startswith("check."):
        _, kind, *rest = path.split(".")
        server = next(sections(schema["properties"]["virtual_server"]))
        checks = sections(server["properties"]["check"])
        found = next(one for one in checks if one["properties"]["type"] == {"const": kind})
    elif path == "notify":
        found, rest = next(sections(schema["properties"]["vrrp_instance"])), ["notify"]
    else:
        found, rest = schema, path.split(".") if path else []
    for name in rest:
        found = next(sections(found["properties"][name]))
    return found


validators = {}
for path, key, text, quoted, accepted, loose in json.load(open(sys.argv[2])):
    if (path, key) not in validators:
        part = {"$defs": schema["$defs"], **section(path)["properties"][key]}
        validators[path, key] = jsonschema.Draft202012Validator(part)
    try:
        value = text if quoted else yaml.safe_load(text)
    except yaml.YAMLError:
        continue
    if value is None or isinstance(value, (dict, list)):
        continue
    valid = validators[path, key].is_valid(value)
    if valid != accepted and not (valid and loose):
        print(f"{path}.{key}: {value!r}: reader {accepted}, schema {valid}")
