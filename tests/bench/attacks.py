#!/usr/bin/env python3
"""Registry tokens a second, quiet and while one host, or many, attack; and what unread answers do to others.

Usage: tests/bench/attacks.py [--repositories N] [--rounds N] EXECUTABLE...

Measures each executable in turn, in several rounds of one run, and prints medians. Needs `wrk`. All traffic stays on
loopback. Where an attack comes from is said by `X-Forwarded-For`, which the server believes here, or by 127.0.1.x.
"""

import argparse
import http.client
import json
import os
import resource
import socket
import statistics
import subprocess
import tempfile
import threading
import time

from servers import PASSWORD, basic

SECONDS = 3
TOKEN = "/auth/token?service=dockpass&scope=repository:alice/app:pull,push"


class Site:
    """A running server with alice, her access token, and public repositories."""

    def __init__(self, executable, repositories):
        self.name = executable
        self.directory = tempfile.TemporaryDirectory()
        home = self.directory.name
        config = os.path.join(home, "config.toml")
        with open(config, "w") as file:
            file.write("[server]\nbehind_proxy = true\ntrusted_proxies = ['127.0.0.1']\n")
            file.write("public_url = 'https://registry.example.com'\n")
            file.write(f"[repositories]\nmax_per_namespace = {repositories + 1}\n")
        environment = dict(os.environ, DOCKPASS_ADMIN_PASSWORD=PASSWORD)
        command = [executable, "serve", "--config", config, "--data-dir", home + "/data", "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        line = self.process.stdout.readline().decode()
        assert "127.0.0.1:" in line, f"{executable} does not start: {line!r}"
        self.port = int(line.split("127.0.0.1:")[1].split()[0].strip("/.,"))
        self.ask("POST", "/enzi/v0/accounts", "admin", PASSWORD, {"name": "alice", "password": PASSWORD})
        body = {"tokenLabel": "measured"}
        self.token = self.ask("POST", "/api/v0/api_tokens", "alice", PASSWORD, body)["token"]
        self.fill(repositories)

    def ask(self, method, path, user, secret, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        headers = {"Authorization": basic(user, secret), "Content-Type": "application/json"}
        connection.request(method, path, json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status < 300, (path, answer.status, text)
        return json.loads(text or "null")

    def fill(self, repositories):
        body = {"tokenLabel": "fills"}
        token = self.ask("POST", "/api/v0/api_tokens", "admin", PASSWORD, body)["token"]
        headers = {"Authorization": basic("admin", token), "Content-Type": "application/json"}

        def some(first):
            connection = http.client.HTTPConnection("127.0.0.1", self.port)
            for number in range(first, repositories, 8):
                body = json.dumps({"name": f"r{number}", "visibility": "public"})
                connection.request("POST", "/api/v0/repositories/alice", body, headers)
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 201, answer.status

        threads = [threading.Thread(target=some, args=(first,)) for first in range(8)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]

    def wrk(self, connections, path, script=None, seconds=SECONDS):
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
        if script:
            file = tempfile.NamedTemporaryFile("w", suffix=".lua", delete=False)
            file.write(script)
            file.close()
            command += ["-s", file.name]
        url = f"http://127.0.0.1:{self.port}{path}"
        return subprocess.Popen(command + [url], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def tokens(self, seconds=SECONDS):
        """Registry tokens a second."""
        script = f'wrk.headers["Authorization"] = "{basic("alice", self.token)}"\n'
        script += 'wrk.headers["X-Forwarded-For"] = "198.51.100.7"\n'
        text = self.wrk(16, TOKEN, script, seconds).communicate()[0].decode()
        assert "Non-2xx" not in text, text
        return float(text.split("Requests/sec:")[1].split()[0])

    def right_passwords(self, until):
        """How many right passwords from another address were taken, of all."""
        taken = asked = 0
        while time.monotonic() < until:
            connection = http.client.HTTPConnection("127.0.0.1", self.port)
            headers = {"Authorization": basic("alice", PASSWORD), "X-Forwarded-For": f"198.51.100.{20 + asked % 200}"}
            connection.request("GET", "/auth/token?service=dockpass", headers=headers)
            asked += 1
            taken += connection.getresponse().status == 200
        return f"{taken} of {asked}"

    def beside(self, connections, path, script):
        """Registry tokens a second beside an attack, and right passwords meanwhile."""
        attack = self.wrk(connections, path, script, seconds=2 * SECONDS + 2)
        time.sleep(1)
        rate = self.tokens()
        right = self.right_passwords(time.monotonic() + SECONDS)
        attack.communicate()
        return rate, right

    def resident(self):
        with open(f"/proc/{self.process.pid}/status") as file:
            line = next(line for line in file if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    def ping(self):
        begun = time.monotonic()
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5, source_address=("127.0.9.9", 0))
            connection.request("GET", "/_ping")
            connection.getresponse().read()
        except OSError:
            return float("inf")
        return 1000 * (time.monotonic() - begun)

    def unread(self, connections, addresses):
        """Worst wait of others in ms, and memory before, during and after answers that nobody reads, in MB."""
        before = self.resident()
        request = b"GET /api/v0/openapi.json HTTP/1.1\r\nHost: dockpass\r\n\r\n" * 40
        held = []
        for number in range(connections):
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            try:
                client.bind((f"127.0.1.{1 + number % addresses}", 0))
                client.settimeout(2)
                client.connect(("127.0.0.1", self.port))
                client.setblocking(False)
                client.send(request)
            except OSError:
                pass
            held.append(client)
        time.sleep(1)
        worst = max(self.ping() for _ in range(20))
        during = self.resident()
        [client.close() for client in held]
        time.sleep(4)
        return f"{worst:.0f} ms; {before:.0f} → {during:.0f} → {self.resident():.0f} MB"

    def stop(self):
        begun = time.monotonic()
        self.process.terminate()
        self.process.wait()
        return time.monotonic() - begun


def guesses(addresses):
    return f"""
local number = 0
request = function()
  number = number + 1
  local host = number % {addresses}
  wrk.headers["X-Forwarded-For"] = "203." .. (host // 65536) .. "." .. (host // 256 % 256) .. "." .. (host % 256)
  wrk.headers["Authorization"] = guess(number)
  return wrk.format("GET")
end
local letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
function encode(text)
  local out = {{}}
  for place = 1, #text, 3 do
    local a, b, c = text:byte(place, place + 2)
    local bits = a * 65536 + (b or 0) * 256 + (c or 0)
    for digit = 0, 3 do
      local value = math.floor(bits / 64 ^ (3 - digit)) % 64 + 1
      local is_padding = (digit == 2 and not b) or (digit == 3 and not c)
      out[#out + 1] = is_padding and "=" or letters:sub(value, value)
    end
  end
  return table.concat(out)
end
function guess(number) return "Basic " .. encode("user" .. number .. ":wrong") end
""".replace("host // 65536", "math.floor(host / 65536)").replace("host // 256 % 256", "math.floor(host / 256) % 256")


def rounds(executable, count, seconds):
    """Registry tokens a second, quiet and beside wrong passwords from many addresses, in each round."""
    site = Site(executable, 0)
    for _ in range(count):
        quiet = site.tokens(seconds)
        attack = site.wrk(64, "/auth/token", guesses(10_000), seconds + 2)
        time.sleep(1)
        yield quiet, site.tokens(seconds)
        attack.communicate()
    site.stop()


ONE = 'wrk.headers["X-Forwarded-For"] = "203.0.113.1"\n'


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repositories", type=int, default=120_000, help="public ones (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("executables", nargs="+", metavar="EXECUTABLE")
    arguments = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    sites = [Site(executable, arguments.repositories) for executable in arguments.executables]
    attacks = {
        "64 connections of wrong passwords, one address": (64, "/auth/token", guesses(1)),
        "256 connections, one address": (256, "/auth/token", guesses(1)),
        "64 connections, 10,000 addresses": (64, "/auth/token", guesses(10_000)),
        "256 connections, 10,000 addresses": (256, "/auth/token", guesses(10_000)),
        "64 connections on /v1/search?q=zzzzzz": (64, "/v1/search?q=zzzzzz", ONE),
        "64 connections on /v1/search?q=a": (64, "/v1/search?q=a", ONE),
    }
    rows = {site.name: {attack: [] for attack in ["quiet", *attacks]} for site in sites}
    for _ in range(arguments.rounds):
        for site in sites:
            rows[site.name]["quiet"].append((site.tokens(), ""))
            for attack, (connections, path, script) in attacks.items():
                rows[site.name][attack].append(site.beside(connections, path, script))
    for site in sites:
        print(f"\n{site.name}, {arguments.repositories} public repositories, median of {arguments.rounds}")
        quiet = statistics.median(rate for rate, _ in rows[site.name]["quiet"])
        for attack, measured in rows[site.name].items():
            rate = statistics.median(rate for rate, _ in measured)
            right = ", ".join(right for _, right in measured if right)
            print(f"| {attack} | {rate:,.0f}/s | {rate / quiet:.2f} | {right} |")
    for site in sites:
        print(f"\n{site.name}: 4,200 unread connections")
        for addresses in [1, 100]:
            print(f"| from {addresses} | {site.unread(4_200, addresses)} |", flush=True)
        print(f"| stop | {site.stop():.1f} s |")


if __name__ == "__main__":
    main()
