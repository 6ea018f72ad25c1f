/* The time in an answer of the NSM, and what it means for the clock. Nothing here touches a device or the clock. */
#ifndef ATTESTED_TIME_H
#define ATTESTED_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The NSM's answer to a request for an attestation document, in CBOR:
 *   {"Attestation": {"document": bytes}}, where the bytes are COSE_Sign1 [bytes, {...}, payload as bytes, bytes], and the payload
 *   is a map by text with "timestamp": milliseconds since 1970 (AWS, attestation_process.md).
 * Returns false for anything else: another answer (the NSM's errors too), a timestamp that is missing, there twice or 0, bytes
 * behind an end, a string in pieces, more than 8 levels. The signature is not checked: the device belongs to the hypervisor, so
 * the parent cannot change the answer.
 */
bool attested_time_ms(const unsigned char *answer, size_t length, int64_t *ms);

/* Between 2026 and 2100: no NSM returns a time outside. */
bool is_plausible_time(int64_t ms);

/* How many milliseconds to add to the clock: 0 if it may be right. A document is made while its request
 * takes `took_ms`, and QEMU's NSM counts in whole seconds (Nitro's in milliseconds), so the right time lies between the document's
 * and that plus both. The correction leads to the nearer end, so the resolution alone never moves the clock.
 */
int64_t clock_correction_ms(int64_t attested_ms, int64_t clock_ms, int64_t took_ms);

#endif
