-- SPDX-License-Identifier: Apache-2.0
-- openssl.lua - what the gateway needs of OpenSSL 3, by LuaJIT's FFI
--
-- What can be prepared once is: a context of a key signs or verifies any number
-- of digests. nginx has libcrypto, so that its functions are found in the process.
local ffi = require("ffi")

local C = ffi.C
ffi.cdef [[
typedef struct evp_md_st EVP_MD;
typedef struct evp_md_ctx_st EVP_MD_CTX;
typedef struct evp_pkey_st EVP_PKEY;
typedef struct evp_pkey_ctx_st EVP_PKEY_CTX;
typedef struct bio_st BIO;

EVP_MD *EVP_MD_fetch(void *library, const char *name, const char *properties);
EVP_MD_CTX *EVP_MD_CTX_new(void);
int EVP_DigestInit_ex2(EVP_MD_CTX *ctx, const EVP_MD *md, const void *params);
int EVP_DigestUpdate(EVP_MD_CTX *ctx, const void *data, size_t length);
int EVP_DigestFinal_ex(EVP_MD_CTX *ctx, unsigned char *out, unsigned int *length);

BIO *BIO_new_mem_buf(const void *data, int length);
int BIO_free(BIO *bio);
EVP_PKEY *PEM_read_bio_PrivateKey(BIO *bio, void *out, void *callback, void *arg);
EVP_PKEY *PEM_read_bio_PUBKEY(BIO *bio, void *out, void *callback, void *arg);
EVP_PKEY *d2i_PUBKEY(void *out, const unsigned char **der, long length);
int i2d_PUBKEY(const EVP_PKEY *key, unsigned char **der);
int EVP_PKEY_get_bits(const EVP_PKEY *key);
int EVP_PKEY_is_a(const EVP_PKEY *key, const char *name);
void EVP_PKEY_free(EVP_PKEY *key);

EVP_PKEY_CTX *EVP_PKEY_CTX_new(EVP_PKEY *key, void *engine);
void EVP_PKEY_CTX_free(EVP_PKEY_CTX *ctx);
int EVP_PKEY_CTX_set_rsa_padding(EVP_PKEY_CTX *ctx, int padding);
int EVP_PKEY_CTX_set_signature_md(EVP_PKEY_CTX *ctx, const EVP_MD *md);
int EVP_PKEY_sign_init(EVP_PKEY_CTX *ctx);
int EVP_PKEY_sign(EVP_PKEY_CTX *ctx, unsigned char *signature, size_t *length,
                  const unsigned char *digest, size_t digest_length);
int EVP_PKEY_verify_init(EVP_PKEY_CTX *ctx);
int EVP_PKEY_verify(EVP_PKEY_CTX *ctx, const unsigned char *signature, size_t length,
                    const unsigned char *digest, size_t digest_length);

int RAND_bytes(unsigned char *out, int length);
void ERR_clear_error(void);
]]

local DIGEST_SIZE = 32
local SIGNATURE_SIZE = 256
local RSA_PKCS1_PADDING = 1

local sha256_md = C.EVP_MD_fetch(nil, "SHA256", nil)
local md_ctx = C.EVP_MD_CTX_new()
local digest_out = ffi.new("unsigned char[?]", DIGEST_SIZE)
local signature_out = ffi.new("unsigned char[?]", SIGNATURE_SIZE)
local length_out = ffi.new("size_t[1]")
local der_in = ffi.new("const unsigned char *[1]")

local openssl = {}

local function digest(data)
  C.EVP_DigestInit_ex2(md_ctx, sha256_md, nil)
  C.EVP_DigestUpdate(md_ctx, data, #data)
  C.EVP_DigestFinal_ex(md_ctx, digest_out, nil)
  return digest_out
end

function openssl.sha256(data)
  return ffi.string(digest(data), DIGEST_SIZE)
end

function openssl.random(out, length)
  if C.RAND_bytes(out, length) ~= 1 then
    error("no random bytes")
  end
end

-- ---- keys: { evp, ctx }, freed with the table that nobody has any more

-- init: of the context, for signing or for verifying.
local function make_key(evp, init)
  if evp == nil then
    C.ERR_clear_error()
    return nil
  end
  ffi.gc(evp, C.EVP_PKEY_free)
  if C.EVP_PKEY_is_a(evp, "RSA") ~= 1 or C.EVP_PKEY_get_bits(evp) ~= 2048 then
    return nil
  end
  local ctx = ffi.gc(C.EVP_PKEY_CTX_new(evp, nil), C.EVP_PKEY_CTX_free)
  if init(ctx) ~= 1 or C.EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) ~= 1
      or C.EVP_PKEY_CTX_set_signature_md(ctx, sha256_md) ~= 1 then
    error("a key's context cannot be made")
  end
  return { evp = evp, ctx = ctx }
end

local function of_pem(read, pem, init)
  local bio = C.BIO_new_mem_buf(pem, #pem)
  local evp = read(bio, nil, nil, nil)
  C.BIO_free(bio)
  return make_key(evp, init)
end

function openssl.private_key(pem)
  return assert(of_pem(C.PEM_read_bio_PrivateKey, pem, C.EVP_PKEY_sign_init))
end

-- nil: it is no public RSA-2048 key.
function openssl.public_key_of_pem(pem)
  return of_pem(C.PEM_read_bio_PUBKEY, pem, C.EVP_PKEY_verify_init)
end

function openssl.public_key_of_der(der)
  der_in[0] = ffi.cast("const unsigned char *", der)
  return make_key(C.d2i_PUBKEY(nil, der_in, #der), C.EVP_PKEY_verify_init)
end

function openssl.der_of_public_key(key)
  local length = C.i2d_PUBKEY(key.evp, nil)
  local out = ffi.new("unsigned char[?]", length)
  C.i2d_PUBKEY(key.evp, ffi.new("unsigned char *[1]", out))
  return ffi.string(out, length)
end

-- ---- signatures

function openssl.sign(key, data)
  length_out[0] = SIGNATURE_SIZE
  if C.EVP_PKEY_sign(key.ctx, signature_out, length_out, digest(data),
      DIGEST_SIZE) ~= 1 then
    error("not signed")
  end
  return ffi.string(signature_out, length_out[0])
end

function openssl.verify(key, data, signature)
  local fits = C.EVP_PKEY_verify(key.ctx, signature, #signature, digest(data),
    DIGEST_SIZE) == 1
  if not fits then
    C.ERR_clear_error()
  end
  return fits
end

return openssl
