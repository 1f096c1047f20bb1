/* SPDX-License-Identifier: Apache-2.0 */
/** @file crypto.h
 *  The crypto provider: the one seam between the library and a crypto backend.
 *  mbedTLS is always built in; OpenSSL is a second library (crypto_openssl.h);
 *  a program may bring its own.
 *
 *  At this seam keys are DER (SubjectPublicKeyInfo, PKCS#8), ECDSA signatures
 *  are r and s at fixed length (RFC 7518 3.4), messages are whole (never
 *  digests) and may come in pieces. */
#ifndef STARDELEG_CRYPTO_H
#define STARDELEG_CRYPTO_H

#include <stardeleg/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Signature and MAC algorithms, by their JOSE names (RFC 7518, RFC 8037) where they have one. */
typedef enum stardeleg_alg {
  STARDELEG_ALG_NONE = 0, /**< no algorithm */
  STARDELEG_ALG_ES256,    /**< ECDSA, P-256, SHA-256: 64 bytes */
  STARDELEG_ALG_ES384,    /**< ECDSA, P-384, SHA-384: 96 bytes */
  STARDELEG_ALG_ES512,    /**< ECDSA, P-521, SHA-512: 132 bytes */
  STARDELEG_ALG_RS256,    /**< RSASSA-PKCS1-v1_5, SHA-256 */
  STARDELEG_ALG_RS384,    /**< RSASSA-PKCS1-v1_5, SHA-384 */
  STARDELEG_ALG_RS512,    /**< RSASSA-PKCS1-v1_5, SHA-512 */
  STARDELEG_ALG_PS256,    /**< RSASSA-PSS, SHA-256, MGF1 SHA-256, salt of 32 */
  STARDELEG_ALG_PS384,    /**< RSASSA-PSS, SHA-384, MGF1 SHA-384, salt of 48 */
  STARDELEG_ALG_PS512,    /**< RSASSA-PSS, SHA-512, MGF1 SHA-512, salt of 64 */
  STARDELEG_ALG_EDDSA,    /**< Ed25519: 64 bytes */
  STARDELEG_ALG_ECDSA_SHA256, /**< ECDSA, SHA-256, on whichever curve the key has.  No JOSE algorithm: other people's
                                 CSRs and certificates are verified with it, nothing is signed */
  STARDELEG_ALG_ECDSA_SHA384, /**< the same with SHA-384 */
  STARDELEG_ALG_ECDSA_SHA512, /**< the same with SHA-512 */
  STARDELEG_ALG_HS256,    /**< HMAC, SHA-256 */
  STARDELEG_ALG_HS384,    /**< HMAC, SHA-384 */
  STARDELEG_ALG_HS512,    /**< HMAC, SHA-512 */
  STARDELEG_ALG_COUNT     /**< how many there are, not an algorithm */
} stardeleg_alg;

/** Hash functions. */
typedef enum stardeleg_hash {
  STARDELEG_HASH_SHA256 = 1, /**< 32 bytes */
  STARDELEG_HASH_SHA384,     /**< 48 bytes */
  STARDELEG_HASH_SHA512,     /**< 64 bytes */
  STARDELEG_HASH_SHA1        /**< 20 bytes; only for key identifiers (RFC 5280 4.2.1.2), never for signatures */
} stardeleg_hash;

/** Kinds of key. */
typedef enum stardeleg_key_spec {
  STARDELEG_KEY_NONE = 0, /**< no key */
  STARDELEG_KEY_P256,     /**< EC, secp256r1 */
  STARDELEG_KEY_P384,     /**< EC, secp384r1 */
  STARDELEG_KEY_P521,     /**< EC, secp521r1 */
  STARDELEG_KEY_RSA2048,  /**< RSA, 2048 bits, exponent 65537 */
  STARDELEG_KEY_RSA3072,  /**< RSA, 3072 bits */
  STARDELEG_KEY_RSA4096,  /**< RSA, 4096 bits */
  STARDELEG_KEY_ED25519   /**< Ed25519 */
} stardeleg_key_spec;

/** Longest signature or MAC of any algorithm, in bytes (RSA of 8192 bits). */
#define STARDELEG_SIGNATURE_MAX 1024
/** Longest hash, in bytes. */
#define STARDELEG_HASH_MAX 64

/** What a provider's key object is told about itself at import. */
typedef struct stardeleg_key_info {
  int family;       /**< 1: EC, 2: RSA, 3: Ed25519 */
  unsigned bits;    /**< field size (256, 384, 521), modulus length, or 255 */
} stardeleg_key_info;

/** EC in stardeleg_key_info::family. */
#define STARDELEG_FAMILY_EC 1
/** RSA in stardeleg_key_info::family. */
#define STARDELEG_FAMILY_RSA 2
/** Ed25519 in stardeleg_key_info::family. */
#define STARDELEG_FAMILY_ED 3

/** What a backend implements.  Every function takes the backend's |self| and must
 *  be callable from many threads at once.  Key handles are opaque to the library;
 *  a public handle is immutable, a private handle serialises inside if it has to.
 *  Functions that return stardeleg_err use OK, NOMEM, CRYPTO, UNSUPPORTED, BAD_KEY,
 *  SIGNATURE, ARGUMENT, RANDOM and nothing else. */
typedef struct stardeleg_crypto_ops {
  size_t size;      /**< sizeof of this struct as the backend was compiled */
  const char *name; /**< "mbedtls", "openssl", ...; static */
  /** Bit (1u << alg) for each algorithm that can be verified (MACs: computed). */
  uint32_t verify_algs;
  /** Bit (1u << alg) for each algorithm that can be signed with (MACs: computed). */
  uint32_t sign_algs;
  /** Bit (1u << spec) for each kind of key that can be generated. */
  uint32_t key_specs;
  /** Fills |out| with |len| unpredictable bytes. */
  stardeleg_err (*random)(void *self, uint8_t *out, size_t len);
  /** Hashes the |n| pieces as one message into |out| (room for STARDELEG_HASH_MAX). */
  stardeleg_err (*hash)(void *self, stardeleg_hash hash, const stardeleg_bytes *pieces, size_t n, uint8_t *out);
  /** HMAC of the |n| pieces into |out| (room for STARDELEG_HASH_MAX). */
  stardeleg_err (*hmac)(void *self, stardeleg_hash hash, stardeleg_bytes key, const stardeleg_bytes *pieces,
                        size_t n, uint8_t *out);
  /** Reads a DER SubjectPublicKeyInfo.  The caller has checked the DER; the backend
   *  checks that the point is on the curve (uncompressed, named curve) or that the RSA
   *  modulus and exponent are odd and in range, else BAD_KEY. */
  stardeleg_err (*public_import)(void *self, void **handle, stardeleg_key_info *info, stardeleg_bytes spki);
  /** Frees a public handle; NULL allowed. */
  void (*public_free)(void *self, void *handle);
  /** Verifies; SIGNATURE if it does not.  A signature of the wrong length is SIGNATURE,
   *  an algorithm that does not fit the key is BAD_KEY. */
  stardeleg_err (*verify)(void *self, const void *handle, stardeleg_alg alg, const stardeleg_bytes *pieces, size_t n,
                          stardeleg_bytes signature);
  /** Makes a new private key. */
  stardeleg_err (*key_generate)(void *self, void **handle, stardeleg_key_spec spec);
  /** Reads a DER PKCS#8 PrivateKeyInfo (unencrypted); SEC1 and PKCS#1 may be accepted too. */
  stardeleg_err (*key_import)(void *self, void **handle, stardeleg_bytes pkcs8);
  /** Writes the DER SubjectPublicKeyInfo into |out| of |cap| bytes and sets |*len|. */
  stardeleg_err (*key_public)(void *self, const void *handle, uint8_t *out, size_t cap, size_t *len);
  /** Writes DER PKCS#8; UNSUPPORTED where the key cannot leave (HSM). */
  stardeleg_err (*key_export)(void *self, const void *handle, uint8_t *out, size_t cap, size_t *len);
  /** Signs into |out| (room for STARDELEG_SIGNATURE_MAX) and sets |*len|.  BAD_KEY if
   *  the algorithm does not fit the key. */
  stardeleg_err (*sign)(void *self, void *handle, stardeleg_alg alg, const stardeleg_bytes *pieces, size_t n,
                        uint8_t *out, size_t *len);
  /** Wipes and frees a private handle; NULL allowed. */
  void (*key_free)(void *self, void *handle);
  /** Frees the backend itself; NULL where there is nothing to free.  stardeleg_crypto_free()
   *  calls it and then gives the stardeleg_crypto to free(). */
  void (*free)(void *self);
} stardeleg_crypto_ops;

/** A provider: a backend and its state.  Passed by pointer; must outlive every
 *  key that was made with it. */
typedef struct stardeleg_crypto {
  const stardeleg_crypto_ops *ops; /**< not NULL */
  void *self;                      /**< the backend's state */
} stardeleg_crypto;

/** Makes the mbedTLS provider, seeded from the operating system.  Call it after
 *  fork(), not before.  |*out| is to be freed with stardeleg_crypto_free().
 *  Returns 0, NOMEM or RANDOM. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_crypto_mbedtls_new(stardeleg_crypto **out);

/** Frees a provider that a _new function made; NULL allowed.  All its keys must be gone. */
STARDELEG_API void stardeleg_crypto_free(stardeleg_crypto *crypto);

/** A private key, bound to the provider that made it.  Opaque.  Many threads may
 *  use one key at once. */
typedef struct stardeleg_key stardeleg_key;

/** Makes a new key.  |crypto| must outlive |*out|.  Returns 0, UNSUPPORTED, NOMEM,
 *  CRYPTO or RANDOM.  Free with stardeleg_key_free(). */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_key_generate(stardeleg_key **out,
                                                                        const stardeleg_crypto *crypto,
                                                                        stardeleg_key_spec spec);

/** Reads a key: DER or PEM, PKCS#8 unencrypted (also SEC1, PKCS#1).  The bytes are
 *  copied into the backend; wipe your own.  Returns 0, BAD_KEY, MALFORMED, NOMEM or CRYPTO. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_key_import(stardeleg_key **out,
                                                                      const stardeleg_crypto *crypto,
                                                                      stardeleg_bytes pkcs8);

/** Writes the key as PKCS#8 in PEM with a final NUL: |*pem| is malloc'd, |*len| is without
 *  the NUL; give it to stardeleg_secret_free().  Returns 0, UNSUPPORTED (key cannot leave
 *  its device), NOMEM or CRYPTO. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_key_export_pem(const stardeleg_key *key, char **pem,
                                                                          size_t *len);

/** Signs for a key that never enters the library: HSM, KMS, another process.
 *  Called with the whole message; answers in the form described on top of this
 *  file.  May be called from any thread that uses the key.  Returns 0 or CALLBACK. */
typedef stardeleg_err (*stardeleg_sign_fn)(void *ctx, stardeleg_alg alg, const stardeleg_bytes *pieces, size_t n,
                                           uint8_t *out, size_t *len);

/** Wraps a foreign key: its public half as DER SubjectPublicKeyInfo (copied) and a sign
 *  callback; |ctx| is borrowed and must outlive the key.  Every signature is verified before
 *  it is used.  Returns 0, BAD_KEY, MALFORMED, NOMEM or CRYPTO. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_key_from_signer(stardeleg_key **out,
                                                                           const stardeleg_crypto *crypto,
                                                                           stardeleg_bytes spki,
                                                                           stardeleg_sign_fn sign, void *ctx);

/** Adds a reference.  NULL allowed (answers NULL). */
STARDELEG_API stardeleg_key *stardeleg_key_ref(stardeleg_key *key);

/** Drops a reference; the last one wipes and frees.  NULL allowed. */
STARDELEG_API void stardeleg_key_free(stardeleg_key *key);

/** The key's DER SubjectPublicKeyInfo, borrowed as long as |key| lives. */
STARDELEG_API stardeleg_bytes stardeleg_key_spki(const stardeleg_key *key);

/** Wipes |len| bytes at |secret| and frees it; NULL allowed. */
STARDELEG_API void stardeleg_secret_free(void *secret, size_t len);

#ifdef __cplusplus
}
#endif
#endif /* STARDELEG_CRYPTO_H */
