/* SPDX-License-Identifier: Apache-2.0 */
/* test_encryption.c - bodies that only the other side can read */
#include "tests/unit/unit.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/encryption.h"
#include "crypto/openssl.h"

enum { MAX_BODY = 70000, BLOCK = TRIVET_ENCRYPTED_KEY_LEN };

static struct trivet_private_key *key;
static struct trivet_public_key public_key;
static struct trivet_decrypter *decrypter;

static struct trivet_slice
der(void)
{
    return trivet_slice_make(public_key.der, public_key.der_len);
}

static struct trivet_encryption_received
received_of(const struct trivet_encryption_fields *fields)
{
    return (struct trivet_encryption_received){
        trivet_slice_make(fields->key, sizeof fields->key),
        trivet_slice_make(fields->iv, sizeof fields->iv),
        trivet_slice_make(fields->hmac, sizeof fields->hmac)};
}

static int
setup(void **state)
{
    (void) state;
    assert_int_equal(trivet_private_key_generate(&key, NULL), TRIVET_OK);
    assert_int_equal(trivet_private_key_public(key, &public_key), TRIVET_OK);
    assert_int_equal(trivet_decrypter_new(key, &decrypter, NULL), TRIVET_OK);
    return 0;
}

static int
teardown(void **state)
{
    (void) state;
    trivet_decrypter_free(decrypter);
    trivet_private_key_free(key);
    return 0;
}

static void
what_is_encrypted_is_decrypted(void **state)
{
    static const size_t sizes[] = {0, 1, 15, 16, 17, 31, 32, 4096, MAX_BODY};
    unsigned char *plain = calloc(1, MAX_BODY);
    unsigned char *cipher = calloc(1, TRIVET_CIPHERTEXT_LEN(MAX_BODY));
    unsigned char *back = calloc(1, TRIVET_CIPHERTEXT_LEN(MAX_BODY) + 16);

    (void) state;

    for (size_t i = 0; i < MAX_BODY; i++) {
        plain[i] = (unsigned char) (i * 31 + 7);
    }

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct trivet_encryption_fields fields;
        struct trivet_encryption_received received;
        size_t len = TRIVET_CIPHERTEXT_LEN(sizes[i]);
        size_t back_len = 0;

        assert_true(len % 16 == 0 && len > sizes[i] && len <= sizes[i] + 16);
        assert_int_equal(
            trivet_encrypt(
                der(), trivet_slice_make(plain, sizes[i]), cipher, &fields),
            TRIVET_OK);
        received = received_of(&fields);
        assert_int_equal(trivet_decrypt(decrypter, &received,
                             trivet_slice_make(cipher, len), back, &back_len),
            TRIVET_OK);
        assert_int_equal(back_len, sizes[i]);
        assert_memory_equal(back, plain, sizes[i]);
    }

    free(plain);
    free(cipher);
    free(back);
}

static void
each_body_has_a_key_and_an_iv_of_its_own(void **state)
{
    struct trivet_encryption_fields a;
    struct trivet_encryption_fields b;
    unsigned char one[16];
    unsigned char two[16];

    (void) state;

    assert_int_equal(
        trivet_encrypt(der(), trivet_slice_make("", 0), one, &a), TRIVET_OK);
    assert_int_equal(
        trivet_encrypt(der(), trivet_slice_make("", 0), two, &b), TRIVET_OK);
    assert_memory_not_equal(a.key, b.key, sizeof a.key);
    assert_memory_not_equal(a.iv, b.iv, sizeof a.iv);
    assert_memory_not_equal(one, two, sizeof one);
}

/* A body of three blocks with its headers, as another makes them: `block` is
 * what RSA encrypts, aes_key what the body is encrypted with. */
struct crafted {
    struct trivet_encryption_fields fields;
    unsigned char cipher[48];
    size_t len;
};

static void
rsa_raw(const unsigned char block[BLOCK], char out[TRIVET_ENCRYPTED_KEY_TEXT])
{
    EVP_PKEY *pkey = trivet_openssl_public_key(der());
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pkey, NULL);
    unsigned char wrapped[BLOCK];
    size_t len = sizeof wrapped;

    assert_int_equal(EVP_PKEY_encrypt_init(context), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING), 1);
    assert_int_equal(EVP_PKEY_encrypt(context, wrapped, &len, block, BLOCK), 1);
    (void) trivet_base64_encode(trivet_slice_make(wrapped, len), out);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(pkey);
}

/* padded: 48 bytes, padding and all. */
static void
craft(struct crafted *c, const unsigned char block[BLOCK],
    const unsigned char aes_key[32], const unsigned char padded[48])
{
    unsigned char text[16 + 48] = {0}; /* an IV of zeros, the ciphertext */
    unsigned char hmac[20];
    EVP_CIPHER_CTX *aes = EVP_CIPHER_CTX_new();
    int len;

    rsa_raw(block, c->fields.key);
    assert_int_equal(
        EVP_EncryptInit_ex2(aes, EVP_aes_256_cbc(), aes_key, text, NULL), 1);
    assert_int_equal(EVP_CIPHER_CTX_set_padding(aes, 0), 1);
    assert_int_equal(EVP_EncryptUpdate(aes, text + 16, &len, padded, 48), 1);
    EVP_CIPHER_CTX_free(aes);

    c->len = 48;
    memcpy(c->cipher, text + 16, 48);
    (void) HMAC(EVP_sha1(), aes_key, 32, text, sizeof text, hmac, NULL);
    (void) trivet_base64_encode(trivet_slice_make(text, 16), c->fields.iv);
    (void) trivet_base64_encode(trivet_slice_make(hmac, 20), c->fields.hmac);
}

static enum trivet_status
open_it(const struct crafted *c, size_t *out_len)
{
    struct trivet_encryption_received received = received_of(&c->fields);
    unsigned char out[64];

    return trivet_decrypt(decrypter, &received,
        trivet_slice_make(c->cipher, c->len), out, out_len);
}

/* 00 02, bytes that are not zero, 00, 32 bytes of 0x41. */
static void
good_block(unsigned char block[BLOCK], unsigned char aes_key[32])
{
    memset(aes_key, 0x41, 32);
    memset(block, 0x55, BLOCK);
    block[0] = 0;
    block[1] = 2;
    block[BLOCK - 33] = 0;
    memcpy(block + BLOCK - 32, aes_key, 32);
}

static const unsigned char ten_of_padding[48] = {
    [38] = 10, 10, 10, 10, 10, 10, 10, 10, 10, 10};

static void
what_others_make_is_decrypted(void **state)
{
    unsigned char block[BLOCK];
    unsigned char aes_key[32];
    struct crafted c;
    size_t len = 0;

    (void) state;

    good_block(block, aes_key);
    craft(&c, block, aes_key, ten_of_padding);
    assert_int_equal(open_it(&c, &len), TRIVET_OK);
    assert_int_equal(len, 38);
}

/* The HMAC is right for the key that a lenient receiver would find. */
static void
a_wrong_block_is_wrong_whatever_is_wrong_with_it(void **state)
{
    static const struct {
        size_t at;
        unsigned char value;
    } changes[] = {
        {0, 1},          /* not 00 first */
        {1, 1},          /* a signature's padding */
        {1, 0},          /* none */
        {2, 0},          /* ends early: a key of 253 bytes */
        {9, 0},          /* less than eight bytes of padding */
        {100, 0},        /* a key of 155 bytes */
        {BLOCK - 34, 0}, /* one of 33 */
        {BLOCK - 33, 1}, /* none ends the padding there */
    };
    unsigned char block[BLOCK];
    unsigned char aes_key[32];
    struct crafted c;
    size_t len;

    (void) state;

    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        good_block(block, aes_key);
        block[changes[i].at] = changes[i].value;
        craft(&c, block, aes_key, ten_of_padding);
        assert_int_equal(open_it(&c, &len), TRIVET_E_MALFORMED);
    }
}

static void
a_wrong_length_or_padding_of_the_body_is_wrong(void **state)
{
    unsigned char block[BLOCK];
    unsigned char aes_key[32];
    unsigned char padded[48] = {0};
    struct crafted c;
    size_t len;

    (void) state;

    good_block(block, aes_key);
    craft(&c, block, aes_key, padded); /* ends with 0 */
    assert_int_equal(open_it(&c, &len), TRIVET_E_MALFORMED);
    padded[47] = 17;
    craft(&c, block, aes_key, padded);
    assert_int_equal(open_it(&c, &len), TRIVET_E_MALFORMED);

    craft(&c, block, aes_key, ten_of_padding);
    for (c.len = 0; c.len < 48; c.len++) {
        assert_int_equal(open_it(&c, &len), TRIVET_E_MALFORMED);
    }
}

/* Each bit of all that is sent. */
static void
a_changed_bit_is_found(void **state)
{
    unsigned char block[BLOCK];
    unsigned char aes_key[32];
    struct crafted c;
    size_t len;

    (void) state;

    good_block(block, aes_key);
    craft(&c, block, aes_key, ten_of_padding);
    for (size_t bit = 0; bit < 8 * c.len; bit++) {
        c.cipher[bit / 8] ^= (unsigned char) (1U << bit % 8);
        assert_int_equal(open_it(&c, &len), TRIVET_E_MALFORMED);
        c.cipher[bit / 8] ^= (unsigned char) (1U << bit % 8);
    }
    for (size_t i = 0; i < sizeof c.fields; i++) {
        char *at = (char *) &c.fields + i;
        char was = *at;

        *at = was == 'A' ? 'B' : 'A';
        assert_int_equal(open_it(&c, &len), TRIVET_E_MALFORMED);
        *at = '*';
        assert_int_equal(open_it(&c, &len), TRIVET_E_MALFORMED);
        *at = was;
    }
    assert_int_equal(open_it(&c, &len), TRIVET_OK);
}

static void
fields_of_another_length_are_wrong(void **state)
{
    static const char *const others[] = {
        "", "AAAA", "AAAAAAAAAAAAAAAAAAAAAA=="};
    struct crafted c;
    unsigned char block[BLOCK];
    unsigned char aes_key[32];
    unsigned char out[64];
    size_t len;

    (void) state;

    good_block(block, aes_key);
    craft(&c, block, aes_key, ten_of_padding);
    for (size_t i = 0; i < 3 * 3; i++) {
        struct trivet_encryption_received received = received_of(&c.fields);
        struct trivet_slice *fields[] = {
            &received.key, &received.iv, &received.hmac};
        struct trivet_slice other = trivet_slice_text(others[i / 3]);

        if (other.len == fields[i % 3]->len) {
            continue;
        }
        *fields[i % 3] = other;
        assert_int_equal(trivet_decrypt(decrypter, &received,
                             trivet_slice_make(c.cipher, c.len), out, &len),
            TRIVET_E_MALFORMED);
    }
}

static void
pieces_give_what_the_whole_gives(void **state)
{
    unsigned char plain[100];
    unsigned char cipher[160];
    unsigned char back[160];
    struct trivet_encryption_fields fields;
    struct trivet_encryption_received received;
    struct trivet_encryption *encryption;
    struct trivet_decryption *decryption;
    size_t len = 0;
    size_t more = 0;
    size_t total = 0;

    (void) state;

    memset(plain, 'p', sizeof plain);
    assert_int_equal(
        trivet_encryption_start(der(), &fields, &encryption), TRIVET_OK);
    for (size_t at = 0; at < sizeof plain; at += 7) {
        size_t rest = sizeof plain - at;

        assert_int_equal(trivet_encryption_add(encryption,
                             trivet_slice_make(plain + at, rest < 7 ? rest : 7),
                             cipher + len, &more),
            TRIVET_OK);
        len += more;
    }
    assert_int_equal(
        trivet_encryption_finish(encryption, cipher + len, &more, &fields),
        TRIVET_OK);
    len += more;
    trivet_encryption_free(encryption);
    assert_int_equal(len, TRIVET_CIPHERTEXT_LEN(sizeof plain));

    received = received_of(&fields);
    assert_int_equal(
        trivet_decryption_start(decrypter, &received, &decryption), TRIVET_OK);
    for (size_t at = 0; at < len; at += 8) {
        assert_int_equal(trivet_decryption_authenticate(
                             decryption, trivet_slice_make(cipher + at, 8)),
            TRIVET_OK);
    }
    /* Nothing is decrypted before the HMAC was found right. */
    assert_int_equal(trivet_decryption_add(decryption,
                         trivet_slice_make(cipher, len), back, &more),
        TRIVET_E_INTERNAL);
    assert_int_equal(trivet_decryption_check(decryption), TRIVET_OK);
    for (size_t at = 0; at < len; at += 8) {
        assert_int_equal(
            trivet_decryption_add(decryption, trivet_slice_make(cipher + at, 8),
                back + total, &more),
            TRIVET_OK);
        total += more;
    }
    assert_int_equal(
        trivet_decryption_finish(decryption, back + total, &more), TRIVET_OK);
    total += more;
    trivet_decryption_free(decryption);
    assert_int_equal(total, sizeof plain);
    assert_memory_equal(back, plain, sizeof plain);
}

static void
what_is_no_key_is_refused(void **state)
{
    struct trivet_encryption_fields fields;
    unsigned char out[16];

    (void) state;

    assert_int_equal(trivet_encrypt(trivet_slice_text("no key"),
                         trivet_slice_make("", 0), out, &fields),
        TRIVET_E_MALFORMED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_encrypted_is_decrypted),
        cmocka_unit_test(each_body_has_a_key_and_an_iv_of_its_own),
        cmocka_unit_test(what_others_make_is_decrypted),
        cmocka_unit_test(a_wrong_block_is_wrong_whatever_is_wrong_with_it),
        cmocka_unit_test(a_wrong_length_or_padding_of_the_body_is_wrong),
        cmocka_unit_test(a_changed_bit_is_found),
        cmocka_unit_test(fields_of_another_length_are_wrong),
        cmocka_unit_test(pieces_give_what_the_whole_gives),
        cmocka_unit_test(what_is_no_key_is_refused),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
