import assert from "node:assert/strict";
import test, { mock } from "node:test";
import { firstUse, pauses } from "../../../ui/tokens/first-use.js";
import { standIn } from "./dom.js";

test("the first use is asked for ever more slowly, and not for ever", () => {
  const all = [...pauses()];
  assert.equal(all[0], 2_000);
  assert.ok(all.every((it, place) => place === 0 || it >= all[place - 1]), "never faster");
  assert.equal(all.at(-1), 30_000);
  const minutes = all.reduce((sum, it) => sum + it, 0) / 60_000;
  assert.ok(minutes >= 30 && minutes < 31, `${minutes} minutes`);
});

const NEVER = "0001-01-01T00:00:00Z";
const refusal = { time: "2026-06-10T12:00:00Z", address: "10.2.0.7", reason: "it is deactivated" };

/** The line, and what it is answered in turn: a status with a body, or nothing where the answer is lost. */
function line() {
  standIn();
  const answers = [];
  const asked = [];
  globalThis.fetch = async (url) => {
    asked.push(url.pathname);
    const [status, body] = answers.shift() ?? [];
    if (!status) throw new TypeError("lost");
    return Response.json(body, { status });
  };
  const node = firstUse({ signal: new AbortController().signal }, "/token");
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  /** @param {...[status?: number, body?: any]} given */
  const pass = async (...given) => {
    await settled();
    answers.push(...given);
    mock.timers.tick(30_000);
    for (let turn = 0; turn < 5; turn += 1) await settled();
  };
  return { node, pass, asked, status: () => node.children[0].textContent };
}

test.describe("waiting", () => {
  test.beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  test.afterEach(() => mock.timers.reset());

  test("goes on after an answer that is lost, or that the server cannot give", async () => {
    const { node, pass, status } = line();
    await pass([]);
    await pass([503, { errors: [{ message: "busy" }] }]);
    assert.equal(node.textContent, "Waiting for the first use …");
    await pass([200, { currentLastUsed: NEVER }], []);
    assert.equal(node.textContent, "Waiting for the first use …", "what was refused is a help, not a need");
    await pass([200, { currentLastUsed: refusal.time, lastUsed: refusal.time, lastUsedIp: "10.2.0.7" }]);
    assert.match(node.textContent, /^Used .+ from 10\.2\.0\.7\.$/);
    assert.equal(status(), "Used");
  });

  test("ends once the session or the access token is gone", async () => {
    for (const [code, told] of [[401, "your session ended."], [404, "It is gone."]]) {
      const { node, pass, asked } = line();
      await pass([code, { errors: [{ message: "it is gone" }] }]);
      assert.ok(node.textContent.startsWith(`Whether it was used is not known: ${told}`), node.textContent);
      await pass([200, { currentLastUsed: NEVER }]);
      assert.equal(asked.length, 1);
    }
  });

  test("reads out once what was refused, without a time that changes", async () => {
    const { node, pass, status } = line();
    const idle = [200, { currentLastUsed: NEVER }];
    await pass(idle);
    await pass(idle);
    await pass(idle, [200, { records: [refusal] }]);
    assert.match(node.textContent, /^Waiting for the first use … Refused .+ from 10\.2\.0\.7: it is deactivated\.$/);
    assert.equal(status(), "Waiting for the first use … Refused");
    assert.ok(!node.children[0].children.some((it) => it.dataset));
    let written = 0;
    Object.defineProperty(node.children[0], "textContent", { get: () => "Waiting for the first use … Refused", set: () => (written += 1) });
    for (const more of [[], [], [[200, { records: [refusal] }]]]) await pass(idle, ...more);
    assert.equal(written, 0);
  });
});
