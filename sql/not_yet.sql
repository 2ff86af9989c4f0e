-- not_yet: functions of the design that this version does not have. Each raises 0A000 with its own name; status() lists
-- them by their C symbol, and finalize grants and comments them. A feature that builds one takes it from here.

------------------------------------------------------------------------------------------------------------------ audit
CREATE FUNCTION governance.as_of(row_type anyelement, at timestamptz)
    RETURNS SETOF anyelement LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', '_not_yet_wrapper';
CREATE FUNCTION governance.seal_audit()
    RETURNS void LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', '_not_yet_wrapper';
CREATE FUNCTION governance.verify_audit(since timestamptz DEFAULT NULL)
    RETURNS TABLE (block bigint, ok boolean, detail text)
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', '_not_yet_wrapper';
CREATE FUNCTION governance.erase_subject(relation regclass, key jsonb, reason text)
    RETURNS void LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', '_not_yet_wrapper';

---------------------------------------------------------------------------------------------------------------- lineage
CREATE FUNCTION governance.lineage_coverage()
    RETURNS TABLE (kind text, object text, detail text)
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', '_not_yet_wrapper';
CREATE FUNCTION governance.openlineage_events(cursor text DEFAULT NULL, OUT cursor text, OUT event jsonb)
    RETURNS SETOF record LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', '_not_yet_wrapper';
CREATE FUNCTION governance.blame(relation regclass, key jsonb, column_name text)
    RETURNS TABLE (occurred_at timestamptz, db_role text, actor text, value jsonb)
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', '_not_yet_wrapper';

--------------------------------------------------------------------------------------------------------------- boundary
CREATE FUNCTION governance.declare_aggregate(name text, root regclass, members regclass[])
    RETURNS void LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', '_not_yet_wrapper';
CREATE FUNCTION governance.allow_crossing(from_aggregate text, to_aggregate text, reason text, valid_until timestamptz DEFAULT NULL)
    RETURNS void LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', '_not_yet_wrapper';
CREATE FUNCTION governance.declare_pipeline(target regclass, sources regclass[], writer text, max_staleness interval DEFAULT NULL, owner text DEFAULT NULL)
    RETURNS void LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', '_not_yet_wrapper';
CREATE FUNCTION governance.causal_token()
    RETURNS pg_lsn LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', '_not_yet_wrapper';
CREATE FUNCTION governance.wait_for_token(token pg_lsn, timeout interval DEFAULT '10 s')
    RETURNS boolean LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', '_not_yet_wrapper';

-------------------------------------------------------------------------------------------------------------- retention
CREATE FUNCTION governance.declare_retention(relation regclass, time_column text, keep interval, rollup text DEFAULT NULL, grace interval DEFAULT NULL)
    RETURNS void LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', '_not_yet_wrapper';
-- It will commit as it goes, so it may have no SET clause (PostgreSQL forbids COMMIT there).
CREATE PROCEDURE governance.apply_retention(dry_run boolean DEFAULT true)
    LANGUAGE c AS 'MODULE_PATHNAME', '_not_yet_wrapper';
CREATE FUNCTION governance.place_hold(relation regclass, reason text, from_time timestamptz DEFAULT NULL, to_time timestamptz DEFAULT NULL)
    RETURNS void LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', '_not_yet_wrapper';
CREATE FUNCTION governance.release_hold(relation regclass, reason text DEFAULT NULL)
    RETURNS void LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', '_not_yet_wrapper';
CREATE FUNCTION governance.declare_embedding(relation regclass, column_name text, source_columns text[], model text, version text, dimensions integer, metric text)
    RETURNS void LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', '_not_yet_wrapper';

------------------------------------------------------------------------------------------------------------- operations
CREATE FUNCTION governance.declare_replica(name text, max_lag interval)
    RETURNS void LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', '_not_yet_wrapper';
CREATE FUNCTION governance.declare_pool(service text, roles text[], max_connections integer)
    RETURNS void LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', '_not_yet_wrapper';
CREATE FUNCTION governance.declare_recovery(rpo interval, rto interval, cadence interval)
    RETURNS void LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', '_not_yet_wrapper';
CREATE FUNCTION governance.recovery_receipt()
    RETURNS jsonb LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', '_not_yet_wrapper';
CREATE FUNCTION governance.record_drill(receipt jsonb)
    RETURNS void LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', '_not_yet_wrapper';
CREATE FUNCTION governance.declare_sync(source text, target text, key text[], columns text[] DEFAULT NULL, max_staleness interval DEFAULT NULL)
    RETURNS void LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', '_not_yet_wrapper';
CREATE FUNCTION governance.digest(relation regclass, buckets integer DEFAULT 1024)
    RETURNS TABLE (bucket integer, rows bigint, digest text)
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', '_not_yet_wrapper';
CREATE FUNCTION governance.reconcile(sync text)
    RETURNS TABLE (key jsonb, difference text)
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', '_not_yet_wrapper';

----------------------------------------------------------------------------------------------------------------- assess
CREATE FUNCTION governance.report_html()
    RETURNS text LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', '_not_yet_wrapper';
CREATE FUNCTION governance.export_contract(scope text DEFAULT NULL)
    RETURNS jsonb LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', '_not_yet_wrapper';
CREATE FUNCTION governance.import_contract(document jsonb, dry_run boolean DEFAULT true)
    RETURNS TABLE (action text, object text, before jsonb, after jsonb)
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', '_not_yet_wrapper';
