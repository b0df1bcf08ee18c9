-- Bytes of persons by table and index: rows or keys, free space and visibility maps, TOAST.
SELECT p.relname, sum(pg_relation_size(c.oid)), sum(pg_relation_size(c.oid, 'fsm') + pg_relation_size(c.oid, 'vm')),
       coalesce(sum(pg_total_relation_size(nullif(c.reltoastrelid, 0))), 0)
  FROM pg_inherits AS h JOIN pg_class AS c ON c.oid = h.inhrelid JOIN pg_class AS p ON p.oid = h.inhparent
 WHERE p.oid IN ('kycvs_data.person'::regclass, 'kycvs_data.person_pkey'::regclass)
 GROUP BY p.relname ORDER BY p.relname DESC;
