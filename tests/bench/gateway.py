#!/usr/bin/env python3
"""What the gateway costs: a large blob pulled and pushed, and small manifests a second, straight at Debian's registry,
through the gateway, and through nginx (`proxy_pass`; manifests with `auth_request` to dockpass).

    tests/bench/gateway.py target/x86_64-unknown-linux-gnu/release/dockpass [--mib 1024] [--rounds 5]

Needs docker-registry, nginx, curl and wrk (Debian packages). Everything is on loopback and in one run, the ways taken in
turn, round by round; what counts are the ratios of the medians.
"""

import argparse
import base64
import hashlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

PASSWORD = "violet-kestrel-42"
NAME = "admin/bench"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port: int) -> None:
    """Waits until something listens there."""
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit(f"nothing listens on {port}")


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
        request.add_header("Authorization", "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode())
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


def manifests(port: int, shown: list[str]) -> float:
    """Manifests a second, 16 connections, five seconds."""
    headers = [part for header in shown if header.startswith("Auth") for part in ("-H", header)]
    url = f"http://127.0.0.1:{port}/v2/{NAME}/manifests/v1"
    told = subprocess.run(
        ["wrk", "-t1", "-c16", "-d5s", *headers, "-H", f"Accept: {MANIFEST}", url], capture_output=True, text=True
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


def table(rows: dict[str, dict[str, list[float]]], base: dict[str, str]) -> None:
    """Prints the medians and their ratios."""
    print(f"{'':<22}{'way':<24}{'median':>10}{'min':>10}{'max':>10}{'ratio':>8}")
    for what, ways in rows.items():
        reference = statistics.median(ways[base[what]])
        for way, values in ways.items():
            median = statistics.median(values)
            print(f"{what:<22}{way:<24}{median:>10.1f}{min(values):>10.1f}{max(values):>10.1f}{median / reference:>8.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary")
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="gateway-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))
    servers = Servers(asked.binary, folder)
    try:
        measure(servers, asked, folder)
    finally:
        servers.stop()
        shutil.rmtree(folder, ignore_errors=True)


def measure(servers: Servers, asked: argparse.Namespace, folder: Path) -> None:
    """All rounds."""
    shown = ["-H", f"Authorization: Bearer {servers.token()}"]
    ways = {"straight": servers.registry, "gateway": servers.dockpass, "nginx": servers.nginx}
    pulls: dict[str, list[float]] = {way: [] for way in ways}
    pushes: dict[str, list[float]] = {way: [] for way in ways}
    blob = folder / "blob"
    for _ in range(asked.rounds):
        for way, port in ways.items():
            content = os.urandom(1 << 20) * asked.mib
            blob.write_bytes(content)
            digest = "sha256:" + hashlib.sha256(content).hexdigest()
            del content
            pushes[way].append(asked.mib / upload(port, shown, blob, digest))
            for reader, place in ways.items():
                pulls[reader].append(asked.mib / download(place, shown, digest))
            curl(*shown, "-XDELETE", f"http://127.0.0.1:{servers.registry}/v2/{NAME}/blobs/{digest}")
            shutil.rmtree(folder / "storage/docker/registry/v2/blobs", ignore_errors=True)
    small = b"small"
    digest = "sha256:" + hashlib.sha256(small).hexdigest()
    blob.write_bytes(small)
    upload(servers.dockpass, shown, blob, digest)
    push_manifest(servers, shown, digest, len(small))
    ways["nginx, auth_request"] = servers.verified
    asking: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(asked.rounds):
        for way, port in ways.items():
            asking[way].append(manifests(port, shown))
    rows = {"blob pull, MiB/s": pulls, "blob push, MiB/s": pushes, "manifests/s": asking}
    table(rows, {"blob pull, MiB/s": "nginx", "blob push, MiB/s": "nginx", "manifests/s": "nginx, auth_request"})


if __name__ == "__main__":
    main()
