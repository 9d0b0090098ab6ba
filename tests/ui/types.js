// Makes types of the OpenAPI document: reads it from standard input, prints a declaration of the namespace `Api` with a type for
// each schema. What the document has and this does not know ends it with an error, so that nothing is passed over.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

/** Keywords that say nothing about the type. */
const SILENT = new Set([
  "$schema", "additionalProperties", "default", "description", "format", "maxItems", "maxLength", "maximum", "minimum", "minLength", "pattern",
  "readOnly", "title", "writeOnly",
]);
const READ = new Set(["$ref", "anyOf", "const", "enum", "items", "oneOf", "properties", "required", "type"]);
const PLAIN = { boolean: "boolean", integer: "number", null: "null", number: "number", string: "string" };

const union = (types) => [...new Set(types)].join(" | ");
const name = (key) => (/^[a-zA-Z_]\w*$/.test(key) ? key : JSON.stringify(key));

function object({ properties, required = [], additionalProperties }) {
  if (!properties) return typeof additionalProperties === "object" ? `Record<string, ${type(additionalProperties)}>` : "Record<string, any>";
  const fields = Object.entries(properties).map(([key, schema]) => `${name(key)}${required.includes(key) ? "" : "?"}: ${type(schema)};`);
  return `{ ${fields.join(" ")} }`;
}

function one(kind, schema) {
  if (kind === "object") return object(schema);
  if (kind === "array") return `(${schema.items ? type(schema.items) : "any"})[]`;
  if (kind in PLAIN) return PLAIN[kind];
  throw new Error(`no such type: ${kind}`);
}

/** The type of a schema, in TypeScript's words. */
export function type(schema) {
  if (schema === true) return "any";
  const unknown = Object.keys(schema).filter((key) => !SILENT.has(key) && !READ.has(key));
  if (unknown.length > 0) throw new Error(`unknown keywords: ${unknown.join(", ")}`);
  if (schema.$ref) return schema.$ref.split("/").at(-1);
  const choices = schema.anyOf ?? schema.oneOf;
  // A choice that only says what a text looks like is of the type beside the choices.
  if (choices) return union(choices.map((choice) => type(schema.type ? { type: schema.type, ...choice } : choice)));
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.enum) return union(schema.enum.map((value) => JSON.stringify(value)));
  return schema.type ? union([schema.type].flat().map((kind) => one(kind, schema))) : "any";
}

/** The whole declaration. */
export function declaration({ components }) {
  const types = Object.entries(components.schemas).map(([key, schema]) => `  type ${key} = ${type(schema)};`);
  return `declare namespace Api {\n${types.join("\n")}\n}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) process.stdout.write(declaration(JSON.parse(readFileSync(0, "utf8"))));
