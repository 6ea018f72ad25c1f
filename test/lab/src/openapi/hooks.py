"""What schemathesis cannot draw from the document: bodies in CBOR. Loaded by its configuration (run-schemathesis.ts)."""

import json
import os

import schemathesis
from hypothesis import strategies as st

with open(os.environ["COMMUNIQUE_SEALED_MESSAGES"], encoding="utf-8") as file:
    SEALED = [bytes.fromhex(text) for text in json.load(file)]


def changed(message: bytes, at: int, byte: int) -> bytes:
    at %= len(message)
    return message[:at] + bytes([byte]) + message[at + 1 :]


sealed = st.sampled_from(SEALED)
schemathesis.openapi.media_type(
    "application/cbor",
    st.one_of(sealed, st.builds(changed, sealed, st.integers(0, 2000), st.integers(0, 255)), st.binary(max_size=4096)),
)
