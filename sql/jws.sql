-- Signatures: the RFCs' own examples, documents as JWT, and what kycvs_verify
-- accepts. The keys are public examples (RFC 8037 A.1, RFC 7515 A.3).
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS kycvs CASCADE;
RESET client_min_messages;

\set ed25519 '{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}'
\set p256 '{"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}'

CREATE FUNCTION pg_temp.bytes(base64url text) RETURNS bytea LANGUAGE sql AS
$$ SELECT decode(rpad(translate(base64url, '-_', '+/'), (length(base64url) + 3) / 4 * 4, '='), 'base64') $$;

-- what a statement that should fail says
CREATE FUNCTION pg_temp.refusal(statement text) RETURNS text LANGUAGE plpgsql AS
$$
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ': ' || SQLERRM;
END
$$;

-- RFC 8037 A.3 (thumbprint), A.4 and A.5 (signature)
SELECT kycvs.thumbprint(:'ed25519');
\set message eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc
\set signature hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg
SELECT kycvs.signature_valid(:'ed25519', :'message', pg_temp.bytes(:'signature')) AS valid,
       kycvs.signature_valid(:'ed25519', :'message'::bytea || '.', pg_temp.bytes(:'signature')) AS another_message,
       kycvs.signature_valid(:'ed25519', :'message', set_bit(pg_temp.bytes(:'signature'), 0, 1)) AS another_r,
       kycvs.signature_valid(:'ed25519', :'message', set_bit(pg_temp.bytes(:'signature'), 511, 1)) AS another_s,
       kycvs.signature_valid(:'ed25519', :'message', substr(pg_temp.bytes(:'signature'), 1, 63)) AS short,
       kycvs.signature_valid(:'ed25519', :'message', pg_temp.bytes(:'signature') || '\x00') AS long;

-- RFC 7515 A.3; R and S outside of 1 .. n-1
SELECT kycvs.thumbprint(:'p256');
\set message eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ
\set signature DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q
\set n '''\\xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'''
SELECT kycvs.signature_valid(:'p256', :'message', pg_temp.bytes(:'signature')) AS valid,
       kycvs.signature_valid(:'p256', :'message'::bytea || '.', pg_temp.bytes(:'signature')) AS another_message,
       kycvs.signature_valid(:'p256', :'message', set_bit(pg_temp.bytes(:'signature'), 511, 0)) AS another_s,
       kycvs.signature_valid(:'p256', :'message', substr(pg_temp.bytes(:'signature'), 1, 63)) AS short,
       kycvs.signature_valid(:'p256', :'message', '') AS empty,
       kycvs.signature_valid(:'p256', :'message', decode(repeat('00', 64), 'hex')) AS zeros,
       kycvs.signature_valid(:'p256', :'message', :n::bytea || :n::bytea) AS order_twice,
       kycvs.signature_valid(:'p256', :'message', decode(repeat('ff', 64), 'hex')) AS ones;

-- RFC 7638 3.1, an RSA key with members that do not count
SELECT kycvs.thumbprint('{"kty": "RSA",
    "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}');
SELECT jwk, pg_temp.refusal(format('SELECT kycvs.thumbprint(%L)', jwk))
FROM unnest(ARRAY['[]', '{}', '{"kty": "oct", "k": "AQAB"}', '{"kty": "OKP", "crv": "Ed25519"}', '{"kty": "RSA", "e": 3, "n": "AQAB"}']) AS jwk;

-- keys that are not for us, and members that do not matter
SELECT change, pg_temp.refusal(format('SELECT kycvs.signature_valid(%L, %L, %L)', :'p256'::jsonb || change, '', ''))
FROM unnest(ARRAY['{"kid": "any", "use": "sig", "alg": "ES256", "key_ops": ["verify"], "x5c": []}',
                  '{"d": "AQ"}', '{"use": "enc"}', '{"alg": "ES384"}', '{"alg": 1}', '{"kty": "RSA"}', '{"crv": "P-384"}', '{"crv": "secp256k1"}',
                  '{"key_ops": ["encrypt", "verify"]}', '{"key_ops": ["encrypt"]}', '{"key_ops": []}', '{"key_ops": "verify"}', '{"key_ops": [1, {}]}',
                  '{"x": 1}', '{"x": ""}', '{"x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVE"}',
                  '{"x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEV"}', '{"x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU="}',
                  '{"y": "x/FEzRu9m36HLN/tue659LNpXW6pCyStikYjKIWI5a0"}', '{"y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a1"}',
                  '{"y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5aw"}', '{"y": null}']::jsonb[]) AS change;
SELECT change, pg_temp.refusal(format('SELECT kycvs.signature_valid(%L, %L, %L)', :'ed25519'::jsonb || change, '', ''))
FROM unnest(ARRAY['{"alg": "EdDSA"}', '{"alg": "Ed25519"}', '{"alg": "ES256"}', '{"crv": "Ed448"}', '{"crv": "X25519"}', '{"d": ""}',
                  '{"x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURoA"}']::jsonb[]) AS change;

-- Documents signed with these two keys.
\set answer '{"aud": "irctc", "exp": 1635791400, "iat": 1635760800, "iss": "https://registry.example", "jti": "0193a2c4-6b1e-8d0a-9c55-1f2e3d4c5b6a", "jws": "eyJhbGciOiJFZERTQSIsImtpZCI6ImtQcktfcW14VldhWVZBOXd3QkY2SXVvM3ZWeno3VHhIQ1R3WEJ5Z3JTNGsiLCJ0eXAiOiJreWN2cy1zdGF0dXMrand0In0..7XPNfsjC70uRTkswgFfacUBL8D6qxkwthyUJ8RvCJ6G6j0N3Tv92dm2DLpM7BQxp39v9477X9L4tmSzMoKHZCg", "sub": "9cVtN7o2wqk", "as_of": "2021-11-01", "match": "exact", "rules": "in-2021", "status": 2, "consent": "0193a2c4-6b1d-8f3b-a6e0-94d2c1b7a8f5", "purpose": "ticket-booking", "reference": "PNR 4512345678", "name_sha256": "e12af703478bfee36c5ae122dbc7fbf79a02a8ddfdaa926671ca21e797697ab3"}'
\set bare '{"aud": "indigo", "exp": 1635791400, "iat": 1635760800, "iss": "https://registry.example", "jti": "0193a2c4-6b1e-8d0a-9c55-1f2e3d4c5b6b", "jws": "eyJhbGciOiJFUzI1NiIsImtpZCI6Im9LSXl3dkdVcFRWVHl4TVEzYndJSWVRVXVkZnJfQ2tMTWpDRTE5RUNELVUiLCJ0eXAiOiJreWN2cy1zdGF0dXMrand0In0..eEg_h8-zsNmAhr9-KunGkLZubpd2GCt2PcvU48OshQtWhTOWo1oCLvgDf9rCrkf73NVDbbD5-XgPK9UvZjGTJQ", "match": "none", "status": 0}'
\set receipt '{"aud": "irctc", "exp": 1635760980, "iat": 1635760800, "iss": "https://registry.example", "jti": "0193a2c4-6b1e-8d0a-9c55-1f2e3d4c5b6c", "jws": "eyJhbGciOiJFZERTQSIsImtpZCI6ImtQcktfcW14VldhWVZBOXd3QkY2SXVvM3ZWeno3VHhIQ1R3WEJ5Z3JTNGsiLCJ0eXAiOiJreWN2cy1vdHArand0In0.._I4Uo5jxhzdAr0x-cfbvtHw5XS4WXgbm-6w5wgMvwZXrCZTEjGG6Zi8IIRH1aAQSiDaJw1DlmnhznPTWg8-6BQ", "mobile": "XXXXXX2345", "purpose": "ticket-booking"}'
\set foreign '{"aud": "irctc", "exp": 1635791400, "iat": 1635760800, "iss": "https://other.example", "jws": "eyJhbGciOiJFZERTQSIsImtpZCI6ImtQcktfcW14VldhWVZBOXd3QkY2SXVvM3ZWeno3VHhIQ1R3WEJ5Z3JTNGsiLCJ0eXAiOiJreWN2cy1zdGF0dXMrand0In0..02KFA7R8iHhWU7hvoIziSTj3bmyhBWVUQ8JNhWtEqD7DaEZXVMQ5JEHgxx_X7ho_4gKDA81XmFLxjrbbm29hCA"}'
\set no_issuer '{"aud": "irctc", "exp": 1635791400, "iat": 1635760800, "jws": "eyJhbGciOiJFZERTQSIsImtpZCI6ImtQcktfcW14VldhWVZBOXd3QkY2SXVvM3ZWeno3VHhIQ1R3WEJ5Z3JTNGsiLCJ0eXAiOiJreWN2cy1zdGF0dXMrand0In0..0N9ELkcHm85vBCxXxwLugWdQH3sdSkzkp1yHOlSsYvqPljdHmUdHhu2NPDxLyM0bOLiSAxdZGqSL1X7TxIGmCA"}'
\set no_end '{"aud": "irctc", "iat": 1635760800, "iss": "https://registry.example", "jws": "eyJhbGciOiJFZERTQSIsImtpZCI6ImtQcktfcW14VldhWVZBOXd3QkY2SXVvM3ZWeno3VHhIQ1R3WEJ5Z3JTNGsiLCJ0eXAiOiJreWN2cy1zdGF0dXMrand0In0..KFIAB9pxo7_jS1n3smtc_sI_X0lgVHqBUAzkq06-aETG_xiMQt9KqQd3zezjqBcsvzvrFjesJb93Ljmq7qAmCg"}'
\set odd_claims '{"aud": ["irctc"], "exp": "1635791400", "iat": 1635760800, "iss": "https://registry.example", "jws": "eyJhbGciOiJFZERTQSIsImtpZCI6ImtQcktfcW14VldhWVZBOXd3QkY2SXVvM3ZWeno3VHhIQ1R3WEJ5Z3JTNGsiLCJ0eXAiOiJreWN2cy1zdGF0dXMrand0In0..YWjBr9Q7RENOgG3zKYdz_Qia67wnCgeRW_BYjTu5T4wuibwa2lmesjs8xKcjFwbrTEhrONTnsg9IvSobMfcKCw"}'

-- as JWT, and back
SELECT kycvs_to_jwt(:'answer') AS token \gset
SELECT :'token' AS token;
SELECT kycvs_from_jwt(:'token') = :'answer' AS same_document,
       kycvs_to_jwt(kycvs_from_jwt(:'token')) = :'token' AS same_token;
SELECT convert_from(pg_temp.bytes(split_part(:'token', '.', 1)), 'UTF8') AS header,
       convert_from(pg_temp.bytes(split_part(:'token', '.', 2)), 'UTF8') = kycvs.canonical(:'answer'::jsonb - 'jws') AS canonical_payload;
SELECT pg_temp.refusal('SELECT kycvs_to_jwt(NULL)'), pg_temp.refusal('SELECT kycvs_from_jwt(NULL)');

-- the signing input is the token without its last part: anyone can check it
SELECT kycvs.signature_valid(:'ed25519', convert_to(split_part(:'token', '.', 1) || '.' || split_part(:'token', '.', 2), 'UTF8'),
                             pg_temp.bytes(split_part(:'token', '.', 3)));

-- the profile of signed documents
SELECT left(change::text, 80) AS change, pg_temp.refusal(format('SELECT kycvs_to_jwt(%L)', :'bare'::jsonb || change))
FROM unnest(ARRAY['{"a b~\"": ["\"\\/", 9007199254740991, -9007199254740991, true, null, {"": 0}]}',
                  '{"n": 2.0}', '{"n": 2.00000000000000000001}', '{"n": 0.5}', '{"n": 9007199254740992}', '{"n": -9007199254740992}',
                  '{"n": 1e3}', '{"n": 1e22}', '{"n": 1e131071}', '{"n": -1e131071}', '{"n": [{"n": 1.0}]}',
                  '{"s": "a\tb"}', '{"s": "\u007f"}', '{"s": "\u0080"}', '{"s": "\u009f"}', '{"s": "\u00a0 é 😀"}', '{"s": ["\n"]}',
                  '{"é": 1}', '{"a\tb": 1}', '{"\u007f": 1}', '{"o": {"é": 1}}', '{"o": {"jws": 1.0}}']::jsonb[]) AS change;
SELECT depth, pg_temp.refusal(format('SELECT kycvs_to_jwt(%L)', :'bare'::jsonb || format('{"d": %s%s}', repeat('[', depth - 1), repeat(']', depth - 1))::jsonb))
FROM unnest(ARRAY[16, 17, 1000]) AS depth;
SELECT octet_length(kycvs.canonical(:'bare'::jsonb - 'jws' || '{"l": ""}')) AS room \gset
SELECT more, pg_temp.refusal(format('SELECT kycvs_to_jwt(%L)', :'bare'::jsonb || jsonb_build_object('l', repeat('x', 65536 - :room + more))))
FROM unnest(ARRAY[0, 1, 10000000]) AS more;
SELECT pg_temp.refusal(format('SELECT kycvs_to_jwt(%L)', :'bare'::jsonb || jsonb_build_object('l', (SELECT jsonb_agg(0) FROM generate_series(1, n)))))
FROM unnest(ARRAY[32600, 32800, 300000]) AS n;
SELECT pg_temp.refusal(format('SELECT kycvs_to_jwt(%L)', :'bare'::jsonb || jsonb_build_object('l', (SELECT jsonb_object_agg(i, 0) FROM generate_series(1, n) AS i))))
FROM unnest(ARRAY[7000, 70000]) AS n;

-- the form of a document and of its header
SELECT document, pg_temp.refusal(format('SELECT kycvs_to_jwt(%L)', document))
FROM unnest(ARRAY['null', '"a"', '[]', '[{"jws": "a"}]', '{}', '{"jws": null}', '{"jws": {}}', '{"jws": ""}', '{"jws": ".."}', '{"jws": "a..b"}']) AS document;
CREATE FUNCTION pg_temp.with_header(document jsonb, header text) RETURNS jsonb LANGUAGE sql AS
$$ SELECT jsonb_set(document, '{jws}', to_jsonb(translate(encode(convert_to(header, 'UTF8'), 'base64'), E'+/=\n', '-_')
                    || substr(document ->> 'jws', strpos(document ->> 'jws', '..')))) $$;
SELECT left(header, 120) AS header, pg_temp.refusal(format('SELECT kycvs_to_jwt(%L)', pg_temp.with_header(:'bare', header)))
FROM unnest(ARRAY['{"alg":"ES256","kid":"oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U","typ":"kycvs-status+jwt"}',
                  '{"alg":"EdDSA","kid":"oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U","typ":"kycvs-otp+jwt"}',
                  '{"alg":"none","kid":"oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U","typ":"kycvs-status+jwt"}',
                  '{"alg":"HS256","kid":"oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U","typ":"kycvs-status+jwt"}',
                  '{"alg":"Ed25519","kid":"oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U","typ":"kycvs-status+jwt"}',
                  '{"alg":"es256","kid":"oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U","typ":"kycvs-status+jwt"}',
                  '{"alg":"ES256","kid":"oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-V","typ":"kycvs-status+jwt"}',
                  '{"alg":"ES256","kid":"oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-","typ":"kycvs-status+jwt"}',
                  '{"alg":"ES256","kid":"","typ":"kycvs-status+jwt"}',
                  '{"alg":"ES256","kid":"oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U","typ":"kycvs-status"}',
                  '{"alg":"ES256","kid":"oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U","typ":"JWT"}',
                  '{"alg":"ES256","kid":"oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U","typ":"application/kycvs-status+jwt"}',
                  '{"kid":"oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U","alg":"ES256","typ":"kycvs-status+jwt"}',
                  '{"alg": "ES256","kid":"oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U","typ":"kycvs-status+jwt"}',
                  '{"alg":"ES256","kid":"oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U","typ":"kycvs-status+jwt"} ',
                  '{"alg":"\u0045S256","kid":"oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U","typ":"kycvs-status+jwt"}',
                  '{"alg":"ES256","crit":["b64"],"kid":"oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U","typ":"kycvs-status+jwt"}',
                  '{"alg":"ES256","kid":"oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U","typ":"kycvs-status+jwt","jwk":{}}',
                  '{"alg":"ES256","kid":"oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U","typ":"kycvs-status+jwt","alg":"none"}',
                  '{"alg":"ES256","kid":"oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"}', '{}', '', repeat('x', 1000)]) AS header;
SELECT what, pg_temp.refusal(format('SELECT kycvs_to_jwt(%L)', :'bare'::jsonb || jsonb_build_object('jws', jws)))
FROM (SELECT :'bare'::jsonb ->> 'jws') AS given (good), LATERAL (VALUES
    ('one dot', replace(good, '..', '.')),
    ('with payload', replace(good, '..', '.e30.')),
    ('padding', good || '='),
    ('a blank', good || ' '),
    ('a line feed', replace(good, '..', E'..\n')),
    ('standard alphabet', translate(good, '-_', '+/')),
    ('unused bits', left(good, -1) || 'R'),
    ('short', left(good, -1)),
    ('long', good || 'A')) AS sample (what, jws);

-- tokens that are not the canonical form of what they say
CREATE FUNCTION pg_temp.with_payload(token text, payload bytea) RETURNS text LANGUAGE sql AS
$$ SELECT split_part(token, '.', 1) || '.' || translate(encode(payload, 'base64'), E'+/=\n', '-_') || '.' || split_part(token, '.', 3) $$;
SELECT payload, pg_temp.refusal(format('SELECT kycvs_from_jwt(%L)', pg_temp.with_payload(:'token', convert_to(payload, 'UTF8'))))
FROM unnest(ARRAY['{"a":1}', '{"a": 1}', '{"a":1,"a":1}', '{"b":1,"a":1}', '{"a":1.0}', '{"a":1e0}', '{"a":"\u0061"}', '{"a":"\/"}', '{"jws":""}',
                  '{"a":1,"jws":"b"}', '{}', '[]', '"a"', '1', 'null', '', ' ', '{', '{"a":"\u0000"}', '{"a":"\ud800"}', '{"a":1e999999}', '{"a":NaN}',
                  '{"a":"é"}', '{"é":1}']) AS payload
UNION ALL
SELECT 'deep', pg_temp.refusal(format('SELECT kycvs_from_jwt(%L)', pg_temp.with_payload(:'token', convert_to(repeat('[', 60000), 'UTF8'))))
UNION ALL
SELECT 'long', pg_temp.refusal(format('SELECT kycvs_from_jwt(%L)', pg_temp.with_payload(:'token', convert_to(repeat('x', 65537), 'UTF8'))))
UNION ALL
SELECT 'not UTF-8', pg_temp.refusal(format('SELECT kycvs_from_jwt(%L)', pg_temp.with_payload(:'token', '\x7b2261223a22ff227d')))
UNION ALL
SELECT 'NUL', pg_temp.refusal(format('SELECT kycvs_from_jwt(%L)', pg_temp.with_payload(:'token', '\x7b7d00')));
SELECT what, pg_temp.refusal(format('SELECT kycvs_from_jwt(%L)', token))
FROM (VALUES ('empty', ''), ('no dot', 'a'), ('one dot', 'a.b'), ('detached', :'answer'::jsonb ->> 'jws'), ('four parts', :'token' || '.'),
             ('a blank', ' ' || :'token'), ('a line feed', :'token' || E'\n'), ('padding', :'token' || '='),
             ('no signature', regexp_replace(:'token', '[^.]*$', '')), ('huge', repeat('a', 1000000))) AS sample (what, token);

-- no registry, or none with this issuer and key
BEGIN;
\set ON_ERROR_ROLLBACK on
DELETE FROM kycvs_data.signing_key;
DELETE FROM kycvs_data.registry;
SELECT kycvs_jwks();
SELECT pg_temp.refusal(format('SELECT kycvs_claims(%L)', :'answer'));
INSERT INTO kycvs_data.registry (id, issuer, key_check, created_at)
VALUES ('00000000-0000-0000-0000-000000000000', 'https://registry.example', sha256(''), now());
SELECT kycvs_jwks();
SELECT pg_temp.refusal(format('SELECT kycvs_claims(%L)', :'answer'));
INSERT INTO kycvs_data.signing_key (kid, alg, x, y, state, created_at) VALUES
    ('oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U', 'ES256', '\x7fcdce2770f6c45d4183cbee6fdb4b7b580733357be9ef13bacf6e3c7bd15445',
     '\xc7f144cd1bbd9b7e872cdfedb9eeb9f4b3695d6ea90b24ad8a4623288588e5ad', 'retired', '2021-02-01 00:00+00'),
    ('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k', 'EdDSA', '\xd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
     decode(repeat('00', 32), 'hex'), 'active', '2021-01-01 00:00+00');

-- what is published is what RFC 8037 and RFC 7515 print, oldest first
SELECT jsonb_pretty(kycvs_jwks());
SELECT jwk ->> 'kid' = kycvs.thumbprint(jwk) AS named_by_thumbprint, jwk @> :'ed25519' OR jwk @> :'p256' AS ours
FROM jsonb_array_elements(kycvs_jwks() -> 'keys') AS jwk;

-- claims: any type, any time, for anybody
SELECT kycvs_claims(:'answer') = :'answer'::jsonb - 'jws' AS answer,
       kycvs_claims(:'bare') = :'bare'::jsonb - 'jws' AS bare,
       kycvs_claims(:'receipt') = :'receipt'::jsonb - 'jws' AS receipt;
SELECT what, pg_temp.refusal(format('SELECT kycvs_claims(%L)', document))
FROM (VALUES ('changed', :'answer'::jsonb || '{"status": 1}'),
             ('added', :'answer'::jsonb || '{"note": null}'),
             ('removed', :'answer'::jsonb - 'match'),
             ('issuer changed', :'answer'::jsonb || '{"iss": "https://other.example"}'),
             ('issuer cut', :'answer'::jsonb || '{"iss": "https://registry.exampl"}'),
             ('issuer of another kind', :'answer'::jsonb || '{"iss": 1}'),
             ('another registry''s', :'foreign'),
             ('no issuer', :'no_issuer'),
             ('signature of another', :'bare'::jsonb || jsonb_build_object('jws', :'answer'::jsonb -> 'jws')),
             ('another type', pg_temp.with_header(:'answer', '{"alg":"EdDSA","kid":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k","typ":"kycvs-otp+jwt"}')),
             ('another algorithm', pg_temp.with_header(:'answer', '{"alg":"ES256","kid":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k","typ":"kycvs-status+jwt"}')),
             ('another key', pg_temp.with_header(:'answer', '{"alg":"ES256","kid":"oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U","typ":"kycvs-status+jwt"}')),
             ('unknown key', pg_temp.with_header(:'answer', '{"alg":"ES256","kid":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","typ":"kycvs-status+jwt"}')),
             ('profile', :'answer'::jsonb || '{"status": 2.0}'),
             ('profile and key', :'foreign'::jsonb || '{"exp": 2.0}')) AS sample (what, document);
SELECT pg_temp.refusal('SELECT kycvs_claims(NULL)');

-- verify: the whole, and each thing that may differ
\set at '2021-11-01 12:00+00'
SELECT kycvs_verify(:'answer', 'irctc', 'PNR 4512345678', at => :'at') = :'answer'::jsonb - 'jws' AS answer,
       kycvs_verify(:'answer', audience => 'irctc', reference => 'PNR 4512345678', name => U&'Ren\00e9e D''Souza', type => 'status', at => :'at') IS NOT NULL AS name,
       kycvs_verify(:'answer', 'irctc', 'PNR 4512345678', U&'Rene\0301e D''Souza', at => :'at') IS NOT NULL AS name_decomposed,
       kycvs_verify(:'bare', 'indigo', NULL, at => :'at') IS NOT NULL AS no_reference,
       kycvs_verify(:'receipt', 'irctc', NULL, type => 'otp', at => '2021-11-01 10:01+00') IS NOT NULL AS receipt;
SELECT arguments, pg_temp.refusal(format('SELECT kycvs_verify(%L, %s)', :'answer', arguments))
FROM unnest(ARRAY[$$'irctc', 'PNR 4512345678'$$,
                  $$'IRCTC', 'PNR 4512345678', at => '2021-11-01 12:00+00'$$,
                  $$'', 'PNR 4512345678', at => '2021-11-01 12:00+00'$$,
                  $$'irctc', NULL, at => '2021-11-01 12:00+00'$$,
                  $$'irctc', '', at => '2021-11-01 12:00+00'$$,
                  $$'irctc', 'PNR 451234567', at => '2021-11-01 12:00+00'$$,
                  $$'irctc', 'PNR 4512345678', 'Renee D''Souza', at => '2021-11-01 12:00+00'$$,
                  $$'irctc', 'PNR 4512345678', '', at => '2021-11-01 12:00+00'$$,
                  $$'irctc', 'PNR 4512345678', repeat('x', 100000), at => '2021-11-01 12:00+00'$$,
                  $$'irctc', 'PNR 4512345678', type => 'consent', at => '2021-11-01 12:00+00'$$,
                  $$'irctc', 'PNR 4512345678', type => 'answer'$$,
                  $$'irctc', 'PNR 4512345678', type => NULL$$,
                  $$NULL, 'PNR 4512345678'$$,
                  $$'irctc', 'PNR 4512345678', at => 'infinity'$$,
                  $$'irctc', 'PNR 4512345678', at => '-infinity'$$]) AS arguments;
SELECT pg_temp.refusal($$SELECT kycvs_verify(NULL, 'irctc', NULL)$$);
SELECT pg_temp.refusal(format($$SELECT kycvs_verify(%L, 'indigo', 'PNR 1', at => %L)$$, :'bare', :'at')) AS reference_given,
       pg_temp.refusal(format($$SELECT kycvs_verify(%L, 'indigo', NULL, 'Asha', at => %L)$$, :'bare', :'at')) AS name_given;
SELECT pg_temp.refusal(format($$SELECT kycvs_verify(%L, 'irctc', NULL, at => %L)$$, :'no_end', :'at')) AS no_end,
       pg_temp.refusal(format($$SELECT kycvs_verify(%L, 'irctc', NULL, at => %L)$$, :'odd_claims', :'at')) AS odd_claims;

-- from a minute before iat to the last moment before exp
SELECT at, pg_temp.refusal(format($$SELECT kycvs_verify(%L, 'irctc', 'PNR 4512345678', at => %L)$$, :'answer', at))
FROM unnest(ARRAY['1999-12-31 23:59:59.999999+00', '2021-11-01 09:58:59.999999+00', '2021-11-01 09:59:00+00', '2021-11-01 18:29:59.999999+00', '2021-11-01 18:30:00+00',
                  '294276-12-31 23:59:59+00']) AS at;

-- the type comes before the key, the key before the profile, the profile before the signature, the signature before the claims
SELECT pg_temp.refusal(format($$SELECT kycvs_verify(%L, 'irctc', NULL)$$, :'receipt')) AS type,
       pg_temp.refusal(format($$SELECT kycvs_verify(%L, 'irctc', NULL)$$, :'foreign'::jsonb || '{"n": 0.5}')) AS key,
       pg_temp.refusal(format($$SELECT kycvs_verify(%L, 'irctc', NULL)$$, :'answer'::jsonb || '{"n": 0.5}')) AS profile,
       pg_temp.refusal(format($$SELECT kycvs_verify(%L, 'irctc', NULL)$$, :'answer'::jsonb || '{"exp": 0}')) AS signature,
       pg_temp.refusal(format($$SELECT kycvs_verify(%L, 'other', NULL)$$, :'answer')) AS expiry;

-- a key that does not sign yet verifies; a revoked one verifies nothing and is not published
UPDATE kycvs_data.signing_key SET state = 'pending' WHERE alg = 'ES256';
SELECT kycvs_claims(:'bare') IS NOT NULL AS verified, jsonb_array_length(kycvs_jwks() -> 'keys');
UPDATE kycvs_data.signing_key SET state = 'revoked' WHERE alg = 'ES256';
SELECT pg_temp.refusal(format('SELECT kycvs_claims(%L)', :'bare')), jsonb_array_length(kycvs_jwks() -> 'keys');

ROLLBACK;
\set ON_ERROR_ROLLBACK off

-- no lock on our tables is kept
BEGIN;
SELECT jsonb_typeof(kycvs_jwks() -> 'keys');
SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND relation::regclass::text LIKE 'kycvs_data.%';
ROLLBACK;

-- anybody may verify, and nobody needs a privilege on a table for it
CREATE ROLE regress_gate;
SET ROLE regress_gate;
SELECT jsonb_typeof(kycvs_jwks() -> 'keys');
\set VERBOSITY sqlstate
SELECT * FROM kycvs_data.signing_key;
\set VERBOSITY default
RESET ROLE;
DROP ROLE regress_gate;
