// What needs a hand, as a line of links.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isHeardOf, partsOf } from "../../../ui/people/attention.js";

const texts = (found) => partsOf({ gateway: null, ...found }).map(([text]) => text);

test("only what needs a hand is said, each in its number", () => {
  assert.deepEqual(texts({ isConnected: true, locked: 0, ending: 0 }), []);
  assert.deepEqual(texts({ isConnected: false, locked: 1, ending: 1 }), ["No registry connected", "1 person locked", "1 access token ends within 14 days"]);
  assert.deepEqual(texts({ isConnected: true, locked: 2, ending: 1200 }), ["2 people locked", "1,200 access tokens end within 14 days"]);
});

test("what could not be known is not said", () => {
  assert.deepEqual(texts({ isConnected: null, locked: null, ending: null }), []);
});

test("a registry is heard of by its address or its notifications", () => {
  const none = { received: 0, refused: 3, lastReceived: null };
  assert.equal(isHeardOf({ url: null, notifications: none }), false);
  assert.equal(isHeardOf({ url: "http://127.0.0.1:5000", notifications: none }), true);
  assert.equal(isHeardOf({ url: null, notifications: { ...none, received: 1 } }), true);
});

test("what is wrong behind the gateway comes first", () => {
  const finding = (outcome) => ({ outcome, foundAt: null, reason: "" });
  const gateway = { trouble: null, blobsApart: finding("good"), closedToOthers: finding("unknown") };
  const found = { isConnected: true, locked: 1, ending: 0 };
  assert.deepEqual(texts({ ...found, gateway }), ["1 person locked"]);
  const bad = { trouble: "no answer", blobsApart: finding("bad"), closedToOthers: finding("bad") };
  const said = ["Registry does not answer", "Registry mixes blobs of repositories", "Registry open to others", "1 person locked"];
  assert.deepEqual(texts({ ...found, gateway: bad }), said);
});
