// Verifies an answer with jose (npm install jose; with Node 18, as Debian 12 has it, jose@5).
//
//   node verify.mjs DOCUMENT JWKS ISSUER AUDIENCE REFERENCE [NAME [DAY]]
//
// DOCUMENT is a file with an answer (JSON) or its compact JWT, JWKS one with the registry's keys. Prints the claims; anything wrong is exit status 1.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createLocalJWKSet, jwtVerify } from 'jose';

const [file, jwks, issuer, audience, reference, name, day] = process.argv.slice(2);
const fail = reason => { throw new Error(reason); };

// A document is an object of texts and integers, with no member twice; JSON.parse would keep the last.
function parse(text) {
  const document = JSON.parse(text);
  const bare = text.replace(/"(?:[^"\\]|\\.)*"/g, '');
  if (/[.eE]/.test(bare) || bare.split(':').length - 1 !== Object.keys(document).length) fail('document is malformed');
  return document;
}

// RFC 8785, for what a document may hold
function canonical(document) {
  return '{' + Object.keys(document).sort().map(member => {
    const value = document[member];
    if (typeof value !== 'string' && !Number.isSafeInteger(value)) fail('document is malformed');
    return JSON.stringify(member) + ':' + JSON.stringify(value);
  }).join(',') + '}';
}

function toToken(text) {
  if (!text.startsWith('{')) return text;
  const { jws, ...claims } = parse(text);
  const [, header, signature] = /^([\w-]+)\.\.([\w-]{85}[AQgw])$/.exec(jws) ?? fail('document is malformed');
  return [header, Buffer.from(canonical(claims)).toString('base64url'), signature].join('.');
}

function check(claims) {
  if (claims.reference !== reference) fail('document has another reference');
  if (!Number.isInteger(claims.iat) || claims.iat > Date.now() / 1000 + 60) fail('document is not valid yet');
  const hash = name !== undefined && createHash('sha256').update(claims.jti + '\n' + name.normalize('NFC')).digest('hex');
  if (name !== undefined && claims.name_sha256 !== hash) fail('document is for another name');
  if (day !== undefined && claims.as_of !== day) fail('document is for another day');
  return claims;
}

try {
  if (reference === undefined || process.argv.length > 9) fail('usage: verify.mjs DOCUMENT JWKS ISSUER AUDIENCE REFERENCE [NAME [DAY]]');
  const keys = createLocalJWKSet(JSON.parse(readFileSync(jwks, 'utf8')));
  const { payload } = await jwtVerify(toToken(readFileSync(file, 'utf8').trim()), keys, {
    issuer, audience, typ: 'kycvs-status+jwt', algorithms: ['ES256', 'EdDSA'], requiredClaims: ['exp', 'jti', 'status'],
  });
  console.log(JSON.stringify(check(payload)));
} catch (problem) {
  console.error('verify.mjs: ' + problem.message);
  process.exit(1);
}
