-- A thousand invented persons and what each was given: names in Latin letters, Gujarati and Devanagari, every
-- product, and each of no dose, too few and enough. The clerks' sessions read it from here; it is dropped afterwards.

CREATE SCHEMA sample;

-- k and n count the names of a script and the persons
CREATE TABLE sample.person AS
WITH script (script, given, family) AS (
  VALUES
    (0, string_to_array('Aarav Anita Arjun Deepa Farhan Geeta Imran Jaya Kabir Lakshmi '
                        'Manoj Meera Nikhil Pooja Rahul Ramesh Sana Suresh Tara Vikram', ' '),
        string_to_array('Agarwal Bose Chavan Das Fernandes Ghosh Gupta Iyer Joshi Kapoor '
                        'Khan Kulkarni Mehta Menon Nair Patel Rao Reddy Sharma Singh', ' ')),
    (1, string_to_array('આરવ અનિતા અર્જુન દીપા હેતલ જયા કિરણ કાવ્યા મનોજ મીરા '
                        'નિખિલ પૂજા રાહુલ રમેશ ભાવેશ સુરેશ તારા વિક્રમ જિગ્નેશ હર્ષા', ' '),
        string_to_array('પટેલ મહેતા જોશી દેસાઈ ત્રિવેદી પંડ્યા ભટ્ટ ગાંધી પરમાર સોલંકી '
                        'ચૌહાણ રાઠોડ વ્યાસ દવે રાવલ ઠક્કર પારેખ કોઠારી ઝવેરી શાહ', ' ')),
    (2, string_to_array('आरव अनीता अर्जुन दीपा गीता जया किरण काव्या मनोज मीरा '
                        'निखिल पूजा राहुल रमेश सुनीता सुरेश तारा विक्रम लता हरीश', ' '),
        string_to_array('वर्मा गुप्ता सिंह यादव मिश्रा जोशी कुलकर्णी देशपांडे चव्हाण पाटील '
                        'तिवारी पांडे सक्सेना कपूर मेहता चौधरी दुबे त्रिपाठी अग्रवाल शर्मा', ' '))
)
SELECT n,
       -- three of each twenty of a surname are a family with one telephone
       format('+91 98250 %s', lpad((7 * CASE WHEN k % 20 < 3 THEN n - 3 * (k % 20) ELSE n END)::text, 5, '0')) AS mobile,
       given[1 + k % 20] || ' ' || family[1 + k / 20] AS name,
       1940 + n * 7 % 62 AS birth_year
  FROM generate_series(4, 1000) AS n
  JOIN script ON script = n % 3
 CROSS JOIN LATERAL (SELECT n / 3 - 1 AS k) AS nth
UNION ALL
VALUES (1, '+91 98250 12345', 'Ramesh Patel', 1978),
       (2, '+91 98250 23456', 'હેતલ શાહ', 1994),
       (3, '+91 98250 34567', 'सुनीता शर्मा', 1986);

CREATE TABLE sample.dose AS
WITH product AS (
  SELECT code, doses_required, row_number() OVER (ORDER BY code) - 1 AS nth, count(*) OVER () AS products
    FROM kycvs_data.product
), course AS (
  -- a quarter got none, a quarter all but one, the others all
  SELECT n, code, CASE n / products % 4 WHEN 0 THEN 0 WHEN 1 THEN greatest(doses_required - 1, 1) ELSE doses_required END AS doses
    FROM sample.person JOIN product ON nth = n % products
   WHERE n > 3
  UNION ALL
  VALUES (1, 'COVISHIELD', 2), (2, 'ZYCOV-D', 1), (3, 'COVAXIN', 2)
)
SELECT n, code AS product, date '2021-06-01' + (n % 90)::int + 90 * (nth - 1) AS given_on
  FROM course, generate_series(1, doses) AS nth;

CREATE INDEX ON sample.dose (n);
ANALYZE sample.person, sample.dose;
GRANT USAGE ON SCHEMA sample TO kycvs_registrar;
GRANT SELECT ON ALL TABLES IN SCHEMA sample TO kycvs_registrar;
