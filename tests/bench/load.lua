-- What wrk sends, told by arguments NAME=VALUE after `--`:
--
--   method=METHOD  instead of GET, with body=TEXT as JSON, or form=TEXT
--   shown=FILE     lines of one length, filled up with blanks: the value of an `Authorization` header, a tab, and what `@`
--                  stands for in the path or the form, such as a repository of that caller
--   lines=N        how many of these lines are in use, drawn evenly (by default, the first)
--   close=yes      a connection for each request
--   every=NS       open loop: each connection sends a request every NS nanoseconds, whether or not those before it were
--                  answered in time, and what is told is the time from when a request was due until its answer was there.
--                  This needs as many threads as there are connections (`-t16 -c16`).
--
-- wrk alone is a closed loop: it sends the next request when it has an answer, so that a server which stands still gets none
-- meanwhile, and the waiting is in no figure.

local ffi = require("ffi")
ffi.cdef [[
typedef struct { long seconds; long nanoseconds; } moment;
int clock_gettime(int clock, moment *now);
int clock_nanosleep(int clock, int flags, const moment *until, moment *rest);
int open(const char *path, int flags);
void *mmap(void *at, size_t length, int protection, int flags, int file, long offset);
]]
local MONOTONIC, ABSOLUTE, READ, PRIVATE = 1, 1, 1, 2
local SECOND = 1000000000LL
-- Up to so many requests are made before the first is sent.
local MADE_BEFORE = 1000

local threads = {}
function setup(thread)
    thread:set("number", #threads + 1)
    threads[#threads + 1] = thread
end

-- The lines of a file, which is mapped: reading a million of them would take longer than a round.
local function lines_of(path)
    local file = assert(io.open(path, "rb"))
    local width = #file:read("*l") + 1
    local size = file:seek("end")
    file:close()
    local start = ffi.cast("const char *", ffi.C.mmap(nil, size, READ, PRIVATE, ffi.C.open(path, 0), 0))
    return function(line) return (ffi.string(start + line * width, width - 1):gsub(" +$", "")) end
end

local function now()
    local moment = ffi.new("moment")
    ffi.C.clock_gettime(MONOTONIC, moment)
    return moment.seconds * SECOND + moment.nanoseconds
end

local function sleep_until(due)
    local moment = ffi.new("moment", due / SECOND, due % SECOND)
    ffi.C.clock_nanosleep(MONOTONIC, ABSOLUTE, moment, nil)
end

local every, due
waits = {}

-- Makes the requests: `@` and the credentials are filled in, once if they are always the same.
local function writer(asked)
    local headers, body = {}, asked.body or asked.form
    if asked.body then headers["Content-Type"] = "application/json" end
    if asked.form then headers["Content-Type"] = "application/x-www-form-urlencoded" end
    if asked.close then headers["Connection"] = "close" end
    if not asked.shown then
        local whole = wrk.format(asked.method or "GET", nil, headers, body)
        return function() return whole end
    end
    local lines, shown = tonumber(asked.lines or 1), lines_of(asked.shown)
    local function write(line)
        local credentials, stands = shown(line):match("^([^\t]*)\t?(.*)$")
        headers["Authorization"] = credentials
        return wrk.format(asked.method or "GET", wrk.path:gsub("@", stands), headers, body and body:gsub("@", stands))
    end
    if lines > MADE_BEFORE then return function() return write(math.random(0, lines - 1)) end end
    local made = {}
    for line = 1, lines do made[line] = write(line - 1) end
    return function() return made[math.random(lines)] end
end

function init(arguments)
    local asked = {}
    for _, argument in ipairs(arguments) do
        local name, value = argument:match("^(%w+)=(.*)$")
        asked[name] = value
    end
    math.randomseed(number * 7919)
    local written = writer(asked)
    every = asked.every and ffi.cast("int64_t", tonumber(asked.every))
    if not every then
        request = written
        return
    end
    request = function()
        due = due and due + every or now() + ffi.cast("int64_t", math.random() * tonumber(every))
        sleep_until(due)
        return written()
    end
    response = function() waits[#waits + 1] = tonumber(now() - due) / 1000 end
end

function done(summary)
    local all = {}
    for _, thread in ipairs(threads) do
        for _, wait in ipairs(thread:get("waits")) do all[#all + 1] = wait end
    end
    if #all == 0 then return end
    table.sort(all)
    local function at(part) return all[math.max(1, math.ceil(#all * part))] end
    print(("open loop, microseconds: median %.1f p90 %.1f p99 %.1f p999 %.1f most %.1f of %d")
        :format(at(0.5), at(0.9), at(0.99), at(0.999), all[#all], #all))
end
