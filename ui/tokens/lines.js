// Owns the ready lines for each client. None has the secret in an argument, where other users of the machine would read it:
// clients ask for it themselves, or get it from standard input or from the store of secrets of the pipeline. None needs a
// certain shell; where shells differ, each has lines of its own.
//
// Exports
//   CLIENTS            [{ key, name, steps(facts) }]; facts is LineFacts of house.d.ts; a step is one of
//                      { text }, { code }, { file, content() }, { shells: [[name, code], …] }
//   pullSecretName(facts)     the name of the secret of Kubernetes that holds the access token of this description and id,
//                             which no other access token has

/** Base64 of the text's UTF-8 bytes. @param {string} text */
function base64(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

/** What stands in the place of a secret that is not shown any more. */
const PLACE = "ACCESS_TOKEN";

/** @param {LineFacts} facts */
const image = ({ host, repository, tag }) => `${host}/${repository}:${tag}`;

/** For a shell, which would take the brackets of an address, or a sign of its own, for more than text. @param {string} text */
const word = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** For YAML, which takes 1e3 and 0755 for numbers, null for nothing, and brackets for a list. @param {string} text */
const yaml = (text) => JSON.stringify(text);

/** A text of Groovy. @param {string} text */
const groovy = (text) => `'${text.replace(/[\\']/g, "\\$&")}'`;

/** What signs in, for programs that ask for the password. @param {string} program @param {LineFacts} facts */
const signIn = (program, { host, username }) => `${program} login ${word(host)} --username ${word(username)}`;

/** @param {LineFacts} facts */
const asks = ({ label }) => ({
  text: label === null ? "It asks for the password: give an access token, or your password." : "It asks for the password: paste the access token. Nothing shows as you paste.",
});

/**
 * What the person may do with the repository, in this order.
 * @param {LineFacts} facts @param {{ pull: string, push: string }} code @returns {LineStep[]}
 */
function images({ repository, mayPull, mayPush }, { pull, push }) {
  if (!repository) return [];
  return [
    ...(mayPull ? [{ text: "Pull:" }, { code: pull }] : []),
    ...(mayPush ? [{ text: "Push:" }, { code: push }] : []),
  ];
}

/** @param {string} program */
const engine = (program) => (/** @type {LineFacts} */ facts) => [
  asks(facts),
  { code: signIn(program, facts) },
  ...images(facts, {
    pull: `${program} pull ${word(image(facts))}`,
    push: `${program} tag IMAGE ${word(image(facts))}\n${program} push ${word(image(facts))}`,
  }),
];

/** @param {LineFacts} facts @returns {LineStep[]} */
const skopeo = (facts) => [
  asks(facts),
  { code: signIn("skopeo", facts) },
  ...images(facts, {
    pull: `skopeo copy ${word(`docker://${image(facts)}`)} oci-archive:image.tar`,
    push: `skopeo copy oci-archive:image.tar ${word(`docker://${image(facts)}`)}`,
  }),
];

const VERSION = /^v?(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}(-[\dA-Za-z.-]+)?(\+[\dA-Za-z.-]+)?$/;

/** A chart's version has a plus where its tag, which can have none, has an underscore; other tags are no version. @param {string} tag */
function chartVersion(tag) {
  const version = tag.replace("_", "+");
  return VERSION.test(version) ? ` --version ${version}` : "";
}

/** A chart's name is that of its repository, without the namespace. @param {LineFacts} facts @returns {LineStep[]} */
function helm(facts) {
  const { host, repository, tag } = facts;
  const above = repository?.split("/").slice(0, -1).join("/");
  return [
    asks(facts),
    { code: signIn("helm registry", facts) },
    ...images(facts, {
      pull: `helm pull ${word(`oci://${host}/${repository}`)}${chartVersion(tag)}`,
      push: `helm push CHART.tgz ${word(`oci://${[host, above].filter(Boolean).join("/")}`)}`,
    }),
  ];
}

/** @param {LineFacts} facts @returns {LineStep[]} */
function curl({ origin, username }) {
  const url = `${origin}/api/v0/repositories`;
  return [
    { text: "It asks for the password: paste the access token. Nothing shows as you paste." },
    { shells: [["Linux, macOS", `curl --user ${word(username)} ${word(url)}`], ["Windows", `curl.exe --user ${username} ${url}`]] },
  ];
}

const VARIABLE = "DOCKPASS_TOKEN";

/** @param {LineFacts} facts */
const pipedLogin = (facts) => `printf %s "$${VARIABLE}" | ${signIn("docker", facts)} --password-stdin`;

/** @param {LineFacts} facts @returns {LineStep[]} */
function scripts(facts) {
  return [
    { text: `Once, by hand: paste the access token into the variable ${VARIABLE}.` },
    {
      shells: [
        ["sh, bash, zsh", `stty -echo; read -r ${VARIABLE}; stty echo; export ${VARIABLE}`],
        ["fish", `read --silent --global --export ${VARIABLE}`],
        ["PowerShell", `$env:${VARIABLE} = [Net.NetworkCredential]::new('', (Read-Host 'Access token' -AsSecureString)).Password`],
      ],
    },
    { text: "Then, in the script. cmd cannot hide what is typed into a variable: there, docker asks for the access token." },
    {
      shells: [
        ["sh, bash, zsh, fish", pipedLogin(facts)],
        ["PowerShell", `$env:${VARIABLE} | ${signIn("docker", facts)} --password-stdin`],
        // Single quotes are signs like any other there, and nothing needs them.
        ["cmd", `docker login ${facts.host} --username ${facts.username}`],
      ],
    },
  ];
}

/** @param {string} action @param {[string, string][]} inputs */
const action = (action, inputs) => [`- uses: ${action}`, "  with:", ...inputs.map(([key, value]) => `    ${key}: ${value}`)].join("\n");

/** @param {LineFacts} facts @returns {LineStep[]} */
function github(facts) {
  const { host, username, repository, mayPull, mayPush } = facts;
  const login = action("docker/login-action@v3", [
    ["registry", yaml(host)],
    ["username", yaml(username)],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the workflow's, not ours
    ["password", "${{ secrets.DOCKPASS_TOKEN }}"],
  ]);
  const build = repository && mayPush && action("docker/build-push-action@v6", [["push", "true"], ["tags", yaml(image(facts))]]);
  const pull = repository && mayPull && !mayPush && `- run: docker pull ${word(image(facts))}`;
  return [
    { text: "Keep the access token as a secret of the repository on GitHub. gh asks for it:" },
    { code: `gh secret set ${VARIABLE}` },
    { text: "Steps of the workflow:" },
    { code: [login, build, pull].filter(Boolean).join("\n") },
  ];
}

/** @param {LineFacts} facts @returns {LineStep[]} */
function gitlab(facts) {
  const { repository, mayPull, mayPush } = facts;
  const build = repository && mayPush && [`  - docker build --tag ${word(image(facts))} .`, `  - docker push ${word(image(facts))}`];
  const pull = repository && mayPull && !mayPush && [`  - docker pull ${word(image(facts))}`];
  const work = build || pull;
  return [
    { text: `Keep the access token as a variable named ${VARIABLE}, masked: Settings › CI/CD › Variables. The job:` },
    { code: ["before_script:", `  - ${pipedLogin(facts)}`, ...(work ? ["script:", ...work] : [])].join("\n") },
  ];
}

/** @param {LineFacts} facts @returns {LineStep[]} */
function jenkins(facts) {
  const { host, username, repository, tag, mayPull, mayPush } = facts;
  const id = pullSecretName(facts);
  const push = mayPush && `  docker.build('${repository}:${tag}').push()`;
  const work = repository ? push || (mayPull && `  docker.image('${repository}:${tag}').pull()`) : "  docker.build('NAMESPACE/NAME:TAG').push()";
  return [
    { text: ["Keep the access token in Manage Jenkins › Credentials: kind “Username with password”, user name ", { code: username }, ", ID ", { code: id }, "."] },
    { text: "In a pipeline:" },
    {
      code: [
        `withCredentials([usernamePassword(credentialsId: '${id}', usernameVariable: 'DOCKPASS_USER', passwordVariable: '${VARIABLE}')]) {`,
        `  sh ${groovy(`printf %s "$${VARIABLE}" | docker login ${word(host)} --username "$DOCKPASS_USER" --password-stdin`)}`,
        "}",
      ].join("\n"),
    },
    { text: "Or with the plugin Docker Pipeline:" },
    { code: [`docker.withRegistry('https://${host}', '${id}') {`, work, "}"].filter(Boolean).join("\n") },
  ];
}

const LONGEST = 63;

/**
 * Lower-case letters, digits and single hyphens, as names in Kubernetes are. Two access tokens may have the same description:
 * the end of the id, which a rotation leaves, tells them apart.
 * @param {Pick<LineFacts, "label" | "username" | "id">} facts
 */
export function pullSecretName({ label, username, id }) {
  const words = (label ?? username).toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "").replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
  const end = id?.slice(-6).toLowerCase();
  const room = LONGEST - (end ? end.length + 1 : 0);
  return [["dockpass", words].filter(Boolean).join("-").slice(0, room).replace(/-$/, ""), end].filter(Boolean).join("-");
}

/**
 * A pull secret as kubectl takes it. JSON is YAML, so nothing needs quoting of its own.
 * @param {LineFacts} facts @param {string} name
 */
function pullSecret({ host, username, secret }, name) {
  const head = ["apiVersion: v1", "kind: Secret", "metadata:", `  name: ${name}`, "type: kubernetes.io/dockerconfigjson"];
  if (secret === null) {
    const auths = { [host]: { username, password: PLACE } };
    return [...head, "stringData:", `  .dockerconfigjson: '${JSON.stringify({ auths }).replaceAll("'", "''")}'`].join("\n");
  }
  const auths = { [host]: { username, password: secret, auth: base64(`${username}:${secret}`) } };
  return [...head, "data:", `  .dockerconfigjson: ${base64(JSON.stringify({ auths }))}`, ""].join("\n");
}

/** @param {LineFacts} facts @returns {LineStep[]} */
function kubernetes(facts) {
  const { secret, repository, mayPull } = facts;
  const name = pullSecretName(facts);
  const file = `${name}.yaml`;
  /** @type {LineStep[]} */
  const made = secret === null
    ? [{ text: ["Keep this as ", { code: file }, ", with the access token in the place of ", { code: PLACE }, "."] }, { code: pullSecret(facts, name) }]
    : [{ text: "The file holds the access token." }, { file, content: () => pullSecret(facts, name) }];
  const containers = repository && mayPull ? ["  containers:", "    - name: main", `      image: ${yaml(image(facts))}`] : [];
  return [
    ...made,
    { code: `kubectl apply --filename ${file}` },
    { text: "Then delete the file. A pod names the secret:" },
    { code: ["spec:", "  imagePullSecrets:", `    - name: ${name}`, ...containers].join("\n") },
  ];
}

/** @type {LineClient[]} */
export const CLIENTS = [
  { key: "docker", name: "docker", steps: engine("docker") },
  { key: "podman", name: "podman", steps: engine("podman") },
  { key: "github", name: "GitHub Actions", steps: github },
  { key: "gitlab", name: "GitLab CI", steps: gitlab },
  { key: "kubernetes", name: "Kubernetes", steps: kubernetes },
  { key: "jenkins", name: "Jenkins", steps: jenkins },
  { key: "helm", name: "Helm", steps: helm },
  { key: "skopeo", name: "skopeo", steps: skopeo },
  { key: "scripts", name: "Scripts", steps: scripts },
  { key: "curl", name: "curl", steps: curl, isForApi: true },
];
