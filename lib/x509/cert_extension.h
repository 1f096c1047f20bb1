/* SPDX-License-Identifier: Apache-2.0 */
/* x509/cert_extension.h -- the extensions of a certificate into its fields. */
#ifndef SDG_X509_CERT_EXTENSION_H
#define SDG_X509_CERT_EXTENSION_H

#include "x509/cert.h"

/* |list| is the content of Extensions.  |identifier| NULL: acmeIdentifier is as unknown as any other; else it must be
 * there, critical, and its value goes there.  0, MALFORMED or LIMIT. */
STARDELEG_MUST_CHECK stardeleg_err sdg_cert_take_extensions(sdg_cert *cert, stardeleg_bytes *identifier,
                                                            stardeleg_bytes list);

#endif /* SDG_X509_CERT_EXTENSION_H */
