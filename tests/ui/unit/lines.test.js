import assert from "node:assert/strict";
import test from "node:test";
import { CLIENTS, pullSecretName } from "../../../ui/tokens/lines.js";

const facts = {
  host: "hub.example.com:5000", username: "alice", secret: "dp_sëcret", origin: "https://pass.example.com",
  label: "build server", id: "01M8MFMTJSME8YXSJP2VYP0V5K", repository: null, tag: "latest", mayPull: true, mayPush: true,
};
const ofImage = { ...facts, secret: null, label: null, id: null, repository: "acme/tools/app", tag: "1.0" };
const steps = (key, given = facts) => CLIENTS.find((it) => it.key === key).steps(given);
const words = (text) => [text ?? []].flat().map((it) => it.code ?? it).join("");
const shown = (key, given) => steps(key, given).map(({ text, code, file, shells = [] }) => [words(text), code, file, ...shells.flat()].join(" ")).join("\n");
const code = (key, given) => steps(key, given).flatMap(({ code, shells = [] }) => [code, ...shells.map(([, it]) => it)]).filter(Boolean).join("\n");

test("no line has the secret: only the file of Kubernetes does", () => {
  for (const { key } of CLIENTS) {
    assert.ok(!shown(key).includes(facts.secret), key);
    assert.ok(!shown(key).includes(btoa("dp_")), key);
  }
});

test("all lines stay without the secret, and nothing in them is missing", () => {
  for (const { key } of CLIENTS) {
    for (const given of [{ ...facts, secret: null }, { ...facts, secret: null, label: null, id: null }, ofImage]) {
      assert.ok(steps(key, given).every((it) => !it.file), key);
      assert.ok(!/undefined|null/.test(shown(key, given)), shown(key, given));
    }
  }
});

test("the lines name the user, and but for the API's the host", () => {
  for (const { key, isForApi } of CLIENTS) {
    // The file of Kubernetes has both.
    if (key === "kubernetes") continue;
    assert.ok(shown(key).includes("alice"), key);
    if (!isForApi) assert.ok(shown(key).includes(facts.host), key);
    if (isForApi) assert.ok(!shown(key).includes(facts.host), key);
  }
});

test("nobody needs bash, and no client takes the secret in an argument", () => {
  for (const { key } of CLIENTS) {
    assert.ok(!/read -\w*s/.test(code(key)), key);
    assert.ok(!/(--password[ =]|-p |docker-password)/.test(code(key)), key);
  }
  const [paste, use] = steps("scripts").filter((it) => it.shells);
  // cmd shows what is typed.
  assert.deepEqual(paste.shells.map(([name]) => name), ["sh, bash, zsh", "fish", "PowerShell"]);
  const login = "docker login hub.example.com:5000 --username alice";
  assert.deepEqual(use.shells.map(([name, line]) => [name, line.endsWith(`| ${login} --password-stdin`)]), [["sh, bash, zsh, fish", true], ["PowerShell", true], ["cmd", false]]);
  assert.equal(use.shells.at(-1)[1], login);
});

test("a repository is filled in, as far as one may", () => {
  const image = "hub.example.com:5000/acme/tools/app:1.0";
  assert.deepEqual(code("docker", ofImage).split("\n"), [
    "docker login hub.example.com:5000 --username alice", `docker pull ${image}`, `docker tag IMAGE ${image}`, `docker push ${image}`,
  ]);
  assert.ok(!code("docker", { ...ofImage, mayPush: false }).includes("push"));
  assert.ok(!code("docker", { ...ofImage, mayPull: false }).includes("pull"));
  assert.ok(code("helm", ofImage).endsWith("\nhelm push CHART.tgz oci://hub.example.com:5000/acme/tools"));
  assert.ok(code("github", ofImage).includes(`    tags: "${image}"`));
  assert.ok(code("gitlab", ofImage).includes(`  - docker push ${image}`));
  assert.ok(code("jenkins", ofImage).includes("docker.build('acme/tools/app:1.0').push()"));
  assert.ok(code("kubernetes", ofImage).includes(`      image: "${image}"`));
});

test("the pull secret is what kubectl takes", () => {
  const { content } = steps("kubernetes").find((it) => it.file);
  const [, data] = content().match(/\.dockerconfigjson: (\S+)\n/);
  const text = (base64) => Buffer.from(base64, "base64").toString("utf8");
  const { auths } = JSON.parse(text(data));
  assert.deepEqual(Object.keys(auths), [facts.host]);
  assert.equal(auths[facts.host].password, facts.secret);
  assert.equal(text(auths[facts.host].auth), `alice:${facts.secret}`);
});

test("each access token has a pull secret of its own", () => {
  const name = (label, id = facts.id) => pullSecretName({ label, username: "alice", id });
  const names = ["Build server", "acme/ci", "Büro (2)", "-x-", "☃"].map((label) => name(label));
  assert.deepEqual(names, ["build-server-", "acme-ci-", "buro-2-", "x-", ""].map((it) => `dockpass-${it}yp0v5k`));
  assert.equal(name(null, null), "dockpass-alice", "of a repository, without an access token");
  for (const label of ["a".repeat(128), `${"a".repeat(46)}-b`]) {
    assert.ok(name(label).length <= 63 && /^[a-z0-9]+(-[a-z0-9]+)*$/.test(name(label)), name(label));
    assert.notEqual(name(label), name(label, "01M8MFMTJSME8YXSJP2VYP0V5Z"));
  }
  assert.ok(shown("kubernetes").includes("dockpass-build-server-yp0v5k.yaml") && shown("jenkins").includes("'dockpass-build-server-yp0v5k'"));
});

const bare = { ...ofImage, host: "[2001:db8::1]:5000", origin: "https://[2001:db8::1]" };

test("YAML takes each name for a text", () => {
  for (const username of ["1e3", "null", "0755"]) assert.ok(code("github", { ...bare, username }).includes(`    username: "${username}"\n`), username);
  assert.ok(code("github", bare).includes('    registry: "[2001:db8::1]:5000"\n'));
  assert.ok(code("github", bare).includes('    tags: "[2001:db8::1]:5000/acme/tools/app:1.0"'));
  assert.ok(code("kubernetes", bare).includes('      image: "[2001:db8::1]:5000/acme/tools/app:1.0"'));
});

test("no shell takes the brackets of an address for a pattern", () => {
  for (const { key } of CLIENTS) {
    // Jenkins' plugin and YAML are no shell's; cmd and PowerShell have no such patterns.
    const lines = code(key, bare).split("\n").filter((it) => it.includes("[2001") && !/"\[|withRegistry|^docker login \[|curl\.exe|auths/.test(it));
    for (const line of lines) assert.match(line, /'[^' ]*\[2001:db8::1\]/, `${key}: ${line}`);
  }
  assert.ok(code("docker", bare).startsWith("docker login '[2001:db8::1]:5000' --username alice\n"));
  assert.ok(code("jenkins", bare).includes(`| docker login \\'[2001:db8::1]:5000\\' --username`), code("jenkins", bare));
});

test("a chart's version is a version, with its plus", () => {
  const pull = (tag) => code("helm", { ...ofImage, tag }).split("\n")[1];
  const line = "helm pull oci://hub.example.com:5000/acme/tools/app";
  assert.deepEqual(["1.2.3", "1.2.3-rc.1_build.5", "v2.0.0", "latest", "1.0", "01.2.3", "1.2.3_a_b"].map(pull), [
    `${line} --version 1.2.3`, `${line} --version 1.2.3-rc.1+build.5`, `${line} --version v2.0.0`, line, line, line, line,
  ]);
});
