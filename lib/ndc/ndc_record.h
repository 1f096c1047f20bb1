/* SPDX-License-Identifier: Apache-2.0 */
/* ndc/ndc_record.h -- reading a record: between ndc_record.c and ndc_record_read.c. */
#ifndef SDG_NDC_NDC_RECORD_H
#define SDG_NDC_NDC_RECORD_H

#include "ndc/ndc_internal.h"

/* Fills a new delegation from its record; MALFORMED if it is none. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_record_read(sdg_ndc_delegation *d, const sdg_json_limits *limits,
                                                       const stardeleg_record *record);

#endif /* SDG_NDC_NDC_RECORD_H */
