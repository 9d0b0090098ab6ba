import assert from "node:assert/strict";
import test from "node:test";
import { CLIENTS } from "../../../ui/tokens/lines.js";

const facts = { host: "hub.example.com:5000", username: "alice", secret: "dp_sëcret", origin: "https://pass.example.com" };
const steps = (name) => CLIENTS.find((it) => it.name === name).steps(facts);

test("no line has the secret: only the file of Kubernetes does", () => {
  for (const { name } of CLIENTS) {
    const shown = steps(name).map(({ text, code, file }) => [text, code, file].join(" ")).join("\n");
    assert.ok(!shown.includes(facts.secret), name);
    assert.ok(!shown.includes(btoa("dp_")), name);
  }
});

test("the lines name the host and the user", () => {
  for (const name of ["docker", "podman", "GitHub Actions", "GitLab CI"]) {
    const code = steps(name).map((it) => it.code ?? "").join("\n");
    assert.ok(code.includes(facts.host) && code.includes("alice"), name);
  }
});

test("the pull secret is what kubectl takes", () => {
  const { content } = steps("Kubernetes").find((it) => it.file);
  const [, data] = content().match(/\.dockerconfigjson: (\S+)\n/);
  const text = (base64) => Buffer.from(base64, "base64").toString("utf8");
  const { auths } = JSON.parse(text(data));
  assert.deepEqual(Object.keys(auths), [facts.host]);
  assert.equal(auths[facts.host].password, facts.secret);
  assert.equal(text(auths[facts.host].auth), `alice:${facts.secret}`);
});
