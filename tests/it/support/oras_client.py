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

# Whatever goes wrong oras-py tries six times, and waits two minutes in all.
oras.decorator.time.sleep = lambda seconds: None

client = oras.client.OrasClient(hostname=registry, insecure=True)
if given.get("secret"):
    # Stores both in ~/.docker/config.json and asks nobody: whether they are right shows in the first request.
    client.login(username=given["username"], password=given["secret"], hostname=registry)


def push():
    # oras-py asks for a token once and shows the same one ever after, also where it gets 401 with `insufficient_scope`.
    # The first thing that a push does is to look for a blob, which takes `pull` only, and so no push of oras-py 0.2.43
    # ever works where a token holds what was asked for and no more, as it should. A client whose first request is one
    # that takes `push` has a token that serves for all that follows.
    client.do_request(f"http://{client.get_container(target).upload_blob_url()}", "POST")
    answer = client.push(target=target, files=["artifact.txt"])
    return answer.headers["Docker-Content-Digest"]


def tags():
    # Unlike push and pull, this does not look for stored credentials: without `login` it is anonymous.
    return client.get_tags(target)


def pull():
    return client.pull(target=target, outdir="pulled")


json.dump({"push": push, "tags": tags, "pull": pull}[given["step"]](), sys.stdout)
