-- SPDX-License-Identifier: Apache-2.0
-- uuid.lua - random UUIDs (version 4), and other random text, of a stock of bytes
local bit = require("bit")
local ffi = require("ffi")
local openssl = require("openssl")

local STOCK_SIZE = 4096
local stock = ffi.new("unsigned char[?]", STOCK_SIZE)
local used = STOCK_SIZE -- so that each worker fills its own

local HEX = ffi.new("char[512]")
for byte = 0, 255 do
  ffi.copy(HEX + 2 * byte, string.format("%02x", byte), 2)
end

-- Where the 16 bytes stand in the text.
local PLACES = ffi.new("int[16]", 0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34)
local uuid_text = ffi.new("char[36]", "00000000-0000-0000-0000-000000000000")

local uuid = {}

local function take(length)
  if used + length > STOCK_SIZE then
    openssl.random(stock, STOCK_SIZE)
    used = 0
  end
  used = used + length
  return stock + used - length
end

local function put(text, place, byte)
  text[place] = HEX[2 * byte]
  text[place + 1] = HEX[2 * byte + 1]
end

function uuid.make()
  local bytes = take(16)
  bytes[6] = bit.bor(0x40, bit.band(bytes[6], 0x0f))
  bytes[8] = bit.bor(0x80, bit.band(bytes[8], 0x3f))
  for i = 0, 15 do
    put(uuid_text, PLACES[i], bytes[i])
  end
  return ffi.string(uuid_text, 36)
end

-- So many random bytes, as hexadecimal text.
function uuid.token(length)
  local bytes = take(length)
  local text = ffi.new("char[?]", 2 * length)
  for i = 0, length - 1 do
    put(text, 2 * i, bytes[i])
  end
  return ffi.string(text, 2 * length)
end

return uuid
