"""What is measured, in one list: the name of each figure, how it is asked, what it is compared with, and the goal."""

from dataclasses import dataclass

import attacks
import gateway
import stores
from servers import PASSWORD, Dockpass, Lines, basic, docker_registry, limit, sample, tls_connections, wrk

TOKEN = "/auth/token?service=dockpass&scope=repository:@:pull"
FORM = "grant_type=password&service=dockpass&client_id=docker&scope=repository:{}:pull&username={}&password={}"
REPOSITORIES = "/api/v0/repositories"
CHECK = "/api/v0/access/check?action=pull&repository=@"
CREATE = "/api/v0/api_tokens"
# Access tokens in use where few are, and connections where it says nothing else.
FEW = 1_000
# So many in turn that no registry token is given out again: many times as many as are kept.
OTHERS = 20_000
# One who writes, and many.
WRITERS = 64

LIMIT = "limit: registry tokens"
LIMIT_CLOSE = "limit: registry tokens, a connection for each"
LIMIT_OK = "limit: ok"
LIMIT_V2 = "limit: the answer of GET /v2/"
LIMIT_REPOSITORIES = "limit: the answer of GET /api/v0/repositories"
FEW_IN_USE = "registry tokens, 1,000 access tokens in use"
ALL_IN_USE = "registry tokens, all access tokens in use"
STORM = "registry tokens, one request again and again"
EACH_ANOTHER = f"registry tokens, {OTHERS:,} requests in turn, each signed"
V2 = "GET /v2/ by access token"
HTPASSWD = "docker-registry with htpasswd, GET /v2/"
FEW_LISTED = "a page of 100 of few repositories"
ONE_WRITER = "access tokens created, one writer"
TLS_FULL, TLS_RESUMED = "TLS connections of one client, full handshakes", "TLS connections of one client, resumed"
# The rows of the chart.
CHART = [FEW_IN_USE, EACH_ANOTHER, ALL_IN_USE, STORM, V2]


@dataclass
class Rate:
    """Requests a second of one kind, with 16 connections unless it says otherwise."""

    name: str
    # Which of the servers is asked.
    server: str
    path: str
    asked: dict
    base: str | None = None
    goal: tuple | None = None


def rates(bench):
    """All of them. What is compared stands together, and so is measured within seconds."""
    few, every, one = bench.shown(bench.callers, FEW), bench.shown(bench.callers), bench.shown(bench.callers, 1)
    others = bench.shown(bench.callers, OTHERS)
    password, secure = bench.shown(bench.password), bench.shown(bench.small.callers, FEW)
    form, close = {"method": "POST", "form": bench.form}, {"close": "yes"}
    create = {**bench.shown(bench.small.admin), "method": "POST", "body": '{"tokenLabel":"bench"}'}
    page = f"{REPOSITORIES}?pageSize=100"
    return [
        Rate(LIMIT, "limit", TOKEN, few),
        Rate(FEW_IN_USE, "dockpass", TOKEN, few, LIMIT, (">=", 0.85)),
        Rate(EACH_ANOTHER, "dockpass", TOKEN, others, LIMIT, (">=", 0.85)),
        Rate(ALL_IN_USE, "dockpass", TOKEN, every, LIMIT, (">=", 0.65)),
        Rate(STORM, "dockpass", TOKEN, one, LIMIT, (">=", 2)),
        Rate("registry tokens, one password again and again", "dockpass", TOKEN, password, FEW_IN_USE, (">=", 0.5)),
        Rate("registry tokens by POST", "dockpass", "/auth/token", form, LIMIT),
        Rate(LIMIT_CLOSE, "limit", TOKEN, {**few, **close}),
        Rate("registry tokens, a connection for each", "dockpass", TOKEN, {**few, **close}, LIMIT_CLOSE),
        Rate("registry tokens over TLS", "tls", TOKEN, secure, LIMIT),
        Rate("registry tokens over TLS, a connection for each", "tls", TOKEN, {**secure, **close}, LIMIT_CLOSE),
        Rate(LIMIT_OK, "limit", "/ok", {}),
        Rate("GET /_ping", "dockpass", "/_ping", {}, LIMIT_OK),
        Rate(LIMIT_V2, "limit", "/v2/", few),
        Rate(V2, "dockpass", "/v2/", few, LIMIT_V2, (">=", 0.85)),
        Rate(HTPASSWD, "registry", "/v2/", bench.shown(bench.admin)),
        Rate("GET /v2/ beside docker-registry", "dockpass", "/v2/", few, HTPASSWD, (">=", 100)),
        Rate(LIMIT_REPOSITORIES, "limit", REPOSITORIES, one),
        Rate("GET /api/v0/repositories", "dockpass", REPOSITORIES, one, LIMIT_REPOSITORIES, (">=", 0.85)),
        Rate("GET /v2/_catalog", "dockpass", "/v2/_catalog", one, LIMIT_OK),
        Rate("GET /api/v0/access/check", "dockpass", CHECK, few, LIMIT_OK),
        Rate(FEW_LISTED, "small", page, bench.shown(bench.small.admin)),
        Rate("a page of 100 of many repositories", "many", page, bench.shown(bench.many.admin), FEW_LISTED, (">=", 1 / 1.3)),
        Rate(ONE_WRITER, "small", CREATE, {**create, "connections": 1}),
        Rate(f"access tokens created, {WRITERS} writers", "small", CREATE, {**create, "connections": WRITERS}, ONE_WRITER, (">=", 10)),
    ]


class Bench:
    """The servers, and what was measured so far."""

    def __init__(self, asked, binary, limit_program, folder, report):
        self.asked, self.binary, self.folder, self.report = asked, binary, folder, report
        self.servers = {}
        few = min(asked.tokens, FEW), min(asked.repositories, FEW)
        self.small = stores.made(asked, binary, folder / "small", *few)
        self.large = stores.made(asked, binary, folder / "large", asked.tokens, few[1])
        self.many = stores.made(asked, binary, folder / "many", few[0], asked.repositories)
        self.callers = self.large.callers
        self.admin = Lines.written(folder / "admin", [(basic("admin", PASSWORD), "-")])
        self.start_all(limit_program)

    def start_all(self, limit_program):
        """Starts all, and notes what that costs."""
        start = lambda name, store, config="", scheme="http": self.servers.setdefault(
            name, Dockpass(self.binary, store.data, stores.CONFIG + config, scheme)
        )
        megabytes = self.binary.stat().st_size / 1e6
        for name, store in [("small", self.small), ("dockpass", self.large)]:
            server = start(name, store)
            what = f"{store.callers.count:,} access tokens"
            bound = {"small": 40, "dockpass": 300}[name]
            self.report.add(f"memory after the start, {what}", "MiB", server.resident(), goal=("<=", bound))
            if name == "dockpass":
                self.report.add(f"from the start to ready, {what}", "s", server.started_in, goal=("<=", 2.5))
                self.report.add(f"disk, {what}", "MiB", server.disk(), goal=("<=", 400))
        self.report.add("size of the executable", "MB", megabytes, goal=("<=", 24))
        start("many", self.many)
        tls = stores.copied(self.small, self.folder / "tls")
        start("tls", tls, "[tls]\nself_signed = true\n", "https")
        self.servers["registry"] = docker_registry(self.folder)
        dockpass, (shown, repository) = self.servers["dockpass"], self.callers.first()
        self.password = Lines.written(self.folder / "password", [self.large.by_password])
        user, secret = stores.taken_apart(shown)
        self.form = FORM.format(repository, user, secret)
        samples = {
            **sample(dockpass, TOKEN.replace("@", repository), shown),
            **sample(dockpass, "/v2/", shown),
            **sample(dockpass, REPOSITORIES, shown),
        }
        self.servers["limit"] = limit(limit_program, samples, self.folder)

    def shown(self, callers, lines=None):
        """What `wrk` is told of who calls."""
        return {"shown": callers.path, "lines": min(lines or callers.count, callers.count)}

    def is_asked(self, name):
        only = self.asked.only
        return not only or any(text in name for text in only)

    def measure(self):
        """All rounds, and what is measured once."""
        asked = [rate for rate in rates(self) if self.is_asked(rate.name)]
        bases = {rate.base for rate in asked}
        chosen = [rate for rate in rates(self) if rate in asked or rate.name in bases]
        for number in range(self.asked.rounds):
            print(f"round {number + 1}", flush=True)
            for rate in chosen:
                server = self.servers[rate.server]
                before = self.signatures(rate)
                value = wrk(server, rate.path, self.asked.seconds, **rate.asked)
                self.report.add(rate.name, "/s", value, rate.base, rate.goal)
                self.add_signed(rate, before)
            if self.is_asked(TLS_FULL):
                self.tls()
        if self.is_asked("latency"):
            self.latencies()
        if self.is_asked("memory"):
            self.memory_under_load()
        if self.is_asked("flood"):
            self.flood()
        if self.is_asked("gateway"):
            self.gateway()

    def signatures(self, rate):
        """How many registry tokens the server of a row has given and signed; none where it gives none, or over TLS."""
        server = self.servers[rate.server]
        return server.signatures() if isinstance(server, Dockpass) and server.scheme == "http" and "/auth/token" in rate.path else None

    def add_signed(self, rate, before):
        """Notes which share of the registry tokens was signed for its request; the others were given out again."""
        if before:
            given, signed = (after - earlier for after, earlier in zip(self.signatures(rate), before))
            self.report.add(f"{rate.name}: signed", "%", 100 * signed / max(given, 1))

    def tls(self):
        """What a handshake costs, with and without resumption."""
        for name, how, base in [(TLS_FULL, "-new", None), (TLS_RESUMED, "-reuse", TLS_FULL)]:
            self.report.add(name, "/s", tls_connections(self.servers["tls"], self.asked.seconds, how), base)

    def latencies(self):
        """Open loop, each at half of what it can do at most: of the limit handler, what the machine itself is late."""
        few = self.shown(self.callers, FEW)
        for _ in range(self.asked.rounds):
            for name, goal in [("limit", None), ("dockpass", ("<=", 5))]:
                server = self.servers[name]
                most = wrk(server, TOKEN, self.asked.seconds, **few)
                every = int(16 * 1e9 / (most / 2))
                told = wrk(server, TOKEN, self.asked.seconds, every=every, **few)
                median = f"latency at half of the most, {name}: median"
                self.report.add(median, "µs", told["median"])
                self.report.add(f"latency at half of the most, {name}: 99 of 100", "µs", told["p99"], median, goal)

    def memory_under_load(self):
        dockpass, seconds = self.servers["dockpass"], 1 if self.asked.smoke else 60
        wrk(dockpass, TOKEN, seconds, **self.shown(self.callers))
        what = f"memory after a minute at full load, {self.callers.count:,} access tokens"
        self.report.add(what, "MiB", dockpass.resident(), goal=("<=", 300))

    def flood(self):
        for quiet, flooded in attacks.rounds(self.binary, self.asked.rounds, self.asked.seconds):
            self.report.add("registry tokens without a flood", "/s", quiet)
            what = "registry tokens beside a flood of wrong passwords"
            self.report.add(what, "/s", flooded, "registry tokens without a flood", (">=", 0.5))

    def gateway(self):
        for name, unit, value, base, goal in gateway.measured(self.binary, self.asked.mib, self.asked.rounds, self.asked.seconds):
            self.report.add(name, unit, value, base, goal)

    def stop(self):
        for server in self.servers.values():
            server.stop()
