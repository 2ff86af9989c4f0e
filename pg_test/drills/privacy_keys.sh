#!/usr/bin/env bash
# Keys of keyed masks: epochs, recipients, rotation in a living session, destruction, dump and restore.
. "$(dirname "$0")/../lib.sh"
dg_work
key=$DG_WORK/privacy_keys.key
dg_as sh -c "head -c 32 /dev/urandom >'$key' && chmod 600 '$key'"
dg_start privacy_keys "governance.key_file=$key" session_preload_libraries=data_governance
trap 'dg_stop privacy_keys' EXIT
dg_sql -c "SET client_min_messages = warning; CREATE EXTENSION data_governance"
dg_sql >/dev/null <<'SQL'
CREATE ROLE masked LOGIN;
CREATE TABLE person (id int PRIMARY KEY, ssn text);
INSERT INTO person SELECT g, 'RAWCANARY' || g FROM generate_series(1, 1000) g;
CREATE TABLE visit (at int, ssn text); INSERT INTO visit SELECT id, ssn FROM person;
GRANT SELECT ON person, visit TO masked;
SELECT governance.tag_column('person', 'ssn', 'pii.national_id'), governance.tag_column('visit', 'ssn', 'pii.national_id'), governance.mask_role('masked');
SELECT governance.set_mask('pii.national_id', 'pseudonym', reason => 'test');
SQL
one() { dg_sql -U masked -c "SELECT ssn FROM person WHERE id = 1"; }
for_acme() { PGOPTIONS="-c governance.recipient=acme" dg_sql -c "SELECT ssn FROM person WHERE id = 1"; }
first=$(one)
dg_is "a key was made with the first masked role" "|1|in use" "$(dg_sql -c "SELECT recipient, epoch, state FROM governance.keys")"
dg_is "the same person has the same pseudonym in both tables" 1000 "$(dg_sql -U masked -c "SELECT count(*) FROM person p JOIN visit v USING (ssn) WHERE p.id = v.at")"
acme=$(for_acme)
dg_is "a recipient has pseudonyms of its own" t "$([ "$acme" != "$first" ] && [ ${#acme} = 32 ] && echo t)"
# A session with a cached plan, before and after.
dg_is "rotation is seen by a plan that was made before" "t" "$(dg_sql -U masked <<SQL
SET plan_cache_mode = force_generic_plan;
PREPARE p AS SELECT ssn FROM person WHERE id = 1;
CREATE TEMP TABLE before AS EXECUTE p;
\! $DG_BIN/psql -XqAt -h $DG_WORK/privacy_keys -U postgres -d postgres -c "SELECT governance.rotate_key(reason => 'a year is over')" >/dev/null
CREATE TEMP TABLE after AS EXECUTE p;
SELECT before.ssn <> after.ssn FROM before, after;
SQL
)"
second=$(one)
dg_is "after rotation pseudonyms are others" t "$([ "$second" != "$first" ] && [ ${#second} = 32 ] && echo t)"
dg_is "and join among themselves" 1000 "$(dg_sql -U masked -c "SELECT count(*) FROM person p JOIN visit v USING (ssn) WHERE p.id = v.at")"
dg_is "those of a recipient without a key of its own change too" t "$([ "$(for_acme)" != "$acme" ] && echo t)"
acme=$(for_acme)
dg_sql -c "SELECT governance.create_key('acme')" >/dev/null
own=$(for_acme)
dg_is "with a key of its own they change again" t "$([ "$own" != "$acme" ] && echo t)"
dg_sql -c "SELECT governance.rotate_key()" >/dev/null
dg_is "and then stay when the others' key is rotated" "$own" "$(for_acme)"
dg_is "three epochs of everybody, one of acme" "acme|1|in use
|1|retired
|2|retired
|3|in use" "$(dg_sql -c "SELECT recipient, epoch, state FROM governance.keys ORDER BY recipient NULLS LAST, epoch")"
dg_is "a rotation that is rolled back leaves pseudonyms as they were" "$(one)" "$(dg_sql -c "BEGIN; SELECT governance.rotate_key(); ROLLBACK" >/dev/null; one)"
dg_is "destroying needs a reason" "ERROR:  destroy_key needs a reason" "$(dg_sql -c "SELECT governance.destroy_key(id) FROM governance.keys WHERE recipient = 'acme'" 2>&1 | head -1)"
dg_is "a destroyed key gives NULL, never a raw value nor an older epoch" "" "$(dg_sql -c "SELECT governance.destroy_key(id, 'contract ended') FROM governance.keys WHERE recipient = 'acme'" 2>/dev/null; for_acme)"
dg_is "destroying twice is refused" "ERROR:  there is no key" "$(dg_sql -c "SELECT governance.destroy_key(id, 'again') FROM governance.keys WHERE recipient = 'acme'" 2>&1 | head -1 | cut -c1-23)"
dg_is "nothing of it is left in the table" "0" "$(dg_sql -c "SELECT count(wrapped) + count(nonce) FROM governance.key WHERE recipient = 'acme'")"
dg_is "it is in the audit log with its reason" "create_key|
destroy_key|contract ended" "$(dg_sql -c "SELECT op, reason FROM governance.audit_log WHERE op LIKE '%_key' AND (new_row ->> 'recipient') = 'acme' ORDER BY id")"
dg_sql -c "SELECT governance.rotate_key('acme')" >/dev/null
dg_is "rotation makes it whole again" 32 "$(for_acme | awk '{print length($0)}')"
dg_is "not even pg_read_all_data sees more than wrapped keys" t "$(dg_sql -c "SELECT bool_and(length(wrapped) = 48) FROM governance.key WHERE destroyed_at IS NULL")"
# Keys travel with a dump, wrapped; where the wrapping key is the same they open.
third=$(one)
"$DG_BIN/pg_dump" postgres >"$DG_WORK/privacy_keys.dump"
dg_sql -c "CREATE DATABASE other"
dg_sql -d other -f "$DG_WORK/privacy_keys.dump" >/dev/null 2>&1
dg_is "pseudonyms are the same after dump and restore" "$third" "$(dg_sql -d other -U masked -c "SELECT ssn FROM person WHERE id = 1")"
# Moving a wrapped key to another row does not make it another's.
dg_sql -c "SELECT governance.set_level('guard.disabling-guard', 'off', reason => 'test')" >/dev/null
dg_sql -c "UPDATE governance.key k SET wrapped = o.wrapped, nonce = o.nonce FROM governance.key o WHERE k.recipient = 'acme' AND k.epoch = 2 AND o.recipient = '' AND o.epoch = 3"
dg_is "a wrapped key that was moved does not open" "" "$(for_acme)"
