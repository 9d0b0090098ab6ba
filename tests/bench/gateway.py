"""What the gateway costs: a large blob pulled and pushed, and small manifests a second, straight at Debian's registry,
through the gateway, and through nginx (`proxy_pass`; manifests with `auth_request` to dockpass). Everything is on loopback,
the ways taken in turn, round by round: `run --only gateway` does nothing else.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

from servers import PASSWORD, basic, free_port, wait_for

NAME = "admin/bench"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class Servers:
    """The registry, dockpass before it, and nginx before it."""

    def __init__(self, binary: str, folder: Path) -> None:
        self.folder = folder
        self.registry, self.dockpass, self.nginx, self.verified = (free_port() for _ in range(4))
        self.processes: list[subprocess.Popen] = []
        self.write_files()
        environment = {**os.environ, "DOCKPASS_ADMIN_PASSWORD": PASSWORD}
        self.start("docker-registry", "serve", str(folder / "registry.yml"))
        wait_for(self.registry)
        self.start(binary, "serve", "--config", str(folder / "dockpass.toml"), env=environment)
        wait_for(self.dockpass)
        self.start("nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr", "-g", "daemon off;")
        wait_for(self.nginx)

    def write_files(self) -> None:
        """The configurations."""
        storage = self.folder / "storage"
        (self.folder / "registry.yml").write_text(
            f"version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\n"
            f"storage: {{filesystem: {{rootdirectory: {storage}}}, delete: {{enabled: true}}}}\n"
            f"http: {{addr: '127.0.0.1:{self.registry}'}}\n"
        )
        (self.folder / "dockpass.toml").write_text(
            f'[server]\nlisten = "127.0.0.1:{self.dockpass}"\npublic_url = "http://127.0.0.1:{self.dockpass}"\n'
            f'data_dir = "{self.folder}/data"\n'
            'behind_proxy = true\ntrusted_proxies = ["127.0.0.1"]\n'
            f'[registry]\nupstream = "http://127.0.0.1:{self.registry}"\n'
        )
        proxy = (
            f"proxy_pass http://127.0.0.1:{self.registry}; proxy_http_version 1.1; proxy_set_header Connection '';"
            "proxy_set_header Host $http_host; proxy_request_buffering off; client_max_body_size 0;"
            # As it comes, in pieces as large as those of dockpass: by default nginx takes 4 KiB at a time.
            "proxy_buffering off; proxy_buffer_size 128k; proxy_buffers 8 128k; proxy_busy_buffers_size 256k;"
        )
        verify = (
            f"location = /verify {{ internal; proxy_pass http://dockpass/auth/verify; proxy_http_version 1.1;"
            "proxy_set_header Connection ''; proxy_pass_request_body off; proxy_set_header Content-Length '';"
            "proxy_set_header X-Original-URI $request_uri; proxy_set_header X-Original-Method $request_method;"
            "proxy_set_header X-Forwarded-For $remote_addr; }"
        )
        (self.folder / "nginx.conf").write_text(
            f"worker_processes 2; pid {self.folder}/nginx.pid; error_log stderr crit;\n"
            "events { worker_connections 1024; }\n"
            f"http {{ access_log off; client_body_temp_path {self.folder}/body; proxy_temp_path {self.folder}/proxy;\n"
            f"upstream dockpass {{ server 127.0.0.1:{self.dockpass}; keepalive 32; }}\n"
            f"upstream registry {{ server 127.0.0.1:{self.registry}; keepalive 32; }}\n"
            f"server {{ listen 127.0.0.1:{self.nginx}; location / {{ {proxy} }} }}\n"
            f"server {{ listen 127.0.0.1:{self.verified}; {verify} location / {{ auth_request /verify; {proxy} }} }} }}\n"
            .replace(f"proxy_pass http://127.0.0.1:{self.registry};", "proxy_pass http://registry;")
        )

    def start(self, *command: str, env: dict | None = None) -> None:
        """Starts one of them."""
        log = (self.folder / f"{Path(command[0]).name}.log").open("wb")
        self.processes.append(subprocess.Popen(command, env=env, stdout=log, stderr=log))

    def stop(self) -> None:
        """Ends all of them."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait()

    def token(self) -> str:
        """A registry token for everything that is measured."""
        url = f"http://127.0.0.1:{self.dockpass}/auth/token?scope=repository:{NAME}:pull,push,delete"
        request = urllib.request.Request(url)
        request.add_header("Authorization", basic("admin", PASSWORD))
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["token"]


def curl(*arguments: str) -> str:
    """What curl prints; it must succeed."""
    done = subprocess.run(["curl", "-sS", "--fail-with-body", *arguments], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"curl {' '.join(arguments[-1:])}: {done.stderr}{done.stdout[:400]}")
    return done.stdout


def upload(port: int, shown: list[str], file: Path, digest: str) -> float:
    """Pushes a blob; answers the seconds of the request with the bytes."""
    begin = curl(*shown, "-D-", "-o/dev/null", "-XPOST", f"http://127.0.0.1:{port}/v2/{NAME}/blobs/uploads/")
    location = next(line.split(": ", 1)[1].strip() for line in begin.splitlines() if line.lower().startswith("location:"))
    path = location.split("//", 1)[1].split("/", 1)[1] if "//" in location else location.lstrip("/")
    joint = "&" if "?" in path else "?"
    url = f"http://127.0.0.1:{port}/{path}{joint}digest={digest}"
    kind = "Content-Type: application/octet-stream"
    # Without `Expect`, which each answers in its own way.
    told = curl(*shown, "-HExpect:", "-H", kind, "-w", "%{time_total}", "-o/dev/null", "-T", str(file), url)
    return float(told)


def download(port: int, shown: list[str], digest: str) -> float:
    """Pulls a blob; answers the seconds."""
    url = f"http://127.0.0.1:{port}/v2/{NAME}/blobs/{digest}"
    return float(curl(*shown, "-w", "%{time_total}", "-o/dev/null", url))


def manifests(port: int, shown: list[str], seconds: int) -> float:
    """Manifests a second, 16 connections."""
    headers = [part for header in shown if header.startswith("Auth") for part in ("-H", header)]
    url = f"http://127.0.0.1:{port}/v2/{NAME}/manifests/v1"
    told = subprocess.run(
        ["wrk", "-t1", "-c16", f"-d{seconds}s", *headers, "-H", f"Accept: {MANIFEST}", url], capture_output=True, text=True
    ).stdout
    if "Non-2xx" in told:
        sys.exit(told)
    return float(next(line.split(":")[1] for line in told.splitlines() if line.startswith("Requests/sec")))


def push_manifest(servers: Servers, shown: list[str], digest: str, size: int) -> None:
    """A small image, so that there is a manifest to ask for."""
    layer = {"mediaType": "application/octet-stream", "digest": digest, "size": size}
    content = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": layer, "layers": [layer]})
    url = f"http://127.0.0.1:{servers.dockpass}/v2/{NAME}/manifests/v1"
    curl(*shown, "-XPUT", "-H", f"Content-Type: {MANIFEST}", "--data-binary", content, url)


def measured(binary: Path, mib: int, rounds: int, seconds: int):
    """All rounds: what was measured, its unit and value, what it is compared with, and the goal."""
    folder = Path(tempfile.mkdtemp(prefix="gateway-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))
    servers = Servers(str(binary), folder)
    try:
        shown = ["-H", f"Authorization: Bearer {servers.token()}"]
        ways = {"straight": servers.registry, "gateway": servers.dockpass, "nginx": servers.nginx}
        for _ in range(rounds):
            yield from blobs(folder, ways, shown, mib)
        push_small(servers, folder, shown)
        ways["nginx with auth_request"] = servers.verified
        for _ in range(rounds):
            for way, port in ways.items():
                goal = (">=", 1) if way == "gateway" else None
                yield f"manifests, {way}", "/s", manifests(port, shown, seconds), "manifests, nginx with auth_request", goal
    finally:
        servers.stop()
        shutil.rmtree(folder, ignore_errors=True)


def blobs(folder: Path, ways: dict[str, int], shown: list[str], mib: int):
    """One round: a blob is pushed each way, and pulled each way."""
    blob = folder / "blob"
    for way, port in ways.items():
        content = os.urandom(1 << 20) * mib
        blob.write_bytes(content)
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        del content
        yield blob_row("pushed", way, mib / upload(port, shown, blob, digest))
        for reader, place in ways.items():
            yield blob_row("pulled", reader, mib / download(place, shown, digest))
        curl(*shown, "-XDELETE", f"http://127.0.0.1:{ways['straight']}/v2/{NAME}/blobs/{digest}")
        shutil.rmtree(folder / "storage/docker/registry/v2/blobs", ignore_errors=True)


def blob_row(what: str, way: str, value: float):
    """A value of a blob."""
    return f"blob {what}, {way}", "MiB/s", value, f"blob {what}, nginx", (">=", 0.9) if way == "gateway" else None


def push_small(servers: Servers, folder: Path, shown: list[str]) -> None:
    """A small image, so that there is a manifest to ask for."""
    small, blob = b"small", folder / "blob"
    digest = "sha256:" + hashlib.sha256(small).hexdigest()
    blob.write_bytes(small)
    upload(servers.dockpass, shown, blob, digest)
    push_manifest(servers, shown, digest, len(small))
