-- kycvs.canonical: canonical JSON (RFC 8785)
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS kycvs CASCADE;
RESET client_min_messages;

-- Appendix B. The double that a number means is looked at first, by its bits.
WITH sample (ieee754, number, canonical) AS (VALUES
    ('0000000000000000', '0', '0'),
    ('8000000000000000', '-0', '0'),
    ('0000000000000001', '5e-324', '5e-324'),
    ('8000000000000001', '-5e-324', '-5e-324'),
    ('7fefffffffffffff', '1.7976931348623157e+308', '1.7976931348623157e+308'),
    ('ffefffffffffffff', '-1.7976931348623157e+308', '-1.7976931348623157e+308'),
    ('4340000000000000', '9007199254740992', '9007199254740992'),
    ('c340000000000000', '-9007199254740992', '-9007199254740992'),
    ('4430000000000000', '2.9514790517935283e+20', '295147905179352830000'),
    ('44b52d02c7e14af5', '9.9999999999999975e+22', '9.999999999999997e+22'),
    ('44b52d02c7e14af6', '9.9999999999999992e+22', '1e+23'),
    ('44b52d02c7e14af7', '1.0000000000000001e+23', '1.0000000000000001e+23'),
    ('444b1ae4d6e2ef4e', '9.9999999999999974e+20', '999999999999999700000'),
    ('444b1ae4d6e2ef4f', '9.9999999999999987e+20', '999999999999999900000'),
    ('444b1ae4d6e2ef50', '1.0000000000000000e+21', '1e+21'),
    ('3eb0c6f7a0b5ed8c', '9.9999999999999974e-07', '9.999999999999997e-7'),
    ('3eb0c6f7a0b5ed8d', '9.9999999999999995e-07', '0.000001'),
    ('41b3de4355555553', '3.3333333333333319e+08', '333333333.3333332'),
    ('41b3de4355555554', '3.3333333333333325e+08', '333333333.33333325'),
    ('41b3de4355555555', '3.3333333333333331e+08', '333333333.3333333'),
    ('41b3de4355555556', '3.3333333333333337e+08', '333333333.3333334'),
    ('41b3de4355555557', '3.3333333333333343e+08', '333333333.33333343'),
    ('becbf647612f3696', '-3.3333333333333333e-06', '-0.0000033333333333333333'),
    ('43143ff3c1cb0959', '1.42495392378120625e+15', '1424953923781206.2'))
SELECT ieee754,
       encode(float8send(number::float8), 'hex') = ieee754 AS is_this_double,
       kycvs.canonical(number::jsonb) AS canonical,
       kycvs.canonical(number::jsonb) = canonical AS ok
FROM sample;

-- Infinity can be written in jsonb, but not in canonical form; NaN cannot be written
\set VERBOSITY sqlstate
SELECT kycvs.canonical('1e309');
SELECT kycvs.canonical('[-1e131071]');
\set VERBOSITY default
SELECT kycvs.canonical('[1e309]');

-- between numeric and double: the nearest, ties to even, to zero in the end
SELECT number, kycvs.canonical(number::jsonb)
FROM unnest(ARRAY['2', '2.0', '2.00000000000000000001', '-0.0', '1e-400', '-1e-16383', '9007199254740991',
                  '-9007199254740991', '9007199254740993', '9007199254740995', '1e20', '1e21', '0.1', '123456789012345678901234567890',
                  '1.7976931348623158e308', '2.4703282292062327e-324', '2.4703282292062328e-324', '100', '1.5e-6', '1.5e-7']) AS number;

-- powers of two, whose neighbour below is nearer than the one above
SELECT power, kycvs.canonical(to_jsonb(trim_scale(pow(2::numeric, power))))
FROM unnest(ARRAY[53, 60, 66, 67, 70, 89, 122, 1023]) AS power;
SELECT power, kycvs.canonical(number::jsonb)
FROM (VALUES (-24, '5.9604644775390625e-8'), (-44, '5.684341886080802e-14'), (-1022, '2.2250738585072014e-308'),
             (-1074, '4.9406564584124654e-324')) AS sample (power, number);

-- the example of section 3.2.2, sorted as in 3.2.3
SELECT kycvs.canonical($${
    "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
    "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
    "literals": [null, true, false]}$$);
SELECT kycvs.canonical($${
    "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
    "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"}$$)
     = E'{"\\r":"Carriage Return","1":"One","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis",'
       '"\u20ac":"Euro Sign","\U0001f600":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}' AS sorted;

-- the examples that come with the RFC
SELECT kycvs.canonical('[56, {"d": true, "10": null, "1": [ ]}]');
SELECT kycvs.canonical($${"peach": "This sorting order", "péché": "is wrong according to French",
    "pêche": "but canonicalization MUST", "sin": "ignore locale"}$$);
SELECT kycvs.canonical($${"1": {"f": {"f": "hi", "F": 5}, "\n": 56.0}, "10": { }, "": "empty", "a": { },
    "111": [{"e": "yes", "E": "no"}], "A": { }}$$);
SELECT kycvs.canonical($${"Unnormalized Unicode": "A\u030a"}$$) = E'{"Unnormalized Unicode":"A\u030a"}' AS as_it_was;
SELECT kycvs.canonical($${"\u20ac": "Euro Sign", "\r": "Carriage Return", "\u000a": "Newline", "1": "One",
    "\u0080": "Control\u007f", "\ud83d\ude02": "Smiley", "\u00f6": "Latin Small Letter O With Diaeresis",
    "\ufb33": "Hebrew Letter Dalet With Dagesh", "</script>": "Browser Challenge"}$$)
     = E'{"\\n":"Newline","\\r":"Carriage Return","1":"One","</script>":"Browser Challenge","\u0080":"Control\u007f",'
       '"\u00f6":"Latin Small Letter O With Diaeresis","\u20ac":"Euro Sign","\U0001f602":"Smiley",'
       '"\ufb33":"Hebrew Letter Dalet With Dagesh"}' AS sorted;

-- by UTF-16 code units: surrogates before U+E000, whatever comes before them
SELECT kycvs.canonical(jsonb_object_agg(name, 0)) =
       E'{"":0,"a":0,"aa":0,"a\ud7ff":0,"a\U00010000":0,"a\U0010ffff":0,"a\ue000":0,"a\uffff":0,"b":0}' AS sorted
FROM unnest(ARRAY['b', E'a\uffff', E'a\ue000', E'a\U0010ffff', E'a\U00010000', E'a\ud7ff', 'aa', 'a', '']) AS name;

-- every character below U+0080 but NUL
SELECT kycvs.canonical(to_jsonb(string_agg(chr(code), '' ORDER BY code))) FROM generate_series(1, 127) AS code;

-- lone scalars, empty things, depth
SELECT kycvs.canonical(value) FROM unnest(ARRAY['null', 'true', 'false', '""', '"a"', '7', '[]', '{}', '[[]]', '[{}]', '{"a": []}']::jsonb[]) AS value;
SELECT length(kycvs.canonical((repeat('[', 1000) || repeat(']', 1000))::jsonb));
SELECT kycvs.canonical(NULL);

-- nothing that a session may set changes it
SET extra_float_digits = -15;
SET bytea_output = escape;
SELECT kycvs.canonical('[1424953923781206.25, 0.1, 1e23, "2021-04-02"]');
RESET extra_float_digits;
RESET bytea_output;
