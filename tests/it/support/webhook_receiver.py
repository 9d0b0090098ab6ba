"""A webhook of Python's standard library that checks what it gets as Standard Webhooks says.

Every body that it takes is one line of the file `taken`, on the disk before it is answered. As long as the file `answer` holds a
status, that is the answer instead. What is not signed as it should be goes to `wrong`.
"""

import base64
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import ssl
import sys
import time

place = pathlib.Path(sys.argv[1])
host, port = sys.argv[2].rsplit(":", 1)
secret = base64.b64decode((place / "secret").read_text().strip().removeprefix("whsec_"))


def note(name, line):
    with open(place / name, "a", encoding="utf-8") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def fault(self, body):
        """What is wrong with a request; none if nothing is."""
        given = {name.lower(): value for name, value in self.headers.items()}
        number, at = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
        signed = f"{number}.{at}.".encode() + body
        expected = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
        if not hmac.compare_digest(given.get("webhook-signature", ""), f"v1,{expected}"):
            return "signature"
        if abs(time.time() - int(at)) > 300:
            return "time"
        if given.get("content-type") != "application/cloudevents+json; charset=utf-8":
            return "type"
        event = json.loads(body)
        if event["specversion"] != "1.0" or event["id"] != number:
            return "event"
        return None

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = place / "answer"
        status = int(answer.read_text()) if answer.exists() else 204
        fault = self.fault(body)
        if fault:
            note("wrong", fault)
            status = 401
        if status == 204:
            note("taken", body.decode())
        else:
            note("refused", str(status))
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", "/elsewhere")
        if status != 204:
            self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self):
        note("wrong", "a redirect was followed")
        self.send_error(404)

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer((host, int(port)), Receiver)
if len(sys.argv) > 3:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
    server.socket = context.wrap_socket(server.socket, server_side=True)
print("listening", flush=True)
server.serve_forever()
