#!/usr/bin/env bash
# Verifies an answer with jq, openssl and coreutils.
#
#   verify.sh DOCUMENT JWKS ISSUER AUDIENCE REFERENCE [NAME [DAY]]
#
# DOCUMENT is a file with an answer (JSON, not a JWT), JWKS one with the registry's keys; NAME is in NFC, as keyboards write it. Prints the claims; anything wrong is exit status 1.
set -euo pipefail

fail() { echo "verify.sh: $*" >&2 && exit 1; }
decode() { local text=$1 && while ((${#text} % 4)); do text+='='; done && printf %s "$text" | basenc --base64url -d; }
encode() { basenc --base64url -w 0 | tr -d '='; }
to_hex() { basenc --base16 -w 0; }
from_hex() { basenc --base16 -d; }
claim() { jq -r --arg name "$1" '.[$name] // empty' <<<"$claims"; }

# an integer of DER, from 32 bytes in hex: no superfluous zeros, and not negative
integer() {
    local hex=$1
    while [[ $hex == 00[0-7]* ]]; do hex=${hex:2}; done
    [[ $hex == [0-7]* ]] || hex=00$hex
    printf '02%02X%s' $((${#hex} / 2)) "$hex"
}

(($# >= 5 && $# <= 7)) || fail "usage: verify.sh DOCUMENT JWKS ISSUER AUDIENCE REFERENCE [NAME [DAY]]"
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT

# 1. the form: an object of texts and integers, no member twice. Without its texts it has a colon for each member, and no fraction.
document=$(cat -- "$1")
bare=$(sed -E 's/"([^"\\]|\\.)*"//g' <<<"$document")
colons=${bare//[^:]/}
[[ $bare != *[.eE]* ]] && jq -se --argjson n ${#colons} 'length == 1 and (.[0] | type == "object" and length == $n and
    all(.[]; type == "string" or type == "number"))' <<<"$document" >/dev/null || fail 'document is malformed'

# 2. the signature's parts; a header has these three members and no others
jws=$(jq -er '.jws' <<<"$document") || fail 'document is not signed'
[[ $jws =~ ^([A-Za-z0-9_-]+)\.\.([A-Za-z0-9_-]{85}[AQgw])$ ]] || fail 'document is malformed'
header=${BASH_REMATCH[1]} signature=${BASH_REMATCH[2]}
head=$(decode "$header") || fail 'document is malformed'
jq -e 'keys == ["alg", "kid", "typ"] and .typ == "kycvs-status+jwt"' <<<"$head" >/dev/null || fail 'document is no answer'
alg=$(jq -r .alg <<<"$head") kid=$(jq -r .kid <<<"$head")

# 3. what was signed: the header, and the rest of the document in canonical form (RFC 8785)
claims=$(jq -cjS 'del(.jws)' <<<"$document")
printf '%s.%s' "$header" "$(printf %s "$claims" | encode)" >"$work/signed"

# 4. the key by its name, as the DER of a public key
key=$(jq -ce --arg kid "$kid" --arg alg "$alg" '.keys[] | select(.kid == $kid and .alg == $alg)' <"$2") || fail 'key is unknown'
x=$(jq -r .x <<<"$key")
case $alg in
    ES256)
        { printf 3059301306072A8648CE3D020106082A8648CE3D03010703420004 | from_hex && decode "$x" && decode "$(jq -r .y <<<"$key")"; } >"$work/key"
        raw=$(decode "$signature" | to_hex)
        [ ${#raw} = 128 ] || fail 'signature is wrong'
        both=$(integer "${raw:0:64}")$(integer "${raw:64}")
        printf '30%02X%s' $((${#both} / 2)) "$both" | from_hex >"$work/signature"
        digest=(-digest sha256)
        ;;
    EdDSA)
        { printf 302A300506032B6570032100 | from_hex && decode "$x"; } >"$work/key"
        decode "$signature" >"$work/signature"
        digest=()
        ;;
    *) fail 'key is unknown' ;;
esac
openssl pkeyutl -verify -pubin -keyform DER -inkey "$work/key" -rawin "${digest[@]}" \
    -in "$work/signed" -sigfile "$work/signature" >/dev/null 2>&1 || fail 'signature is wrong'

# 5. what it says
[ "$(claim iss)" = "$3" ] || fail 'document is of another issuer'
[ "$(claim aud)" = "$4" ] || fail 'document is for another audience'
jq -e --arg given "$5" '.reference == $given' <<<"$claims" >/dev/null || fail 'document has another reference'
jq -e '(.exp | type) == "number" and .exp > now and .iat <= now + 60' <<<"$claims" >/dev/null || fail 'document has expired, or is not valid yet'
[ $# -lt 6 ] || [ "$(claim name_sha256)" = "$(printf '%s\n%s' "$(claim jti)" "$6" | sha256sum | cut -d ' ' -f 1)" ] || fail 'document is for another name'
[ $# -lt 7 ] || [ "$(claim as_of)" = "$7" ] || fail 'document is for another day'
printf '%s\n' "$claims"
