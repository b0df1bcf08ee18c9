# Public test vectors that are too large for regress, all judged by the
# extension's own SQL functions: RFC 8785 numbers and documents, the keys and
# signatures of RFC 7515, 7638 and 8037, Project Wycheproof, and documents in
# the form of kycvs that other implementations have signed and verified.
#
# They are not part of this repository. KYCVS_VECTORS names their folder; the
# default is ../shared/vectors beside the repository.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $folder = $ENV{KYCVS_VECTORS} || '../shared/vectors';
plan skip_all => "no test vectors in $folder (set KYCVS_VECTORS)" unless -d $folder;

my @counts;
my $node = PostgreSQL::Test::Cluster->new('vectors');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'kycvs'");
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION kycvs CASCADE;
CREATE TABLE file (name text PRIMARY KEY, content text);
CREATE TABLE number (line serial, value text, expected text);
CREATE FUNCTION base64url(bytes bytea) RETURNS text LANGUAGE sql AS
$$ SELECT translate(encode(bytes, 'base64'), E'+/=\n', '-_') $$;
CREATE FUNCTION bytes(base64url text) RETURNS bytea LANGUAGE sql AS
$$ SELECT decode(rpad(translate(base64url, '-_', '+/'), (length(base64url) + 3) / 4 * 4, '='), 'base64') $$;
CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE plpgsql AS
$$
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END
$$;
SQL

# Loads a file as one text; false, and said so, when it is not there.
sub load
{
    my ($name) = @_;
    my $path = "$folder/$name";
    return note("$name: not there, skipped") && 0 unless -f $path;
    my $content = slurp_file($path);
    $content =~ s/'/''/g;
    $node->safe_psql('postgres', "INSERT INTO file VALUES ('$name', '$content')");
    return 1;
}

# A set is a query of rows (id, ok); there must be rows (this many), and all must be ok.
sub check_set
{
    my ($name, $query, $wanted) = @_;
    my ($total, $right, $wrong) = split /\|/, $node->safe_psql('postgres', <<"SQL"), 3;
SELECT count(*), count(*) FILTER (WHERE ok), left(string_agg(id::text, ', ') FILTER (WHERE ok IS NOT TRUE), 1000)
FROM ($query) AS result (id, ok);
SQL
    push @counts, "$name $right of $total";
    ok($total > 0 && $total == ($wanted // $total) && $right == $total, "$name: $right of $total");
    diag("$name: wrong are $wrong") if $wrong;
}

# Lines of the bits of a double, in hex without leading zeros, and its text. A
# decimal of 17 digits names the double.
sub check_numbers
{
    my ($path) = @_;
    my ($name) = $path =~ m{([^/]+)$};
    my @rows;
    foreach my $line (split /\n/, slurp_file($path))
    {
        my ($hex, $expected) = split /,/, $line;
        push @rows, sprintf("%.16e\t%s", unpack('d>', pack('H16', substr('0' x 16 . $hex, -16))), $expected);
    }
    $node->safe_psql('postgres', join("\n", 'TRUNCATE number;', 'COPY number (value, expected) FROM stdin;', @rows, "\\.\n"));
    check_set("numbers of $name", 'SELECT line, kycvs.canonical(value::jsonb) = expected FROM number');
}

# ---- RFC 8785 ----------------------------------------------------------------

check_numbers($_) foreach sort glob "$folder/rfc8785-jcs/es6*.txt";

foreach my $input (sort glob "$folder/rfc8785-jcs/input/*.json")
{
    my ($name) = $input =~ m{([^/]+)\.json$};
    next unless load("rfc8785-jcs/input/$name.json") && load("rfc8785-jcs/output/$name.json");
    check_set("document $name.json", <<"SQL");
SELECT i.name, kycvs.canonical(i.content::jsonb) = o.content
FROM file AS i, file AS o WHERE i.name = 'rfc8785-jcs/input/$name.json' AND o.name = 'rfc8785-jcs/output/$name.json'
SQL
}

# ---- keys and signatures of the RFCs -----------------------------------------

foreach my $name (qw(rfc7515-a3-es256 rfc8037-appendix-a))
{
    next unless load("jose/$name.json");
    check_set($name, <<"SQL");
SELECT 'thumbprint', kycvs.thumbprint(content::jsonb -> 'public_jwk') = content::jsonb #>> '{thumbprint,jwk_thumbprint}'
FROM file WHERE name = 'jose/$name.json'
UNION ALL
SELECT 'signature', kycvs.signature_valid(content::jsonb -> 'public_jwk', convert_to(content::jsonb #>> '{jws,signing_input}', 'UTF8'),
                                          bytes(content::jsonb #>> '{jws,signature}'))
FROM file WHERE name = 'jose/$name.json'
SQL
}

if (load('jose/rfc7638-3.1-thumbprint.json'))
{
    check_set('rfc7638-3.1', <<'SQL');
SELECT 'thumbprint', kycvs.thumbprint(content::jsonb -> 'jwk') = content::jsonb ->> 'jwk_thumbprint'
FROM file WHERE name = 'jose/rfc7638-3.1-thumbprint.json'
SQL
}

# ---- Project Wycheproof ------------------------------------------------------

# Some groups of ECDSA name the point, but give no JWK.
foreach my $name (qw(ed25519_test ecdsa_secp256r1_sha256_p1363_test))
{
    next unless load("wycheproof/$name.json");
    check_set("Wycheproof $name", <<"SQL");
SELECT test ->> 'tcId',
       kycvs.signature_valid(coalesce(tests -> 'publicKeyJwk',
                                      jsonb_build_object('kty', 'EC', 'crv', 'P-256', 'x', base64url(substr(point, 2, 32)),
                                                         'y', base64url(substr(point, 34, 32)))),
                             decode(test ->> 'msg', 'hex'), decode(test ->> 'sig', 'hex')) = (test ->> 'result' = 'valid')
FROM file, jsonb_array_elements(content::jsonb -> 'testGroups') AS tests, jsonb_array_elements(tests -> 'tests') AS test,
     decode(tests #>> '{publicKey,uncompressed}', 'hex') AS point
WHERE name = 'wycheproof/$name.json'
SQL
}

# Keys with coordinates that are not what they should be; all of them are to be refused.
if (load('wycheproof/json_web_key_test.json'))
{
    check_set('Wycheproof json_web_key_test, unusable keys with coordinates', <<'SQL');
SELECT tests ->> 'comment', refusal(format('SELECT kycvs.signature_valid(%L, %L, %L)', key - 'd', '', '')) = '22023'
FROM file, jsonb_array_elements(content::jsonb -> 'testGroups') AS tests,
     jsonb_array_elements(coalesce(tests -> 'public', tests -> 'private') -> 'keys') AS key
WHERE name = 'wycheproof/json_web_key_test.json' AND key ? 'x' AND jsonb_array_length(coalesce(tests -> 'public', tests -> 'private') -> 'keys') = 1
SQL
}

# The groups of P-256, 41 cases: a token has three parts, and its header the key's own
# algorithm. Its groups of other keys are not for us; the four cases of the file that are
# known to contradict others (367, 370, 372, 373) are among them.
if (load('wycheproof/json_web_signature_test.json'))
{
    $node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION token_right(key jsonb, token text) RETURNS boolean LANGUAGE plpgsql AS
$$
DECLARE
    part text[] := string_to_array(token, '.');
BEGIN
    RETURN cardinality(part) = 3 AND convert_from(bytes(part[1]), 'UTF8')::jsonb ->> 'alg' = 'ES256'
       AND kycvs.signature_valid(key, convert_to(part[1] || '.' || part[2], 'UTF8'), bytes(part[3]));
EXCEPTION WHEN invalid_parameter_value OR invalid_text_representation THEN
    RETURN false;
END
$$;
SQL
    check_set('Wycheproof json_web_signature_test, groups of P-256', <<'SQL', 41);
SELECT test ->> 'tcId', token_right(key - 'd', coalesce(test ->> 'jws', '')) = (test ->> 'result' = 'valid')
FROM file, jsonb_array_elements(content::jsonb -> 'testGroups') AS tests, jsonb_array_elements(tests -> 'tests') AS test,
     coalesce(tests -> 'public', tests -> 'private') AS key
WHERE name = 'wycheproof/json_web_signature_test.json' AND key ->> 'crv' = 'P-256'
SQL
}

# None of these tokens is one of ours, whoever signed it.
if (-f "$folder/wycheproof/json_web_signature_test.json")
{
    check_set('Wycheproof json_web_signature_test, refused as documents', <<'SQL');
SELECT test ->> 'tcId', refusal(format('SELECT kycvs_from_jwt(%L)', test ->> 'jws')) = 'KV030'
FROM file, jsonb_array_elements(content::jsonb -> 'testGroups') AS tests, jsonb_array_elements(tests -> 'tests') AS test
WHERE name = 'wycheproof/json_web_signature_test.json' AND jsonb_typeof(test -> 'jws') = 'string'
SQL
}

# ---- documents in the form of kycvs ------------------------------------------

# Those whose header says "Ed25519" (we write EdDSA) and those with a TAB in a
# claim are outside of the profile: their bytes count, the documents are refused.
if (load('kycvs-profile/kat.json'))
{
    $node->safe_psql('postgres', <<'SQL');
CREATE TABLE kat AS
SELECT element AS c, element ->> 'name' AS name, element ->> 'name' !~ '^consent/|/Ed25519$' AS fits,
       (SELECT key FROM jsonb_array_elements(content::jsonb #> '{jwks,keys}') AS key
        WHERE key ->> 'kid' = (element ->> 'protected')::jsonb ->> 'kid') AS key
FROM file, jsonb_array_elements(content::jsonb -> 'cases') AS element WHERE file.name = 'kycvs-profile/kat.json';
INSERT INTO kycvs_data.registry (id, issuer, key_check, created_at)
VALUES (gen_random_uuid(), 'https://registry.example', sha256(''), now());
INSERT INTO kycvs_data.signing_key (kid, alg, x, y, state, created_at)
SELECT DISTINCT key ->> 'kid', key ->> 'alg', bytes(key ->> 'x'), coalesce(bytes(key ->> 'y'), decode(repeat('00', 32), 'hex')), 'retired', now()
FROM kat;
SQL
    check_set('documents, canonical form', <<'SQL');
SELECT name, kycvs.canonical(c -> 'payload') = c ->> 'jcs' AND encode(sha256(convert_to(c ->> 'jcs', 'UTF8')), 'hex') = c ->> 'jcs_sha256' FROM kat
SQL
    check_set('documents, thumbprint and signature', <<'SQL');
SELECT name, kycvs.thumbprint(key) = key ->> 'kid' AND
       kycvs.signature_valid(key, convert_to(c ->> 'signing_input', 'UTF8'), bytes(c ->> 'signature')) FROM kat
SQL
    check_set('documents of the profile, verified and converted', <<'SQL');
SELECT name, kycvs_claims(c -> 'signed_doc') = c -> 'payload' AND
       kycvs_to_jwt(c -> 'signed_doc') = c ->> 'compact' AND kycvs_from_jwt(c ->> 'compact') = c -> 'signed_doc' AND
       kycvs_verify(c -> 'signed_doc', c #>> '{payload,aud}', NULL, type => split_part(name, '/', 1),
                    at => to_timestamp((c #>> '{payload,exp}')::bigint - 1)) = c -> 'payload'
FROM kat WHERE fits
SQL
    check_set('documents outside of the profile, refused', <<'SQL');
SELECT name, refusal(format('SELECT kycvs_claims(%L)', c -> 'signed_doc')) = 'KV030' AND
       refusal(format('SELECT kycvs_to_jwt(%L)', c -> 'signed_doc')) = 'KV030' AND
       refusal(format('SELECT kycvs_from_jwt(%L)', c ->> 'compact')) = 'KV030'
FROM kat WHERE NOT fits
SQL
    check_set('documents of the profile, each claim changed', <<'SQL');
SELECT name || ' ' || claim, refusal(format('SELECT kycvs_claims(%L)', c -> 'signed_doc' || jsonb_build_object(claim, 'x'))) =
       CASE claim WHEN 'iss' THEN 'KV032' ELSE 'KV031' END
FROM kat, jsonb_object_keys(c -> 'payload') AS claim WHERE fits
SQL
}

diag('counts: ', join '; ', @counts);
$node->stop;
done_testing();
