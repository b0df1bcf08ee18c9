CREATE TABLE booking (
  pnr text PRIMARY KEY,
  passenger text NOT NULL,
  train text NOT NULL,
  travel_date date NOT NULL,
  receipt jsonb NOT NULL
);

CREATE TABLE ticket (
  pnr text PRIMARY KEY REFERENCES booking,
  answer jsonb NOT NULL
);

-- The first half: asks the registry, and commits.
CREATE PROCEDURE start_booking(pnr text, mobile text, passenger text, train text, travel_date date)
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO booking VALUES (pnr, passenger, train, travel_date,
    kycvs_issue_otp(mobile, passenger, 'ticket-booking', 'PNR ' || pnr, travel_date));
  COMMIT;
END $$;

-- The second half: the password, the answer and the ticket in one transaction.
CREATE PROCEDURE confirm_booking(pnr text, otp text, consent boolean,
  INOUT status int DEFAULT NULL, INOUT jti text DEFAULT NULL, INOUT outcome text DEFAULT 'no ticket')
LANGUAGE plpgsql AS $$
DECLARE
  b booking;
  answer jsonb;
  claims jsonb;
BEGIN
  SELECT * INTO STRICT b FROM booking WHERE booking.pnr = confirm_booking.pnr FOR UPDATE;
  answer := kycvs_status(kycvs_verify_otp((b.receipt ->> 'jti')::uuid, otp, consent), b.travel_date);
  claims := kycvs_verify(answer, 'irctc', 'PNR ' || pnr, b.passenger);
  status := claims ->> 'status';
  jti := claims ->> 'jti';
  IF claims ->> 'match' = 'none' THEN
    outcome := 'no record found';
  ELSIF status = 2 THEN
    INSERT INTO ticket VALUES (pnr, answer);
    outcome := 'ticket';
  END IF;
END $$;
