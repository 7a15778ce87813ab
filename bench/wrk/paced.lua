-- SPDX-License-Identifier: Apache-2.0
-- paced.lua FOLDER RECORDS RATE THREADS even|poisson START - a fixed rate, whatever the answers take
--
-- A thread is one connection with a schedule of its own; together they make
-- RATE requests per second. An answer's time counts from when its request was
-- due when the connection was still busy then, so that a slow answer also costs
-- those that had to wait for it (no coordinated omission). When the connection
-- was free, it counts from the sending: the timer's lateness is ours, not the
-- server's.
local ffi = require("ffi")
ffi.cdef [[
    struct timespec { long tv_sec; long tv_nsec; };
    int clock_gettime(int clock, struct timespec *out);
    int clock_nanosleep(int clock, int flags, const struct timespec *until,
                        struct timespec *left);
]]
local MONOTONIC, ABSOLUTE = 1, 1

local threads = {}
local records, turn, interval, due, from, poisson
local moment = ffi.new("struct timespec")
local is_tried = false
times = {} -- microseconds; read by done()

function setup(thread)
    threads[#threads + 1] = thread
    thread:set("number", #threads)
end

local function now() -- seconds
    ffi.C.clock_gettime(MONOTONIC, moment)
    return tonumber(moment.tv_sec) + tonumber(moment.tv_nsec) / 1e9
end

local function sleep_until(time)
    moment.tv_sec = math.floor(time)
    moment.tv_nsec = math.floor((time - math.floor(time)) * 1e9)
    ffi.C.clock_nanosleep(MONOTONIC, ABSOLUTE, moment, nil)
end

function init(args)
    folder = args[1]
    records = dofile(folder .. "/result.lua").records(args[2])
    local rate, num_threads = tonumber(args[3]), tonumber(args[4])
    poisson = args[5] == "poisson"
    interval = num_threads / rate
    turn = number - 1
    math.randomseed(number)
    -- START, on the monotonic clock, leaves time for the TLS handshakes of all;
    -- the schedules of the threads interleave evenly
    due = tonumber(args[6]) + number / rate
end

local function next_due()
    if poisson then
        return due - math.log(1 - math.random()) * interval
    end
    return due + interval
end

function request()
    if number == 1 and not is_tried then
        is_tried = true -- wrk asks for one beforehand, to see that it parses
        return records[1]
    end

    local at = now()
    if at < due then
        sleep_until(due)
        from = now()
    else
        from = due
    end
    due = next_due()
    turn = turn % #records + 1
    return records[turn]
end

function response()
    times[#times + 1] = math.floor((now() - from) * 1e6)
end

function done(summary, latency)
    local all = {}
    for _, thread in ipairs(threads) do
        for _, time in ipairs(thread:get("times") or {}) do
            all[#all + 1] = time
        end
    end
    table.sort(all)
    local function percentile(p)
        return all[math.max(1, math.ceil(#all * p / 100))] or 0
    end
    local result = dofile(threads[1]:get("folder") .. "/result.lua")
    result.print(summary, latency, string.format(
        ',"paced_p50_us":%d,"paced_p99_us":%d,"paced_max_us":%d,"paced":%d',
        percentile(50), percentile(99), all[#all] or 0, #all))
end
