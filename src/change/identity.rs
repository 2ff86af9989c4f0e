//! An identity moves to another column of its table, with its position, options and grants.
use super::store::Change;
use crate::pg::{catalog, owner, spi};
use pgrx::pg_sys;
use pgrx::spi::quote_identifier;

/// An identity's sequence.
struct Sequence {
    name: String,
    options: String,
    generated: String,
    /// Limits, where they are not those of the type.
    limits: String,
    grants: Vec<String>,
}

/// Moves the identity of a column, with the rights of the table's owner.
pub fn go(change: &Change, from: &str, to: &str) {
    let relation = change.relation();
    let role = catalog::relation_owner(relation.0).unwrap_or(pg_sys::InvalidOid);
    let Some(sequence) = sequence(relation.0, from) else { crate::error::change::column_gone(from).raise() };
    let (from, to) = (quote_identifier(from), quote_identifier(to));
    owner::as_role(role, || {
        let position: Option<(i64, bool)> =
            spi::select_one(&format!("SELECT last_value, is_called FROM {}", sequence.name), &[], |r| {
                (r.must(1), r.must(2))
            });
        let alter =
            |what: String| spi::execute(&format!("ALTER TABLE {} ALTER COLUMN {what}", change.name), &[]);
        alter(format!("{from} DROP IDENTITY"));
        alter(format!(
            "{to} ADD GENERATED {} AS IDENTITY (SEQUENCE NAME {} {}{})",
            sequence.generated, sequence.name, sequence.options, sequence.limits
        ));
        if let Some((value, called)) = position {
            spi::execute(
                "SELECT setval($1::regclass, $2, $3)",
                &[sequence.name.as_str().into(), value.into(), called.into()],
            );
        }
        for grant in &sequence.grants {
            spi::execute(grant, &[]);
        }
    });
}

fn sequence(relid: pg_sys::Oid, column: &str) -> Option<Sequence> {
    owner::run(|| {
        spi::select_one(
            "WITH type_limit (of_type, low, high) AS (
                VALUES ('int2'::regtype, -32768::bigint, 32767::bigint), ('int4', -2147483648, 2147483647),
                       ('int8', -9223372036854775808, 9223372036854775807))
             SELECT format('%I.%I', n.nspname, c.relname),
                    CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END,
                    format('START WITH %s INCREMENT BY %s CACHE %s%s', s.seqstart, s.seqincrement, s.seqcache,
                           CASE WHEN s.seqcycle THEN ' CYCLE' ELSE '' END),
                    CASE WHEN s.seqmin = CASE WHEN s.seqincrement > 0 THEN 1 ELSE t.low END THEN '' ELSE format(' MINVALUE %s', s.seqmin) END
                    || CASE WHEN s.seqmax = CASE WHEN s.seqincrement > 0 THEN t.high ELSE -1 END THEN '' ELSE format(' MAXVALUE %s', s.seqmax) END,
                    ARRAY(SELECT format('GRANT %s ON SEQUENCE %I.%I TO %s%s', x.privilege_type, n.nspname, c.relname,
                                        CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END,
                                        CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
                            FROM aclexplode(c.relacl) x WHERE x.grantee <> c.relowner ORDER BY 1)
               FROM pg_attribute a
               JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum
                AND d.classid = 'pg_class'::regclass AND d.deptype = 'i'
               JOIN pg_class c ON c.oid = d.objid JOIN pg_namespace n ON n.oid = c.relnamespace
               JOIN pg_sequence s ON s.seqrelid = c.oid JOIN type_limit t ON t.of_type = s.seqtypid
              WHERE a.attrelid = $1 AND a.attname = $2 AND a.attidentity <> ''",
            &[relid.into(), column.into()],
            |r| Sequence {
                name: r.must(1),
                generated: r.must(2),
                options: r.must(3),
                limits: r.must(4),
                grants: r.must(5),
            },
        )
    })
}
