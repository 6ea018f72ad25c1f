"""Makes what schemathesis cannot draw from the document: bodies in CBOR, ciphertexts of a size bucket, fresh Idempotency-Keys."""

import base64
import hashlib
import json
import os
import uuid

import schemathesis
from hypothesis import strategies as st

with open(os.environ["COMMUNIQUE_SEALED_MESSAGES"], encoding="utf-8") as file:
    SEALED = [bytes.fromhex(text) for text in json.load(file)]


# Only well-formed bodies, because the tool expects the gateway to accept every body of this strategy. `npm run lab -- fuzz` sends damaged
# ones.
schemathesis.openapi.media_type("application/cbor", st.sampled_from(SEALED))


def ciphertext(seed: bytes, bucket: int) -> str:
    """Returns random bytes in base64url without padding: as many KiB as `bucket` says, and 16 bytes in place of the tag."""
    length = bucket * 1024 + 16
    return base64.urlsafe_b64encode(hashlib.shake_128(seed).digest(length)).rstrip(b"=").decode()


schemathesis.openapi.format(
    "sealed-ciphertext", st.builds(ciphertext, st.binary(min_size=4, max_size=4), st.sampled_from([1, 1, 1, 2, 4, 64]))
)
schemathesis.openapi.format(
    "sealed-task-ciphertext", st.builds(ciphertext, st.binary(min_size=4, max_size=4), st.sampled_from([4, 4, 8, 16, 32]))
)


used_keys: set[str] = set()


@schemathesis.hook
def before_call(context, case, kwargs):
    """Replaces an Idempotency-Key that was used before. The coverage phase uses one key for all bodies, which the gateway refuses (422)."""
    key = (case.headers or {}).get("Idempotency-Key")
    if key in used_keys:
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
    elif key is not None:
        used_keys.add(key)
