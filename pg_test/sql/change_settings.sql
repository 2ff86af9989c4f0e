-- What a date written as text means, and how constants of definitions are spelt, depends on settings: those of a change are the
-- proposal's, whoever writes, advances or takes back.
\set SHOW_CONTEXT never
CREATE ROLE change_settings_owner;
CREATE SCHEMA shop AUTHORIZATION change_settings_owner;
SET ROLE change_settings_owner;
SET datestyle = ISO;
SET timezone = 'UTC';
CREATE TABLE shop.item (
    id int PRIMARY KEY, written text, day date DEFAULT '2020-04-03', at timestamptz DEFAULT '2020-04-03 12:00',
    since interval DEFAULT '-1 day -2:00', CONSTRAINT late CHECK (day < '2030-05-06'));
CREATE POLICY recent ON shop.item USING (day > '2020-04-03');
CREATE TABLE shop.event (id int, day date) PARTITION BY RANGE (day);
CREATE TABLE shop.event_1 PARTITION OF shop.event FOR VALUES FROM ('2020-04-03') TO ('2021-04-03');
INSERT INTO shop.item (id, written, day) VALUES (1, '03/04/2020', '2020-01-01');
RESET ROLE;
SELECT governance.declare_party('sales', db_roles => '{change_settings_owner}');
SELECT governance.declare_dataset('shop.item', 'sales', 'master');
SELECT governance.declare_dataset('shop.event', 'sales', 'master');
SET ROLE change_settings_owner;

-- definitions that are kept in one style and come back in another
SET datestyle = 'SQL, DMY';
SET timezone = 'Asia/Kolkata';
SET intervalstyle = sql_standard;
SELECT governance.propose_change('ALTER TABLE shop.item DROP CONSTRAINT late', 'x') AS late \gset
SELECT governance.propose_change('DROP POLICY recent ON shop.item', 'x') AS recent \gset
SELECT governance.propose_change('DROP TABLE shop.event_1', 'x') AS event \gset
SELECT governance.propose_change('ALTER TABLE shop.item ALTER at DROP DEFAULT', 'x') AS at \gset
SELECT governance.propose_change('ALTER TABLE shop.item ALTER since DROP DEFAULT', 'x') AS since \gset
SELECT governance.approve_change(c, 'yes', '{not_observed}')
  FROM unnest(ARRAY[:late, :recent, :event, :at, :since]) c;
CALL governance.advance_change(:late);
CALL governance.advance_change(:recent);
CALL governance.advance_change(:event);
CALL governance.advance_change(:at);
CALL governance.advance_change(:since);
SHOW datestyle;
SHOW intervalstyle;
SET datestyle = 'ISO, MDY';
SET timezone = 'America/New_York';
SET intervalstyle = postgres;
SELECT governance.undo_change(c) FROM unnest(ARRAY[:late, :recent, :event, :at, :since]) c;
CALL governance.advance_change(:late);
SET timezone = 'UTC';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'late';
SELECT pg_get_expr(polqual, polrelid) FROM pg_policy WHERE polname = 'recent';
SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE oid = 'shop.event_1'::regclass;
SELECT attname, replace(pg_get_expr(adbin, adrelid), ':00', '') FROM pg_attrdef JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
 WHERE adrelid = 'shop.item'::regclass ORDER BY 1;

-- one text, one date: the copy, writers of either style, before and after
SET datestyle = 'SQL, DMY';
SELECT governance.propose_change('ALTER TABLE shop.item ALTER written TYPE date USING written::date', 'x', down => 'written::text') AS one \gset
SELECT governance.approve_change(:one, 'yes', '{not_observed}');
SET datestyle = 'ISO, MDY';
CALL governance.advance_change(:one);
INSERT INTO shop.item (id, written) VALUES (2, '03/04/2020');
SET datestyle = 'SQL, DMY';
INSERT INTO shop.item (id, written) VALUES (3, '03/04/2020');
SET datestyle = 'ISO, YMD';
SELECT id, written, _dg6_written FROM shop.item ORDER BY id;
CALL governance.advance_change(:one);
UPDATE shop.item SET written = '2020-12-11' WHERE id = 2;
SHOW datestyle;
SELECT id, written, _dg6_written FROM shop.item ORDER BY id;
SELECT governance.undo_change(:one);

-- a date is the midnight of the proposal's zone
SET timezone = 'UTC';
CREATE TABLE shop.plain (id int PRIMARY KEY, day date);
INSERT INTO shop.plain VALUES (1, '2020-04-03');
SET timezone = 'Asia/Kolkata';
SELECT governance.propose_change('ALTER TABLE shop.plain ALTER day TYPE timestamptz', 'x') AS two \gset
SELECT governance.approve_change(:two, 'yes', '{not_observed}');
SET timezone = 'America/New_York';
CALL governance.advance_change(:two);
INSERT INTO shop.plain VALUES (2, '2020-04-03');
CALL governance.advance_change(:two);
SELECT id, day = '2020-04-03 00:00+05:30' AS is_right FROM shop.plain ORDER BY id;
SELECT governance.undo_change(:two);
SELECT * FROM shop.plain ORDER BY id;

-- what a derived `down` cannot hold never stops who writes the new type; where nobody knows, somebody has to say
CREATE TABLE shop.number (id int PRIMARY KEY, r real, list int[], bits bit(4));
INSERT INTO shop.number VALUES (1, 1.5, '{1}', '1010');
SELECT governance.propose_change('ALTER TABLE shop.number ALTER list TYPE bigint[]', 'x');
SELECT governance.propose_change('ALTER TABLE shop.number ALTER bits TYPE bit(8) USING bits::bit(8)', 'x');
SELECT governance.propose_change('ALTER TABLE shop.number ALTER r TYPE double precision', 'x') AS three \gset
SELECT governance.approve_change(:three, 'yes', '{not_observed}');
CALL governance.advance_change(:three);
CALL governance.advance_change(:three);
INSERT INTO shop.number (id, r) VALUES (2, 1e300), (3, 1e-300), (4, 'inf'), (5, 'nan'), (6, 0), (7, -2.5), (8, NULL);
SELECT governance.undo_change(:three);
SELECT id, r FROM shop.number ORDER BY id;

-- NOT NULL that is lost is told by the name the column has again
CREATE TABLE shop.person (id int PRIMARY KEY, name text NOT NULL);
INSERT INTO shop.person VALUES (1, 'a b');
SELECT governance.propose_change('ALTER TABLE shop.person ADD COLUMN first text, ADD COLUMN last text, DROP COLUMN name', 'x',
    up => '{"first": "split_part(name, '' '', 1)", "last": "split_part(name, '' '', 2)"}', down => 'first || '' '' || last') AS four \gset
SELECT governance.approve_change(:four, 'yes', '{not_observed}');
CALL governance.advance_change(:four);
CALL governance.advance_change(:four);
INSERT INTO shop.person (id, first) VALUES (2, 'only');
SELECT governance.undo_change(:four);

-- a new column that is made from text: old rows, and those of clients that do not know it, in whatever style they write
CREATE TABLE shop.note (id int PRIMARY KEY, written text);
INSERT INTO shop.note VALUES (1, '03/04/2020');
SET datestyle = 'SQL, DMY';
SELECT governance.propose_change('ALTER TABLE shop.note ADD COLUMN day date NOT NULL', 'x', up => 'written::date') AS five \gset
SELECT governance.approve_change(:five, 'yes');
SET datestyle = 'ISO, MDY';
CALL governance.advance_change(:five);
INSERT INTO shop.note (id, written) VALUES (2, '03/04/2020');
SELECT * FROM shop.note ORDER BY id;
SELECT governance.abort_change(:five);

-- the sign of an interval is what it is for whoever proposes
SET intervalstyle = sql_standard;
SELECT governance.propose_change('ALTER TABLE shop.note ADD COLUMN span interval NOT NULL', 'x', up => '''-1 2:00''::interval') AS six \gset
RESET intervalstyle;
SELECT governance.approve_change(:six, 'yes');
CALL governance.advance_change(:six);
SELECT round(extract(epoch FROM span) / 3600) AS hours FROM shop.note ORDER BY id;
