-- SPDX-License-Identifier: Apache-2.0
-- calls.lua FOLDER RECORDS FIRST - sends the prepared requests in turn, from FIRST on,
-- as fast as it can
local threads = {}
local requests = {}
local next_one = 0

function setup(thread)
    threads[#threads + 1] = thread
end

function init(args)
    folder = args[1]
    requests = dofile(folder .. "/result.lua").records(args[2])
    next_one = tonumber(args[3])
end

function request()
    next_one = next_one % #requests + 1
    return requests[next_one]
end

function done(summary, latency)
    dofile(threads[1]:get("folder") .. "/result.lua").print(summary, latency)
end
