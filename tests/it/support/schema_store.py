"""Holds the JSON on standard input against a published schema, without network.

The argument is a URL of SchemaStore, whose schemas are in the package `schemastore`, in a database of answers, which is read as
it is; or the path of a schema in another package, whose schemas refer to others beside them.
"""

import importlib.util
import json
import pathlib
import pickle
import sqlite3
import sys

import jsonschema
import referencing


def home_of(package):
    return pathlib.Path(importlib.util.find_spec(package).origin).parent


def of_schema_store(url):
    rows = sqlite3.connect(f"file:{home_of('schemastore')}/cache.sqlite?mode=ro", uri=True).execute("select value from responses")
    answers = (pickle.loads(value) for (value,) in rows)
    return next(json.loads(answer["_content"]) for answer in answers if answer["url"] == url)


def beside(path):
    def read(uri):
        schema = json.loads((path.parent / uri.rpartition("/")[2]).read_text(encoding="utf-8"))
        return referencing.Resource.from_contents(schema, referencing.jsonschema.DRAFT202012)

    return referencing.Registry(retrieve=read)


wanted, others = sys.argv[1], referencing.Registry()
if wanted.startswith("https:"):
    schema = of_schema_store(wanted)
else:
    path = home_of(wanted.partition("/")[0]).parent / wanted
    schema, others = json.loads(path.read_text(encoding="utf-8")), beside(path)
validator = jsonschema.validators.validator_for(schema)(schema, registry=others)
faults = [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(json.load(sys.stdin))]
sys.exit("\n".join(faults) or 0)
