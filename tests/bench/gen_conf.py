"""Renders the files of all nodes with Jinja2 alone: VARIABLES TEMPLATE FOLDER."""
import pathlib
import sys

import jinja2
import yaml

variables, template, folder = map(pathlib.Path, sys.argv[1:])
with variables.open() as file:
    cluster = yaml.load(file, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
environment = jinja2.Environment(trim_blocks=True, keep_trailing_newline=True)
template = environment.from_string(template.read_text())
for node in cluster["nodes"]:
    path = folder / node / "keepalived.conf"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(template.render(cluster, node=node))
