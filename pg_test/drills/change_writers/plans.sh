# shellcheck shell=bash disable=SC2034
# The plans of drill change_writers. Each function says what the table is, what is wished, and how clients of the old and of the
# new shape write a value that a number makes.
#
#   make           what makes the tables, in a schema of their own
#   plainly        what the plain statement does not do, and the product does
#   fill           what follows when the rows are there
#   ddl, up, down  the wish
#   old, new       columns that clients of a shape write, and old_v, new_v what: expressions over :v; old_c, new_c the same for
#                  COPY, where V is the number
#   hidden         columns that clients of the new shape write until the gate, where they are reserved names; ID is the change
#   old_t, new_t   the table of each
#   is_old, is_new the number, from a row
#   old_to         until when the old shape is in force: gate, or end
#   new_from       from when the new one is: start, expand, gate, or never
#   new_to         until when: back (the change is taken back), or end
#   steps          undo, or done: where nothing is taken away there is nothing to take back
#   most           the greatest number, where not all will do
#   none           what cannot be written so: MERGE, COPY
#   both           columns of the old shape that are made from the new one and the other way round, while both are there
#   stays          whether that holds after contraction too, under their reserved names
#   neutral        tables whose writers know neither shape
#   sane           true of every row at the end

defaults() {
    make='' up='' down='' old=a new=a old_v=:v new_v=:v old_c=V new_c=V hidden='' old_t=t new_t=t is_old=a is_new=a
    old_to=gate new_from=expand new_to=back steps=undo most='' none='' sane=true from=101 to=1500 neutral=t also='' old_logs=:v both='' stays='' fill='' plainly=''
}
# Table t with these columns beside its key, a counter and some width.
table_of() { echo "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL DEFAULT 0, pad text DEFAULT repeat('x', 300), $1)"; }
in_partitions() {
    echo "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL DEFAULT 0, pad text DEFAULT repeat('x', 300), $1) PARTITION BY RANGE (id);
          CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (1000); CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (1000) TO (2000);
          CREATE TABLE td PARTITION OF t DEFAULT"
}

rename_column() {
    both='a'
    make="$(table_of 'a int NOT NULL DEFAULT 7 CHECK (a >= 0)'); CREATE INDEX t_a ON t (a); COMMENT ON COLUMN t.a IS 'of old';
          GRANT UPDATE (a) ON t TO watcher; CREATE VIEW seen AS SELECT id, a AS x FROM t"
    ddl='ALTER TABLE t RENAME COLUMN a TO b' new=b is_new=b
}
rename_column_partitions() {
    both='a'
    make="$(in_partitions 'a int NOT NULL DEFAULT 7'); CREATE INDEX t_a ON t (a)"
    ddl='ALTER TABLE t RENAME COLUMN a TO b' new=b is_new=b
}
rename_column_of_a_child() {
    both='a'
    make="CREATE TABLE above (id int, n int NOT NULL DEFAULT 0, pad text DEFAULT repeat('x', 300));
          CREATE TABLE t (a int, PRIMARY KEY (id)) INHERITS (above); GRANT ALL ON above TO app, counter"
    ddl='ALTER TABLE t RENAME COLUMN a TO b' new=b is_new=b neutral=above
}
rename_column_of_a_parent() {
    both='a'
    make="CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL DEFAULT 0, pad text DEFAULT repeat('x', 300), a int NOT NULL DEFAULT 7);
          CREATE TABLE heir (more int) INHERITS (t); CREATE TABLE heir_of_heir (again int) INHERITS (heir); CREATE INDEX heir_a ON heir (a); GRANT ALL ON heir, heir_of_heir TO app, counter"
    ddl='ALTER TABLE t RENAME COLUMN a TO b' new=b is_new=b
}
rename_table() {
    make="$(table_of 'a int CHECK (a >= 0)'); COMMENT ON TABLE t IS 'of old'"
    ddl='ALTER TABLE t RENAME TO t_new' new_t=t_new neutral='' none=MERGE
}
rename_table_partitions() {
    make="$(in_partitions 'a int')"
    ddl='ALTER TABLE t RENAME TO t_new' new_t=t_new neutral='' none=MERGE
}
set_schema() {
    make="$(table_of 'a int CHECK (a >= 0)'); GRANT SELECT ON t TO watcher"
    ddl='ALTER TABLE t SET SCHEMA elsewhere' new_t=elsewhere.t neutral='' none=MERGE also=elsewhere
}
type_derived() {
    both='a' stays=yes
    make="$(table_of 'a int NOT NULL DEFAULT 7 CHECK (a >= 0)'); CREATE INDEX t_a ON t (a); CREATE UNIQUE INDEX t_ai ON t (a, id);
          COMMENT ON COLUMN t.a IS 'of old'; COMMENT ON INDEX t_a IS 'of old'; GRANT UPDATE (a) ON t TO watcher"
    ddl='ALTER TABLE t ALTER COLUMN a TYPE bigint' old_to=end hidden=_dgID_a
}
type_partitions() {
    both='a' stays=yes
    make="$(in_partitions 'a int NOT NULL DEFAULT 7')"
    ddl='ALTER TABLE t ALTER COLUMN a TYPE bigint' old_to=end hidden=_dgID_a
}
type_partitions_indexed() {
    both='a' stays=yes
    make="$(in_partitions 'a int NOT NULL DEFAULT 7'); CREATE INDEX t_a ON t (a); CREATE UNIQUE INDEX t_ai ON t (abs(a), id); CREATE INDEX own ON t1 (a, n);
          ALTER TABLE t ADD CONSTRAINT t_once UNIQUE (id, a); ALTER TABLE t2 ADD CONSTRAINT own_check CHECK (a > -1)"
    ddl='ALTER TABLE t ALTER COLUMN a TYPE bigint' old_to=end hidden=_dgID_a
}
# Rows that neither shape is written in are in its heirs.
in_heirs() {
    make="CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL DEFAULT 0, pad text DEFAULT repeat('x', 300), $1);
          CREATE TABLE heir (more int) INHERITS (t); CREATE TABLE heir_of_heir (again int) INHERITS (heir); GRANT ALL ON heir, heir_of_heir TO app, counter"
    fill='WITH m AS (DELETE FROM ONLY t WHERE id < 40 RETURNING *) INSERT INTO heir SELECT * FROM m;
          WITH m AS (DELETE FROM ONLY t WHERE id BETWEEN 40 AND 80 RETURNING *) INSERT INTO heir_of_heir SELECT * FROM m;'
}
type_of_a_parent() {
    both='a' stays=yes
    in_heirs 'a int NOT NULL DEFAULT 7 CHECK (a >= 0)'
    make="$make; CREATE INDEX t_a ON t (a); CREATE INDEX heir_a ON heir (a, more); ALTER TABLE heir_of_heir ADD PRIMARY KEY (id, a);
          ALTER TABLE heir ADD CONSTRAINT own_check CHECK (a > -1 OR more > 0)"
    ddl='ALTER TABLE t ALTER COLUMN a TYPE bigint' old_to=end hidden=_dgID_a
}
split_of_a_parent() {
    split
    in_heirs 'name text'
}
drop_column_of_a_parent() {
    drop_column
    in_heirs 'a int, fax int NOT NULL DEFAULT 3 CHECK (fax > 0)'
    make="$make; CREATE INDEX heir_fax ON heir (fax); ALTER TABLE heir_of_heir ADD UNIQUE (fax, id)"
}
type_of_a_child() {
    both='a' stays=yes
    make="CREATE TABLE above (id int, n int NOT NULL DEFAULT 0, pad text DEFAULT repeat('x', 300));
          CREATE TABLE t (a int NOT NULL, PRIMARY KEY (id)) INHERITS (above); GRANT ALL ON above TO app, counter"
    ddl='ALTER TABLE t ALTER COLUMN a TYPE bigint' neutral=above old_to=end hidden=_dgID_a
}
type_using() {
    both='a' stays=yes
    make="$(table_of 'a int CHECK (a IS NOT NULL)'); ALTER TABLE t ADD UNIQUE (a)"
    ddl="ALTER TABLE t ALTER COLUMN a TYPE text USING 'x' || a" down='substr(a, 2)::int' hidden=_dgID_a
    new_v="'x' || :v" new_c=xV is_new='substr(a, 2)::int'
}
# Rows that others refer to are never deleted: those below 101.
type_of_a_key() {
    make="$(table_of 'a int'); CREATE TABLE c (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, t_id int NOT NULL REFERENCES t ON DELETE CASCADE);
          CREATE TABLE c2 (t_id int CONSTRAINT mine REFERENCES t (id)); GRANT ALL ON c, c2 TO app, counter"
    ddl='ALTER TABLE t ALTER COLUMN id TYPE bigint' old_to=end new_from=never neutral='t c' fill='INSERT INTO c2 VALUES (1)'
}
type_of_a_serial() {
    make="$(table_of 'a int, s serial, g int GENERATED BY DEFAULT AS IDENTITY'); GRANT USAGE ON SEQUENCE t_s_seq TO app"
    ddl='ALTER TABLE t ALTER COLUMN s TYPE bigint' plainly='ALTER SEQUENCE t_s_seq AS bigint' old_to=end new_from=never sane='s IS NOT NULL AND g IS NOT NULL'
}
type_of_an_identity() {
    make="$(table_of 'a int, s serial, g int GENERATED BY DEFAULT AS IDENTITY'); GRANT USAGE ON SEQUENCE t_s_seq TO app"
    ddl='ALTER TABLE t ALTER COLUMN g TYPE bigint' old_to=end new_from=never sane='s IS NOT NULL AND g IS NOT NULL'
}
split() {
    both='name' stays=yes
    make="$(table_of 'name text')"
    ddl='ALTER TABLE t ADD COLUMN first text, ADD COLUMN last text, DROP COLUMN name'
    up='{"first": "split_part(name, '"' '"', 1)", "last": "split_part(name, '"' '"', 2)"}' down='{"name": "first || '"' '"' || last"}'
    old=name old_v="'f' || :v || ' l' || :v" old_c='fV lV' is_old="substr(split_part(name, ' ', 1), 2)::int"
    new=first,last new_v="'f' || :v, 'l' || :v" new_c='fV	lV' is_new="CASE WHEN substr(first, 2) = substr(last, 2) THEN substr(last, 2)::int END"
}
merge() {
    both='first last' stays=yes
    make="$(table_of 'first text, last text')"
    ddl='ALTER TABLE t ADD COLUMN name text, DROP COLUMN first, DROP COLUMN last'
    down='{"first": "split_part(name, '"' '"', 1)", "last": "split_part(name, '"' '"', 2)"}' up='{"name": "first || '"' '"' || last"}'
    new=name new_v="'f' || :v || ' l' || :v" new_c='fV lV' is_new="substr(split_part(name, ' ', 1), 2)::int"
    old=first,last old_v="'f' || :v, 'l' || :v" old_c='fV	lV' is_old="CASE WHEN substr(first, 2) = substr(last, 2) THEN substr(last, 2)::int END"
}
split_partitions() {
    split
    make="$(in_partitions 'name text')"
}
set_not_null_partitions() {
    set_not_null
    make="$(in_partitions 'a int')"
}
add_unique_partitions() {
    make="$(in_partitions 'a int')" ddl='ALTER TABLE t ADD CONSTRAINT t_a_key UNIQUE (a, id)' old_to=end new_from=never
}
set_not_null() {
    make="$(table_of 'a int')"
    ddl='ALTER TABLE t ALTER COLUMN a SET NOT NULL' up='id % 100' old_v=NULL old_c='\N' old_logs=':id % 100'
    is_old='coalesce(a, id % 100)' new_from=start new_to=end
}
add_check() {
    make="$(table_of 'a int')" ddl='ALTER TABLE t ADD CONSTRAINT t_a_check CHECK (a >= 0)' old_to=end new_from=never steps=done
}
add_foreign_key() {
    make="$(table_of 'a int'); CREATE TABLE r (id int PRIMARY KEY); INSERT INTO r SELECT generate_series(1, 60)"
    ddl='ALTER TABLE t ADD CONSTRAINT t_r FOREIGN KEY (a) REFERENCES r' old_to=end new_from=never steps=done most=60
}
add_foreign_key_partitions() {
    make="$(in_partitions 'a int'); CREATE TABLE r (id int PRIMARY KEY); INSERT INTO r SELECT generate_series(1, 60)"
    ddl='ALTER TABLE t ADD CONSTRAINT t_r FOREIGN KEY (a) REFERENCES r' old_to=end new_from=never most=60
}
add_unique() {
    make="$(table_of 'a int')" ddl='ALTER TABLE t ADD CONSTRAINT t_a_key UNIQUE (a)' old_to=end new_from=never
}
add_column_not_null() {
    make="$(table_of 'a int')" ddl='ALTER TABLE t ADD COLUMN b int NOT NULL' up='id % 100'
    new=a,b new_v=':v, 5' new_c='V	5' sane='b IN (5, id % 100)'
}
add_column_volatile() {
    make="$(table_of 'a int')" ddl='ALTER TABLE t ADD COLUMN b uuid NOT NULL DEFAULT gen_random_uuid()'
    old_to=end new_from=never sane='b IS NOT NULL'
}
add_column_partitions() {
    make="$(in_partitions 'a int')" ddl='ALTER TABLE t ADD COLUMN b timestamptz NOT NULL DEFAULT clock_timestamp()'
    old_to=end new_from=never sane='b IS NOT NULL'
}
add_serial() {
    make="$(table_of 'a int')" ddl='ALTER TABLE t ADD COLUMN b serial' plainly='GRANT USAGE ON SEQUENCE t_b_seq TO app' old_to=end new_from=never sane='b > 0'
}
add_identity() {
    make="$(table_of 'a int')" ddl='ALTER TABLE t ADD COLUMN b int GENERATED BY DEFAULT AS IDENTITY UNIQUE'
    old_to=end new_from=never sane='b > 0'
}
create_index() {
    make="$(table_of 'a int')" ddl='CREATE UNIQUE INDEX t_a ON t (a)' old_to=end new_from=never steps=done
}
create_index_partitions() {
    make="$(in_partitions 'a int')" ddl='CREATE INDEX t_a ON t (a)' old_to=end new_from=never steps=done
}
detach_partition() {
    make="CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL DEFAULT 0, pad text, a int) PARTITION BY RANGE (id);
          CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (1000); CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (1000) TO (2000); GRANT ALL ON t2 TO app"
    ddl='ALTER TABLE t DETACH PARTITION t2' new_t=t2 new_from=start new_to=end from=1001 none=COPY is_new=a
}
drop_column() {
    make="$(table_of 'a int, fax int NOT NULL DEFAULT 3 CHECK (fax > 0)'); CREATE INDEX t_fax ON t (fax); COMMENT ON COLUMN t.fax IS 'of old';
          GRANT SELECT (fax) ON t TO watcher"
    ddl='ALTER TABLE t DROP COLUMN fax' old=a,fax old_v=':v, 4' old_c='V	4' new_from=start new_to=end
}
drop_check() {
    make="$(table_of 'a int'); ALTER TABLE t ADD CONSTRAINT t_a_check CHECK (a >= 0); COMMENT ON CONSTRAINT t_a_check ON t IS 'of old'"
    ddl='ALTER TABLE t DROP CONSTRAINT t_a_check' old_to=end new_from=never
}
drop_foreign_key() {
    make="$(table_of 'a int'); CREATE TABLE r (id int PRIMARY KEY); INSERT INTO r SELECT generate_series(1, 60); ALTER TABLE t ADD CONSTRAINT t_r FOREIGN KEY (a) REFERENCES r"
    ddl='ALTER TABLE t DROP CONSTRAINT t_r' old_to=end new_from=never most=60
}
drop_unique() {
    make="$(table_of 'a int'); ALTER TABLE t ADD CONSTRAINT t_a_key UNIQUE (a)"
    ddl='ALTER TABLE t DROP CONSTRAINT t_a_key' old_to=end new_from=never
}
drop_not_null() {
    make="$(table_of 'a int NOT NULL')" ddl='ALTER TABLE t ALTER COLUMN a DROP NOT NULL' old_to=end new_from=never
}
drop_table() {
    make="$(table_of 'a int DEFAULT 7 CHECK (a >= 0), s serial'); CREATE INDEX t_a ON t (a); COMMENT ON TABLE t IS 'of old'; GRANT SELECT ON t TO watcher; GRANT USAGE ON SEQUENCE t_s_seq TO app"
    ddl='DROP TABLE t' new_from=never neutral=''
}
rename_value() {
    make="CREATE TYPE colour AS ENUM ('red', 'green'); $(table_of 'a colour')"
    ddl="ALTER TYPE colour RENAME VALUE 'red' TO 'rouge'" most=2 new_from=gate
    old_v="(CASE :v::int WHEN 1 THEN 'red' ELSE 'green' END)::colour" new_v="(CASE :v::int WHEN 1 THEN 'rouge' ELSE 'green' END)::colour"
    is_old="CASE WHEN a::text = 'green' THEN 2 ELSE 1 END" is_new=$is_old none=COPY
    is_new="CASE WHEN a::text = 'green' THEN 2 ELSE 1 END"
}
every="rename_column rename_column_partitions rename_column_of_a_child rename_column_of_a_parent rename_table rename_table_partitions set_schema
    type_derived type_partitions type_partitions_indexed type_of_a_child type_of_a_parent type_using type_of_a_key type_of_a_serial type_of_an_identity split
    split_partitions split_of_a_parent merge set_not_null set_not_null_partitions add_check add_foreign_key add_foreign_key_partitions
    add_unique add_unique_partitions add_column_not_null add_column_volatile add_column_partitions add_serial
    add_identity create_index create_index_partitions detach_partition drop_column drop_column_of_a_parent drop_check drop_foreign_key
    drop_unique drop_not_null drop_table rename_value"
