/* SPDX-License-Identifier: Apache-2.0 */
/* der/pem.h -- PEM (RFC 7468): strict writer, reader that takes what servers send. */
#ifndef SDG_DER_PEM_H
#define SDG_DER_PEM_H

#include "base/buf.h"

void sdg_pem_write(sdg_buf *out, const char *label, stardeleg_bytes der);
/* Reads the next block of |text| at |*offset|: only white space may stand between blocks (RFC 8555 9.1, 11.4), BEGIN
 * and END labels equal and on lines of their own; CRLF, blank lines, missing final newline and trailing blanks are
 * fine.  NOT_FOUND at the end of the text.  The DER is appended to |der|, the label copied to |label| (64 bytes with
 * the NUL). */
STARDELEG_MUST_CHECK stardeleg_err sdg_pem_next(sdg_buf *der, char label[64], stardeleg_bytes text, size_t *offset);

#endif /* SDG_DER_PEM_H */
