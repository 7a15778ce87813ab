-- SPDX-License-Identifier: Apache-2.0
-- result.lua - what the scripts beside it share: reading records, one result line
local result = {}

-- A file of records, each a line with its length, then that many bytes.
function result.records(path)
    local file = assert(io.open(path, "rb"))
    local records = {}
    while true do
        local line = file:read("*l")
        if not line then break end
        records[#records + 1] = file:read(tonumber(line)) or ""
    end
    file:close()
    return records
end

-- One line of JSON for bench/load.py; extra: more members, each with its comma.
function result.print(summary, latency, extra)
    local errors = summary.errors
    io.write(string.format(
        '\nRESULT {"requests":%d,"seconds":%.6f,"p50_us":%d,"p99_us":%d,'
            .. '"refused":%d,"broken":%d%s}\n',
        summary.requests, summary.duration / 1e6,
        latency:percentile(50), latency:percentile(99),
        errors.status,
        errors.connect + errors.read + errors.write + errors.timeout,
        extra or ""))
end

return result
