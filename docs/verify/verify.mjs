// Verifies an answer with jose (npm install jose).
//
//   node verify.mjs DOCUMENT JWKS ISSUER AUDIENCE REFERENCE [NAME [DAY]]
//
// DOCUMENT is a file with an answer (JSON) or its compact JWT, JWKS one with the registry's keys. Prints the claims; anything wrong is exit status 1.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createLocalJWKSet, jwtVerify } from 'jose';

const [file, jwks, issuer, audience, reference, name, day] = process.argv.slice(2);

// RFC 8785, for what a document may hold: texts and integers
function canonical(document) {
  return '{' + Object.keys(document).sort().map(member => {
    const value = document[member];
    if (typeof value !== 'string' && !Number.isSafeInteger(value)) throw new Error('document is malformed');
    return JSON.stringify(member) + ':' + JSON.stringify(value);
  }).join(',') + '}';
}

function toToken(text) {
  if (!text.startsWith('{')) return text;
  const { jws, ...claims } = JSON.parse(text);
  return String(jws).replace('..', '.' + Buffer.from(canonical(claims)).toString('base64url') + '.');
}

function check(claims) {
  if (claims.reference !== reference) throw new Error('document has another reference');
  const hash = name && createHash('sha256').update(claims.jti + '\n' + name.normalize('NFC')).digest('hex');
  if (name && claims.name_sha256 !== hash) throw new Error('document is for another name');
  if (day && claims.as_of !== day) throw new Error('document is for another day');
  return claims;
}

try {
  const keys = createLocalJWKSet(JSON.parse(readFileSync(jwks, 'utf8')));
  const { payload } = await jwtVerify(toToken(readFileSync(file, 'utf8').trim()), keys, {
    issuer, audience, typ: 'kycvs-status+jwt', algorithms: ['ES256', 'EdDSA'], requiredClaims: ['exp', 'jti', 'status'],
  });
  console.log(JSON.stringify(check(payload)));
} catch (problem) {
  console.error('verify.mjs: ' + problem.message);
  process.exit(1);
}
