/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/mbedtls/thread.c -- what one thread keeps between operations. */
#include "crypto/mbedtls/mbed.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

static const mbedtls_ecp_group_id curve_ids[SDG_MBED_CURVES] = {MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_SECP384R1,
                                                                MBEDTLS_ECP_DP_SECP521R1};

/* All threads draw their seeds from one pool; it always adds fresh bytes of the operating system. */
static int gather(void *ctx, unsigned char *out, size_t len)
{
  sdg_mbed *mbed = ctx;
  int ret;

  if (pthread_mutex_lock(&mbed->lock) != 0) {
    return MBEDTLS_ERR_ENTROPY_SOURCE_FAILED;
  }
  ret = mbedtls_entropy_func(&mbed->entropy, out, len);
  (void)pthread_mutex_unlock(&mbed->lock);
  return ret;
}

/* After fork() parent and child would draw the same numbers: whoever finds another process id than at the last
 * seeding seeds anew. */
static int ensure_seed(sdg_mbed_thread *thread)
{
  pid_t pid = getpid();
  int ret;

  if (thread->pid == pid) {
    return 0;
  }
  if (thread->pid == 0) {
    ret = mbedtls_ctr_drbg_seed(&thread->drbg, gather, thread->mbed, (const unsigned char *)&thread, sizeof(void *));
    if (ret != 0) { /* a half-seeded generator is not to be seeded again */
      mbedtls_ctr_drbg_free(&thread->drbg);
      mbedtls_ctr_drbg_init(&thread->drbg);
    }
  } else {
    ret = mbedtls_ctr_drbg_reseed(&thread->drbg, (const unsigned char *)&pid, sizeof(pid));
  }
  if (ret == 0) {
    thread->pid = pid;
  }
  return ret;
}

int sdg_mbed_rng(void *ctx, unsigned char *out, size_t len)
{
  sdg_mbed_thread *thread = ctx;
  int ret = ensure_seed(thread);

  while (ret == 0 && len > 0) {
    size_t part = len < MBEDTLS_CTR_DRBG_MAX_REQUEST ? len : MBEDTLS_CTR_DRBG_MAX_REQUEST;

    ret = mbedtls_ctr_drbg_random(&thread->drbg, out, part);
    out += part;
    len -= part;
  }
  return ret;
}

static void free_thread(sdg_mbed_thread *thread)
{
  for (size_t i = 0; i < SDG_MBED_CURVES; i++) {
    mbedtls_ecp_group_free(&thread->groups[i]);
  }
  mbedtls_ctr_drbg_free(&thread->drbg);
  sdg_wipe(thread, sizeof(*thread));
  free(thread);
}

static void link_thread(sdg_mbed *mbed, sdg_mbed_thread *thread)
{
  thread->mbed = mbed;
  thread->next = mbed->threads;
  if (mbed->threads != NULL) {
    mbed->threads->prev = thread;
  }
  mbed->threads = thread;
}

static void unlink_thread(sdg_mbed_thread *thread)
{
  if (thread->next != NULL) {
    thread->next->prev = thread->prev;
  }
  if (thread->prev != NULL) {
    thread->prev->next = thread->next;
  } else {
    thread->mbed->threads = thread->next;
  }
}

void sdg_mbed_thread_end(void *ctx)
{
  sdg_mbed_thread *thread = ctx;
  sdg_mbed *mbed = thread->mbed;

  (void)pthread_mutex_lock(&mbed->lock);
  unlink_thread(thread);
  (void)pthread_mutex_unlock(&mbed->lock);
  free_thread(thread);
}

void sdg_mbed_threads_free(sdg_mbed *mbed)
{
  while (mbed->threads != NULL) {
    sdg_mbed_thread *thread = mbed->threads;

    unlink_thread(thread);
    free_thread(thread);
  }
}

stardeleg_err sdg_mbed_thread_get(sdg_mbed_thread **out, sdg_mbed *mbed)
{
  sdg_mbed_thread *thread = pthread_getspecific(mbed->key);

  if (thread == NULL) {
    thread = calloc(1, sizeof(*thread));
    if (thread == NULL) {
      return STARDELEG_ERR_NOMEM;
    }
    if (pthread_setspecific(mbed->key, thread) != 0) {
      free(thread);
      return STARDELEG_ERR_NOMEM;
    }
    mbedtls_ctr_drbg_init(&thread->drbg);
    for (size_t i = 0; i < SDG_MBED_CURVES; i++) {
      mbedtls_ecp_group_init(&thread->groups[i]);
    }
    (void)pthread_mutex_lock(&mbed->lock);
    link_thread(mbed, thread);
    (void)pthread_mutex_unlock(&mbed->lock);
  }
  *out = thread;
  return STARDELEG_OK;
}

mbedtls_ecp_group *sdg_mbed_group(sdg_mbed_thread *thread, unsigned bits)
{
  size_t i = bits == 256 ? 0 : bits == 384 ? 1 : 2;
  mbedtls_ecp_group *group = &thread->groups[i];

  if (group->id == MBEDTLS_ECP_DP_NONE && mbedtls_ecp_group_load(group, curve_ids[i]) != 0) {
    mbedtls_ecp_group_free(group);
    mbedtls_ecp_group_init(group);
    return NULL;
  }
  return group;
}
