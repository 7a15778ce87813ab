-- SPDX-License-Identifier: Apache-2.0
-- gateway.lua - the gateway's job in nginx with Lua
--
-- Sessions are in memory that all workers share, by the digest of the token; they
-- are read at the start, from what a store had. Each worker keeps what can be
-- made of them: parsed keys, with contexts that are ready, and signatures that
-- were made or found right. LuaJIT keeps one copy of equal strings, so that
-- looking up a body, or comparing it, is a matter of its address.
--
-- What it lacks: new sessions are lost at a restart, nothing is audited, no
-- expiry, no rate limits, one API key.
local cjson = require("cjson.safe")
local lrucache = require("resty.lrucache")
local openssl = require("openssl")
local uuid = require("uuid")

local ngx = ngx
local header = ngx.header
local encode_base64, decode_base64 = ngx.encode_base64, ngx.decode_base64

local METHODS = {
  GET = ngx.HTTP_GET, HEAD = ngx.HTTP_HEAD, POST = ngx.HTTP_POST, PUT = ngx.HTTP_PUT,
  DELETE = ngx.HTTP_DELETE, PATCH = ngx.HTTP_PATCH, OPTIONS = ngx.HTTP_OPTIONS,
}
local MAX_REMEMBERED = 4096 -- bytes of a body; larger ones are not
-- No power of two: a table of LuaJIT's that is full to the brim is laid out anew
-- for each entry that takes the place of another (half a millisecond).
local NUM_REMEMBERED = 6000

local sessions = ngx.shared.sessions
local clients = lrucache.new(NUM_REMEMBERED) -- by what a session's entry says
local keys = lrucache.new(NUM_REMEMBERED) -- by DER
local made = lrucache.new(NUM_REMEMBERED) -- signatures, by what was signed
local verified = lrucache.new(NUM_REMEMBERED) -- { key, body }, by signature
local settings, server_key

local gateway = {}

-- ---- sessions: { kind, address, key, has_device } as JSON; key: DER in base64

local function put(digest, client)
  local ok, trouble = sessions:safe_set(digest, cjson.encode(client))
  if not ok then
    error(trouble) -- rather than forget another
  end
end

local function unhex(text)
  return (text:gsub("..", function(pair) return string.char(tonumber(pair, 16)) end))
end

-- A line for each: the token's digest, the address, the public key.
local function read_sessions(path)
  for line in io.lines(path) do
    local digest, address, key = line:match("^(%x+) (%S+) (%S+)$")
    put(unhex(digest), { kind = "session", address = address, key = key })
  end
end

local function parse_client(text)
  local client = cjson.decode(text)
  client.text = text
  local der = decode_base64(client.key)
  client.parsed = keys:get(der)
  if not client.parsed then
    client.parsed = openssl.public_key_of_der(der)
    keys:set(der, client.parsed)
  end
  clients:set(text, client)
  return client
end

local function find_client(token)
  local text = sessions:get(openssl.sha256(token))
  return text and (clients:get(text) or parse_client(text))
end

local function make_token(client)
  local token = uuid.token(32)
  put(openssl.sha256(token), client)
  return { Token = { id = 1, token = token } }
end

-- ---- signatures

local function signature_of(body)
  local signature = made:get(body)
  if not signature then
    signature = encode_base64(openssl.sign(server_key, body))
    if #body <= MAX_REMEMBERED then
      made:set(body, signature)
    end
  end
  return signature
end

local function is_signed(client, body, signature)
  local known = verified:get(signature)
  if known and known.key == client.parsed and known.body == body then
    return true
  end
  local bytes = decode_base64(signature)
  if not bytes or not openssl.verify(client.parsed, body, bytes) then
    return false
  end
  if #body <= MAX_REMEMBERED then
    verified:set(signature, { key = client.parsed, body = body })
  end
  return true
end

-- ---- answers

local function answer(status, body)
  ngx.status = status
  header["Content-Length"] = #body
  header["X-Bunq-Client-Response-Id"] = uuid.make()
  header["X-Bunq-Server-Signature"] = signature_of(body)
  ngx.print(body)
end

local function answer_json(status, message)
  header["Content-Type"] = "application/json"
  answer(status, cjson.encode(message))
end

local function respond(...)
  answer_json(200, { Response = { ... } })
end

local function refuse(status, text)
  answer_json(status, { Error = {
    { error_description = text, error_description_translated = text },
  } })
end

-- ---- the three steps

local function install(message)
  local key = type(message.client_public_key) == "string"
    and openssl.public_key_of_pem(message.client_public_key)
  if not key then
    return refuse(400, "no such public key")
  end
  local der = openssl.der_of_public_key(key)
  keys:set(der, key)
  respond({ Id = { id = 1 } }, make_token({
    kind = "installation", address = ngx.var.remote_addr, key = encode_base64(der),
  }), { ServerPublicKey = { server_public_key = settings.server_public_pem } })
end

local function register(message, client, token)
  if message.secret ~= settings.api_key then
    return refuse(400, "no such key")
  end
  put(openssl.sha256(token), {
    kind = "installation", address = client.address, key = client.key, has_device = true,
  })
  respond({ Id = { id = 1 } })
end

local function open(message, client)
  if not client.has_device or message.secret ~= settings.api_key then
    return refuse(400, "no such key")
  end
  respond({ Id = { id = 1 } }, make_token({
    kind = "session", address = client.address, key = client.key,
  }), { UserPerson = { id = 1, display_name = "bench" } })
end

local STEPS = { ["/v1/device-server"] = register, ["/v1/session-server"] = open }

-- ---- calls of the API

local options = { always_forward_body = true }

local function proxy(method)
  options.method = METHODS[method] or ngx.HTTP_GET
  local reply = ngx.location.capture("/behind" .. ngx.var.request_uri, options)
  for name, value in pairs(reply.header) do
    header[name] = value
  end
  if reply.truncated then
    return refuse(502, "no whole answer")
  end
  answer(reply.status, reply.body)
end

local function read_body()
  ngx.req.read_body()
  local path = ngx.req.get_body_file()
  if not path then
    return ngx.req.get_body_data() or ""
  end
  local file = assert(io.open(path, "rb"))
  local body = file:read("*a")
  file:close()
  return body
end

local function message_of(body)
  local message = cjson.decode(body)
  return type(message) == "table" and message or {}
end

function gateway.handle()
  local var = ngx.var
  local method, uri = var.request_method, var.uri
  local body = read_body()
  local is_post = method == "POST"
  if is_post and uri == "/v1/installation" then
    return install(message_of(body))
  end
  local step = is_post and STEPS[uri]

  local token = var.http_x_bunq_client_authentication
  local signature = var.http_x_bunq_client_signature
  local client = token and signature and find_client(token)
  if not client or client.kind ~= (step and "installation" or "session")
      or client.address ~= var.remote_addr
      or not is_signed(client, body, signature) then
    return refuse(401, "Insufficient authentication.")
  end
  if step then
    return step(message_of(body), client, token)
  end
  proxy(method)
end

-- Once, before there are workers.
function gateway.start(path)
  local file = assert(io.open(path, "rb"))
  settings = assert(cjson.decode(file:read("*a")))
  file:close()
  server_key = openssl.private_key(settings.server_pem)
  read_sessions(settings.sessions)
end

return gateway
