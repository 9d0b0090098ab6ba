"""The stores that the benchmark serves."""

import base64
import http.client
import json
import shutil
import subprocess
import threading
from dataclasses import dataclass, replace
from pathlib import Path

from servers import PASSWORD, Dockpass, Lines, basic

# A benchmark fills a store faster than a site does, and with one account.
CONFIG = """[tokens]
max_per_account = 1000000
[repositories]
max_per_namespace = 1000000
[limits]
changes_per_minute = 1000000
"""
# What the maker gives each account, and how many there are.
MADE_PASSWORD, ACCOUNTS = "kestrel-violet-9", 10_000
# How many write at a time: enough for group commit to matter.
WRITERS = 32


@dataclass
class Store:
    """A data directory, and the callers whose access tokens are in it."""

    data: Path
    callers: Lines
    # The administrator with an access token, and the account of the callers with its password.
    admin: Lines
    by_password: tuple


def made(asked, binary, data, tokens, repositories):
    """A store of this size: by the maker if there is one, since a million access tokens take clients too long."""
    if asked.maker:
        return by_maker(asked.maker, binary, data, tokens, repositories)
    return by_api(binary, data, tokens, repositories)


def by_maker(maker, binary, data, tokens, repositories):
    """A store of `maker.rs`, all of whose repositories are public."""
    sizes = [f"tokens={tokens}", f"repositories={repositories}", "public=100"]
    subprocess.run([maker, "make", data, *sizes], check=True, stdout=subprocess.DEVNULL)
    server = Dockpass(binary, data, CONFIG)
    admin = basic("admin", server.done("POST", "/api/v0/api_tokens", basic("admin", MADE_PASSWORD), {})["token"])
    server.stop()

    def repository(number):
        return f"{'org' if number % ACCOUNTS % 50 == 49 else 'user'}-{number % ACCOUNTS}/app-{number}"

    secrets = Path(f"{data}.secrets").read_text().splitlines()
    callers = (
        (basic(*line.split()[:2]), repository(place % min(repositories, 1_000))) for place, line in enumerate(secrets)
    )
    folder = data.parent
    return Store(
        data,
        Lines.written(folder / f"{data.name}.callers", callers),
        Lines.written(folder / f"{data.name}.admin", [(admin, repository(0))]),
        (basic("user-0", MADE_PASSWORD), repository(0)),
    )


def copied(store, data):
    """The same store again, to be served beside it."""
    shutil.copytree(store.data, data, ignore=shutil.ignore_patterns("*.sock"))
    return replace(store, data=data)


def taken_apart(shown):
    """The user and the secret of an `Authorization` value."""
    return base64.b64decode(shown.removeprefix("Basic ")).decode().split(":", 1)


def by_api(binary, data, tokens, repositories):
    """A store with so many access tokens of one account, and so many repositories, made in the way of clients."""
    server = Dockpass(binary, data, CONFIG)
    admin = basic("admin", server.done("POST", "/api/v0/api_tokens", basic("admin", PASSWORD), {})["token"])
    server.done("POST", "/enzi/v0/accounts", admin, {"name": "bench", "password": PASSWORD})
    names = [f"app-{number}" for number in range(repositories)]
    each(server, admin, "/api/v0/repositories/bench", [{"name": name} for name in names])
    made = each(server, admin, "/api/v0/api_tokens?username=bench", [{"tokenLabel": "bench"}] * tokens)
    server.stop()
    folder, names = data.parent, [f"bench/{name}" for name in names]
    callers = ((basic("bench", token["token"]), names[place % repositories]) for place, token in enumerate(made))
    return Store(
        data,
        Lines.written(folder / f"{data.name}.callers", callers),
        Lines.written(folder / f"{data.name}.admin", [(admin, names[0])]),
        (basic("bench", PASSWORD), names[0]),
    )


def each(server, shown, path, bodies):
    """Posts each of the bodies, and gives the answers."""
    answers = [None] * len(bodies)

    def some(first):
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        for place in range(first, len(bodies), WRITERS):
            headers = {"Authorization": shown, "Content-Type": "application/json"}
            connection.request("POST", path, json.dumps(bodies[place]), headers)
            answer = connection.getresponse()
            answers[place] = json.loads(answer.read())
            if answer.status >= 300:
                raise SystemExit(f"POST {path} answers {answer.status}: {answers[place]}")

    threads = [threading.Thread(target=some, args=(first,)) for first in range(min(WRITERS, len(bodies)))]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return answers
