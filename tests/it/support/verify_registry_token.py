"""Checks a registry token with PyJWT and cryptography, which share no code with what signed it.

Standard input: {"token", "authority" (PEM), "keys" (JWKS), "issuer", "service"}.
Standard output: {"header", "claims", "leaf" (PEM)}. Any fault ends it with a traceback.
"""

import base64
import json
import sys

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

given = json.load(sys.stdin)
token = given["token"]
header = jwt.get_unverified_header(token)
authority = x509.load_pem_x509_certificate(given["authority"].encode())
leaf = x509.load_der_x509_certificate(base64.b64decode(header["x5c"][0], validate=True))

# The chain: the authority signed the leaf, is a CA, and is the issuer that the leaf names.
authority.public_key().verify(leaf.signature, leaf.tbs_certificate_bytes, ec.ECDSA(leaf.signature_hash_algorithm))
assert leaf.issuer == authority.subject, (leaf.issuer, authority.subject)
assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca, "the authority is not one"

# The signature and every claim, with the key of the leaf.
required = {"require": ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "access"]}
expected = {"algorithms": ["ES256"], "audience": given["service"], "issuer": given["issuer"], "options": required}
claims = jwt.decode(token, leaf.public_key(), **expected)

# The key of the leaf is one of the published keys.
public = [serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo]
published = [entry.key.public_bytes(*public) for entry in jwt.PyJWKSet.from_dict(given["keys"]).keys]
assert leaf.public_key().public_bytes(*public) in published, "the key of the leaf is not published"

leaf_pem = leaf.public_bytes(serialization.Encoding.PEM).decode()
json.dump({"header": header, "claims": claims, "leaf": leaf_pem}, sys.stdout)
