import assert from "node:assert/strict";
import test from "node:test";
import { DATE, localSource, orderOf, readState, waysOf } from "../../../ui/lib/list.js";

const rows = [["beta", 10], ["Alpha", 9], ["gamma 10", 100], ["gamma 9", null]].map(([name, used]) => ({ name, used }));
const columns = [
  { label: "Name", sort: "name", by: (it) => it.name, cell: (it) => it.name },
  { label: "Used", sort: "used", by: (it) => it.used, cell: (it) => it.used },
  { label: "Kind", sort: "kind", cell: () => "" },
];
const filters = [
  { key: "used", told: (count) => `${count} used`, has: (it) => it.used !== null },
  { key: "large", told: (count) => `${count} large`, has: (it) => it.used > 50 },
  { key: "none", told: (count) => `${count} none`, has: () => false },
];
const orders = [{ label: "Length of the name", sort: "length", by: (it) => it.name.length }];
const state = (more) => ({ q: "", show: "", sort: "name", page: 1, start: null, ...more });

async function source(size = 25) {
  const made = localSource({ all: async () => rows, matches: (it) => `${it.name} ${it.used}`, columns, size, filters, orders });
  await made.load({});
  return made;
}
const names = (shown) => shown.rows.map((it) => it.name);

test("the address tells search, sort and page, and what it does not tell is the list's own", () => {
  const read = (text, first) => readState(new URLSearchParams(text), first);
  assert.deepEqual(read("", "-created"), { q: "", show: "", sort: "-created", page: 1, start: null });
  assert.deepEqual(read("q=a+b&show=large&sort=name&page=3&start=x", "-created"), { q: "a b", show: "large", sort: "name", page: 3, start: "x" });
  for (const page of ["0", "-2", "x", ""]) assert.equal(read(`page=${page}`).page, 1, page);
  assert.equal(read("").sort, "");
});

test("every word of the search must be there, in any case and order", async () => {
  const made = await source();
  assert.deepEqual(names(made.show(state({ q: "GAMMA" }))), ["gamma 9", "gamma 10"]);
  assert.deepEqual(names(made.show(state({ q: "  100 gam " }))), ["gamma 10"]);
  const none = made.show(state({ q: "delta" }));
  assert.deepEqual([none.rows, none.count, none.whole, none.page, none.last], [[], 0, 4, 1, 1]);
});

test("names sort as people count, and both ways", async () => {
  const made = await source();
  assert.deepEqual(names(made.show(state({}))), ["Alpha", "beta", "gamma 9", "gamma 10"]);
  assert.deepEqual(names(made.show(state({ sort: "-name" }))), ["gamma 10", "gamma 9", "beta", "Alpha"]);
  assert.deepEqual(names(made.show(state({ sort: "used" }))), ["gamma 9", "Alpha", "beta", "gamma 10"]);
});

test("a filter shows what it counts, together with the search, and the counts are of all", async () => {
  const made = await source();
  const tally = { all: 4, used: 3, large: 1, none: 0 };
  assert.deepEqual([names(made.show(state({ show: "used" }))), made.show(state({ show: "used" })).tally], [["Alpha", "beta", "gamma 10"], tally]);
  assert.deepEqual(names(made.show(state({ show: "used", q: "gamma" }))), ["gamma 10"]);
  const large = made.show(state({ show: "large", q: "gamma" }));
  assert.deepEqual([large.count, large.whole, large.tally], [1, 4, tally]);
  assert.equal(made.show(state({ show: "no-such" })).count, 4, "an unknown filter hides nothing");
});

test("an order needs no column", async () => {
  const made = await source();
  assert.deepEqual(names(made.show(state({ sort: "length" }))), ["beta", "Alpha", "gamma 9", "gamma 10"]);
});

test("what was found is more than its page", async () => {
  const made = await source(3);
  const shown = made.show(state({ q: "a", page: 1 }));
  assert.deepEqual([shown.rows.length, shown.hits.length], [3, 4]);
});

test("an unknown order, or one that only a server knows, leaves the rows as they came", async () => {
  const made = await source();
  for (const sort of ["", "kind", "no-such", "-no-such"]) assert.deepEqual(names(made.show(state({ sort }))), rows.map((it) => it.name), sort);
});

test("a page beyond the end is the last one", async () => {
  const made = await source(3);
  assert.deepEqual(names(made.show(state({ page: 2 }))), ["gamma 10"]);
  const beyond = made.show(state({ page: 9 }));
  assert.deepEqual([names(beyond), beyond.page, beyond.last, beyond.count], [["gamma 10"], 2, 2, 4]);
  assert.equal(made.show(state({ q: "alpha", page: 2 })).page, 1, "what is found has fewer pages");
});

test("the API has two orders", () => {
  assert.deepEqual(["name", "-name", ""].map(orderOf), ["asc", "desc", "asc"]);
});

test("both ways to sort by a column say what comes first", () => {
  assert.deepEqual(waysOf({ label: "Name", sort: "name", isName: true }), [["name", "Name: A–Z"], ["-name", "Name: Z–A"]]);
  assert.deepEqual(waysOf({ label: "Created", sort: "created", isDown: true, ways: DATE }), [["-created", "Created: newest first"], ["created", "Created: oldest first"]]);
  assert.deepEqual(waysOf({ label: "What needs a hand", sort: "hand", isOneWay: true }), [["hand", "What needs a hand"]]);
  assert.deepEqual(waysOf({ label: "Digest" }), []);
});
