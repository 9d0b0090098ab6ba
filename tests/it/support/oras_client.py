"""One step of somebody's program that uses oras-py.

Standard input: {"registry", "step": "push" | "tags" | "pull", "name", "username", "secret"}; without "secret" the client
takes what an earlier one has stored, if it can. Standard output: what came of it, as JSON. A push takes the file
`artifact.txt` of the working directory, a pull puts it into `pulled`.
"""

import json
import sys

import oras.client
import oras.decorator

given = json.load(sys.stdin)
registry = given["registry"]
target = f"{registry}/{given['name']}"

# After any failure oras-py tries again, six times in all, and waits for two minutes altogether.
oras.decorator.time.sleep = lambda seconds: None

client = oras.client.OrasClient(hostname=registry, insecure=True)
if given.get("secret"):
    # Stores both in ~/.docker/config.json without asking the server: only the first request shows whether they are
    # right.
    client.login(username=given["username"], password=given["secret"], hostname=registry)


def push():
    # oras-py asks for a token once and reuses it for every request, even after a 401 with `insufficient_scope`. A
    # push first looks for a blob, which needs only `pull`, so no push of oras-py 0.2.43 works if tokens grant no more
    # than the requested scope, as they should. If the client's first request needs `push`, its token serves for all
    # that follow.
    client.do_request(f"http://{client.get_container(target).upload_blob_url()}", "POST")
    answer = client.push(target=target, files=["artifact.txt"])
    return answer.headers["Docker-Content-Digest"]


def tags():
    # Unlike push and pull, this does not look for stored credentials: without `login` it is anonymous.
    return client.get_tags(target)


def pull():
    return client.pull(target=target, outdir="pulled")


json.dump({"push": push, "tags": tags, "pull": pull}[given["step"]](), sys.stdout)
