-- SPDX-License-Identifier: Apache-2.0
-- contexts.lua FOLDER RECORDS - opens contexts: installation, device, session
--
-- Records come in threes, one for each step; @TOKEN@ in the second and third is
-- the installation's token, which the first one's answer brings. A thread is one
-- client, so run it with as many threads as connections.
local PLACE = "@TOKEN@"

local threads = {}
local records, step, turn, token
opened = 0 -- read by done()

function setup(thread)
    threads[#threads + 1] = thread
    thread:set("number", #threads)
end

function init(args)
    folder = args[1]
    records = dofile(folder .. "/result.lua").records(args[2])
    step = 0
    turn = number - 1 -- threads begin at different contexts
end

local function with_token(text)
    local from, to = text:find(PLACE, 1, true)
    return text:sub(1, from - 1) .. token .. text:sub(to + 1)
end

function request()
    if step == 0 then
        turn = (turn + 61) % (#records / 3)
        return records[3 * turn + 1]
    end
    return with_token(records[3 * turn + 1 + step])
end

function response(status, headers, body)
    if status ~= 200 then
        step = 0 -- counted by wrk, which makes the run fail
        return
    end
    if step == 0 then
        token = body:match('"token"%s*:%s*"([^"]+)"')
    end
    step = (step + 1) % 3
    if step == 0 then
        opened = opened + 1
    end
end

function done(summary, latency)
    local sum = 0
    for _, thread in ipairs(threads) do
        sum = sum + (tonumber(thread:get("opened")) or 0)
    end
    local result = dofile(threads[1]:get("folder") .. "/result.lua")
    result.print(summary, latency, string.format(',"contexts":%d', sum))
end
