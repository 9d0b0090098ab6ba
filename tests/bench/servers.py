"""What the benchmark starts: dockpass on a store, what it is compared with, and wrk, which asks. All on loopback."""

import base64
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

HERE = Path(__file__).parent
PASSWORD = "violet-kestrel-42"
# Headers of an answer that each server writes by itself.
OWN_HEADERS = {"content-length", "date", "connection", "transfer-encoding", "keep-alive"}


def basic(user, secret):
    """The value of an `Authorization` header."""
    return "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()


def free_port():
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    """Waits until something listens there."""
    for _ in range(400):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"nothing listens on {port}")


class Server:
    """A process that listens on a port, and ends with the benchmark."""

    scheme = "http"

    def __init__(self, command, port=None, **options):
        begun = time.monotonic()
        told = subprocess.DEVNULL if port else subprocess.PIPE
        self.process = subprocess.Popen(command, stdout=told, stderr=subprocess.DEVNULL, **options)
        self.port = port or self.told_port()
        wait_for(self.port)
        # Seconds from the start to the line that says it is ready.
        self.started_in = time.monotonic() - begun

    def told_port(self):
        for line in self.process.stdout:
            if found := re.match(rb"ready on .*:(\d+)", line):
                return int(found[1])
        raise SystemExit(f"{self.process.args[0]} does not start: ended with {self.process.wait()}")

    def ask(self, method, path, shown=None, body=None):
        """The status, the headers and the text of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        headers = {"Authorization": shown} if shown else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, answer.getheaders(), text

    def done(self, method, path, shown, body=None):
        """The value of an answer, which must not be an error."""
        status, _, text = self.ask(method, path, shown, body)
        if status >= 300:
            raise SystemExit(f"{method} {path} answers {status}: {text}")
        return json.loads(text or "null")

    def resident(self):
        """MiB of memory."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Dockpass(Server):
    """dockpass on a data directory."""

    def __init__(self, binary, data, config="", scheme="http"):
        data = Path(data)
        file = data.parent / f"{data.name}.toml"
        file.write_text(config)
        self.data, self.scheme = data, scheme
        environment = {**os.environ, "DOCKPASS_ADMIN_PASSWORD": PASSWORD}
        command = [binary, "serve", "--config", file, "--data-dir", data, "--listen", "127.0.0.1:0"]
        super().__init__(command, env=environment)

    def signatures(self):
        """How many registry tokens were given since the start, and how many of them signed."""
        secret = (self.data / "keys" / "metrics-secret").read_text().strip()
        _, _, text = self.ask("GET", "/metrics", f"Bearer {secret}")
        total = lambda name: sum(float(line.split()[-1]) for line in text.splitlines() if re.match(rf"{name}[ {{]", line))
        return total("dockpass_token_requests_total"), total("dockpass_token_signature_seconds_count")

    def disk(self):
        """MiB that the data directory takes."""
        files = (path.stat() for path in self.data.rglob("*") if path.is_file())
        return sum(file.st_blocks * 512 for file in files) / (1 << 20)


def limit(program, samples, folder):
    """The limit handler, which gives these answers again."""
    file = Path(folder) / "answers.json"
    file.write_text(json.dumps(samples))
    return Server([program, file])


def sample(server, path, shown, under=None):
    """An answer for the limit handler."""
    status, headers, text = server.ask("GET", path, shown)
    if status != 200:
        raise SystemExit(f"{path} answers {status}: {text}")
    headers = [[name, value] for name, value in headers if name.lower() not in OWN_HEADERS]
    return {under or path.split("?")[0]: {"headers": headers, "body": text}}


def docker_registry(folder):
    """Debian's registry with a file of passwords, hashed at the cost that htpasswd takes by itself."""
    program, port = shutil.which("docker-registry"), free_port()
    hashed = subprocess.run(["htpasswd", "-Bbn", "admin", PASSWORD], capture_output=True, text=True, check=True).stdout
    (folder / "htpasswd").write_text(hashed)
    (folder / "registry.yml").write_text(
        "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder}/registry}}}}\n"
        f"http: {{addr: '127.0.0.1:{port}'}}\n"
        f"auth: {{htpasswd: {{realm: bench, path: {folder}/htpasswd}}}}\n"
    )
    return Server([program, "serve", folder / "registry.yml"], port=port)


def wrk(server, path, seconds, connections=16, threads=2, **asked):
    """Requests a second; with `every`, the latencies in microseconds instead. `load.lua` says what can be asked."""
    url = f"{server.scheme}://127.0.0.1:{server.port}{path}"
    threads = connections if "every" in asked else min(threads, connections)
    command = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "-s", str(HERE / "load.lua"), url, "--"]
    told = subprocess.run([*command, *(f"{name}={value}" for name, value in asked.items())], capture_output=True, text=True)
    if told.returncode or "Non-2xx" in told.stdout or "Requests/sec" not in told.stdout:
        raise SystemExit(f"wrk {path}: {told.stdout}{told.stderr}")
    if "every" in asked:
        line = next(line for line in told.stdout.splitlines() if line.startswith("open loop"))
        return {name: float(value) for name, value in re.findall(r"(median|p90|p99|p999|most) ([\d.]+)", line)}
    return float(re.search(r"Requests/sec:\s*([\d.]+)", told.stdout)[1])


def tls_connections(server, seconds, how):
    """Connections over TLS a second, one after another, each with a request: `-new` with full handshakes, or `-reuse`."""
    command = ["openssl", "s_time", "-connect", f"127.0.0.1:{server.port}", "-www", "/_ping", how, "-time", str(seconds)]
    told = subprocess.run(command, capture_output=True, text=True)
    found = re.search(r"(\d+) connections in (\d+) real seconds", told.stdout)
    if not found:
        raise SystemExit(f"openssl s_time: {told.stdout[-400:]}{told.stderr[-400:]}")
    return int(found[1]) / int(found[2])


class Lines:
    """A file of callers, one a line, all of one length: the `Authorization` value, a tab, and a repository of theirs."""

    def __init__(self, path, count):
        self.path, self.count = Path(path), count

    @classmethod
    def written(cls, path, values):
        values = ["\t".join(value) for value in values]
        width = max(map(len, values))
        Path(path).write_text("".join(f"{value:<{width}}\n" for value in values))
        return cls(path, len(values))

    def first(self):
        """The first caller, and the repository."""
        with self.path.open() as file:
            return file.readline().rstrip().split("\t")
