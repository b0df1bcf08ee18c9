#!/usr/bin/env python3
"""Verifies an answer with jwcrypto (Debian: python3-jwcrypto).

    verify.py DOCUMENT JWKS ISSUER AUDIENCE REFERENCE [NAME [DAY]]

DOCUMENT is a file with an answer (JSON) or its compact JWT, JWKS one with the registry's keys.
Prints the claims; anything wrong is exit status 1.
"""
import hashlib
import json
import re
import sys
import time
import unicodedata

from jwcrypto import jwk, jws
from jwcrypto.common import base64url_encode


def members(pairs):
    """An object of texts and integers, with no member twice."""
    if len(dict(pairs)) != len(pairs) or not all(type(value) in (str, int) for _, value in pairs):
        raise ValueError("document is malformed")
    return dict(pairs)


def canonical(document):
    """RFC 8785, for what a document may hold."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def to_token(text):
    if not text.startswith("{"):
        return text
    document = json.loads(text, object_pairs_hook=members)
    parts = re.fullmatch(r"([\w-]+)\.\.([\w-]{85}[AQgw])", str(document.pop("jws", "")), re.ASCII)
    if parts is None:
        raise ValueError("document is malformed")
    return ".".join((parts[1], base64url_encode(canonical(document)), parts[2]))


def verify(text, keys, issuer, audience, reference, name=None, day=None):
    token = jws.JWS()
    token.allowed_algs = ["ES256", "EdDSA"]
    token.deserialize(to_token(text))
    header = token.jose_header
    key = keys.get_key(header["kid"])
    if set(header) != {"alg", "kid", "typ"} or header["typ"] != "kycvs-status+jwt" or key is None:
        raise ValueError("document is no answer, or its key is unknown")
    token.verify(key)
    claims = json.loads(token.payload)
    if claims["iss"] != issuer:
        raise ValueError("document is of another issuer")
    if claims["aud"] != audience:
        raise ValueError("document is for another audience")
    if claims.get("reference") != reference:
        raise ValueError("document has another reference")
    if claims["exp"] <= time.time() or claims["iat"] > time.time() + 60:
        raise ValueError("document has expired, or is not valid yet")
    if name is not None and claims["name_sha256"] != hashlib.sha256((claims["jti"] + "\n" + unicodedata.normalize("NFC", name)).encode()).hexdigest():
        raise ValueError("document is for another name")
    if day is not None and claims["as_of"] != day:
        raise ValueError("document is for another day")
    return claims


if __name__ == "__main__":
    if not 6 <= len(sys.argv) <= 8:
        sys.exit("usage: verify.py DOCUMENT JWKS ISSUER AUDIENCE REFERENCE [NAME [DAY]]")
    try:
        file, jwks, *expected = sys.argv[1:]
        key_set = jwk.JWKSet.from_json(open(jwks, encoding="utf-8").read())
        print(json.dumps(verify(open(file, encoding="utf-8").read().strip(), key_set, *expected), ensure_ascii=False))
    except Exception as problem:
        sys.exit("verify.py: " + (str(problem) or type(problem).__name__))
