//! Tests inside a server: rules that hold for the whole extension, and the shortest way through the registry.
use pgrx::prelude::*;

#[pg_schema]
mod tests {
    use super::*;

    /// The rows of a query with one text column.
    fn texts(sql: &str) -> Vec<String> {
        crate::pg::spi::select(sql, &[], |row| row.must::<String>(1))
    }

    #[pg_test]
    fn every_object_has_a_comment() {
        let bare = texts(
            "SELECT format('%s %s', kind, object) FROM (
                 SELECT 'relation', c.oid::regclass::text, obj_description(c.oid, 'pg_class')
                   FROM pg_class c WHERE c.relnamespace = 'governance'::regnamespace AND c.relkind IN ('r', 'v', 'S', 'm')
                 UNION ALL
                 SELECT 'column', c.oid::regclass || '.' || a.attname, col_description(c.oid, a.attnum)
                   FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                  WHERE c.relnamespace = 'governance'::regnamespace AND c.relkind = 'r' AND NOT c.relispartition
                 UNION ALL
                 SELECT 'routine', p.oid::regprocedure::text, obj_description(p.oid, 'pg_proc')
                   FROM pg_proc p WHERE p.pronamespace = 'governance'::regnamespace
                 UNION ALL
                 SELECT 'type', t.oid::regtype::text, obj_description(t.oid, 'pg_type')
                   FROM pg_type t WHERE t.typnamespace = 'governance'::regnamespace AND t.typtype IN ('d', 'e')
                 UNION ALL
                 SELECT 'event trigger', e.evtname::text, obj_description(e.oid, 'pg_event_trigger')
                   FROM pg_event_trigger e
                 UNION ALL
                 SELECT 'schema', 'governance', obj_description('governance'::regnamespace, 'pg_namespace')
             ) o (kind, object, comment) WHERE comment IS NULL ORDER BY 1",
        );
        assert!(bare.is_empty(), "without a comment: {bare:#?}");
    }

    #[pg_test]
    fn every_function_fixes_its_search_path() {
        // Procedures that commit may have no SET clause: they set the path inside. The exceptions are called per value or
        // row and look nothing up by name (docs/decisions/004-callers-search-path.md), or set it as long as a query runs.
        let free = texts(
            "SELECT p.oid::regprocedure::text FROM pg_proc p
              WHERE p.pronamespace = 'governance'::regnamespace AND p.prokind = 'f'
                AND p.proname NOT IN ('_audit_row', '_convert', '_dual_write', '_mask', 'export_query')
                AND p.prosrc <> 'data_governance_mask_call'
                AND NOT EXISTS (SELECT FROM unnest(p.proconfig) s WHERE s LIKE 'search\\_path=pg\\_catalog, pg\\_temp')
              ORDER BY 1",
        );
        assert!(free.is_empty(), "without a fixed search_path: {free:#?}");
    }

    #[pg_test]
    fn nothing_is_granted_to_public_but_reading_and_calling() {
        let written = texts(
            "SELECT c.oid::regclass || ' ' || a.privilege_type
               FROM pg_class c, aclexplode(c.relacl) a
              WHERE c.relnamespace = 'governance'::regnamespace AND a.grantee = 0 AND a.privilege_type <> 'SELECT'",
        );
        assert!(written.is_empty(), "PUBLIC may write: {written:#?}");
    }

    #[pg_test]
    fn a_declaration_is_seen_and_follows_a_rename() {
        Spi::run(
            "CREATE SCHEMA \"Odd.One\";
             CREATE TABLE \"Odd.One\".\"My \"\"Table\"\"\" (id int PRIMARY KEY);
             SELECT governance.declare_party('shop', db_roles => ARRAY[current_user::text]);
             SELECT governance.declare_dataset('\"Odd.One\".\"My \"\"Table\"\"\"', owner => 'shop', class => 'master');",
        )
        .unwrap();
        let declared =
            "SELECT relation_name FROM governance.datasets WHERE owner = 'shop' AND class = 'master'";
        assert_eq!(texts(declared), ["My \"Table\""]);
        Spi::run("ALTER TABLE \"Odd.One\".\"My \"\"Table\"\"\" RENAME TO plain").unwrap();
        assert_eq!(texts(declared), ["plain"]);
    }

    #[pg_test(error = "party \"nobody\" is not declared")]
    fn an_unknown_owner_is_refused() {
        Spi::run("CREATE TABLE t (id int); SELECT governance.declare_dataset('t', owner => 'nobody')")
            .unwrap();
    }

    #[pg_test]
    fn reading_takes_no_transaction_id() {
        // pgrx runs a test inside a transaction that has none yet.
        let _ = texts("SELECT feature FROM governance.features");
        let _ = texts("SELECT relation::text FROM governance.datasets");
        let _ = texts("SELECT level FROM governance.effective_levels('pg_catalog.pg_class')");
        let ids = crate::pg::spi::select("SELECT pg_current_xact_id_if_assigned()::text", &[], |row| {
            row.get::<String>(1)
        });
        assert_eq!(ids, [None]);
    }
}
