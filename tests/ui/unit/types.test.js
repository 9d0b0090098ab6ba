import assert from "node:assert/strict";
import test from "node:test";
import { declaration, type } from "../types.js";

test("a schema's type, in TypeScript's words", () => {
  assert.equal(type({ type: "integer", minimum: 0 }), "number");
  assert.equal(type({ type: ["string", "null"], format: "date-time" }), "string | null");
  assert.equal(type({ type: "array", items: { $ref: "#/components/schemas/Tag" } }), "(Tag)[]");
  assert.equal(type({ oneOf: [{ const: "a", description: "…" }, { const: "b" }] }), '"a" | "b"');
  assert.equal(type({ anyOf: [{ $ref: "#/components/schemas/Tag" }, { type: "null" }] }), "Tag | null");
  assert.equal(type({ type: "string", anyOf: [{ const: "a" }, { pattern: "^b" }] }), '"a" | string');
  assert.equal(type({ type: "object", additionalProperties: { type: "boolean" } }), "Record<string, boolean>");
  assert.equal(type({ type: "object", required: ["a"], properties: { a: { type: "string" }, "b-c": { type: "number" } } }), '{ a: string; "b-c"?: number; }');
  assert.equal(type({ description: "anything" }), "any");
});

test("what is not understood is no type", () => {
  assert.throws(() => type({ type: "string", not: {} }), /unknown keywords: not/);
  assert.throws(() => type({ type: "tuple" }), /no such type: tuple/);
});

test("every schema is declared", () => {
  const made = declaration({ components: { schemas: { One: { type: "string" }, Two: { $ref: "#/components/schemas/One" } } } });
  assert.equal(made, "declare namespace Api {\n  type One = string;\n  type Two = One;\n}\n");
});
