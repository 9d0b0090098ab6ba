// Owns the ready lines for each client. None has the secret in an argument, where other users of the machine would read it:
// it comes from standard input, from a variable of the shell, or from the store of secrets of the pipeline.
//
// Exports
//   CLIENTS       [{ name, steps(facts) }]; facts is { host, username, secret, origin }; a step is one of
//                 { text }, { code }, { file, content() }

/** Base64 of the text's UTF-8 bytes. @param {string} text */
function base64(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

const PASTE = { text: "Paste the access token after the first line, press Enter, then run the second one." };
const READ = "read -rs DOCKPASS_TOKEN";
const GIVE = `printf %s "$DOCKPASS_TOKEN" |`;

/** @param {string} program */
const login = (program) => (/** @type {LineFacts} */ { host, username }) => [
  PASTE,
  { code: READ },
  { code: `${GIVE} ${program} login ${host} --username ${username} --password-stdin` },
];

/** @param {LineFacts} facts @returns {LineStep[]} */
function curl({ origin, username }) {
  return [
    PASTE,
    { code: READ },
    { code: `printf 'user = "${username}:%s"' "$DOCKPASS_TOKEN" |\n  curl --config - ${origin}/api/v0/repositories` },
  ];
}

/** @param {LineFacts} facts @returns {LineStep[]} */
function github({ host, username }) {
  return [
    { text: "Keep the access token as a secret of the repository; gh asks for it." },
    { code: "gh secret set DOCKPASS_TOKEN" },
    { text: "A step of the workflow:" },
    {
      code: [
        "- uses: docker/login-action@v3",
        "  with:",
        `    registry: ${host}`,
        `    username: ${username}`,
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the workflow's, not ours
        "    password: ${{ secrets.DOCKPASS_TOKEN }}",
      ].join("\n"),
    },
  ];
}

/** @param {LineFacts} facts @returns {LineStep[]} */
function gitlab({ host, username }) {
  return [
    { text: "Keep the access token as the variable DOCKPASS_TOKEN, masked: Settings › CI/CD › Variables. A job then begins with:" },
    {
      code: [
        "before_script:",
        `  - printf %s "$DOCKPASS_TOKEN" | docker login ${host} --username ${username} --password-stdin`,
      ].join("\n"),
    },
  ];
}

/** A pull secret as kubectl takes it. JSON is YAML, so nothing needs quoting of its own. @param {LineFacts} facts */
function pullSecret({ host, username, secret }) {
  const auths = { [host]: { username, password: secret, auth: base64(`${username}:${secret}`) } };
  return [
    "apiVersion: v1",
    "kind: Secret",
    "metadata:",
    "  name: dockpass",
    "type: kubernetes.io/dockerconfigjson",
    "data:",
    `  .dockerconfigjson: ${base64(JSON.stringify({ auths }))}`,
    "",
  ].join("\n");
}

/** @param {LineFacts} facts @returns {LineStep[]} */
function kubernetes(facts) {
  const file = "dockpass-pull-secret.yaml";
  return [
    { text: "The file holds the access token. Delete it once it is applied." },
    { file, content: () => pullSecret(facts) },
    { code: `kubectl apply --filename ${file}\nrm ${file}` },
    { text: "A pod names it:" },
    { code: "spec:\n  imagePullSecrets:\n    - name: dockpass" },
  ];
}

/** @type {{ name: string, steps: (facts: LineFacts) => LineStep[] }[]} */
export const CLIENTS = [
  { name: "docker", steps: login("docker") },
  { name: "podman", steps: login("podman") },
  { name: "curl", steps: curl },
  { name: "GitHub Actions", steps: github },
  { name: "GitLab CI", steps: gitlab },
  { name: "Kubernetes", steps: kubernetes },
];
