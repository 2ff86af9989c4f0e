-- registry: the class of a relation, guessed from signals.
--
-- Each signal speaks for one class (or against it, with a negative weight) and is worth about what it is worth in practice:
-- 0.5 a hint, 1 what fits most tables of the class, 2 what is hardly ever seen elsewhere. The highest sum wins; how sure the
-- guess is grows with the sum and with its distance to the second.

------------------------------------------------------------------------------------------------------------------- views
-- Nouns that mean the same in most schemas. Only the last word of a name counts (a customer_type is a type), so that a
-- table is what it is called and not what it belongs to.
CREATE VIEW governance._class_word AS
    SELECT DISTINCT w.class, unnest(w.words) AS word
      FROM (VALUES
        ('reference', '{type,kind,category,subcategory,classification,class,status,state,stage,level,country,county,continent,region,territory,province,district,
                        city,language,locale,currency,unit,uom,measure,code,genre,gender,sex,color,colour,size,reason,role,permission,priority,severity,lookup,
                        enum,tag,label,timezone,calendar,tier,rank,grade,title,holiday,method,mode,format,extension,source,medium,model,style,
                        culture,ethnicity,nationality,religion,occupation,skill,setting,option,parameter,phase,icon,scheme,demographic,keyword,definition}'::text[]),
        ('master', '{customer,client,user,account,person,member,employee,staff,worker,manager,salesman,salesperson,supplier,vendor,shipper,carrier,
                     partner,company,organization,organisation,institution,department,division,team,group,product,article,part,component,material,asset,device,machine,
                     vehicle,car,aircraft,airplane,plane,train,ship,airport,airline,station,store,shop,warehouse,branch,office,building,room,location,site,place,
                     venue,facility,plant,address,contact,film,movie,book,album,track,song,artist,author,actor,director,band,publisher,brand,student,
                     teacher,professor,instructor,patient,doctor,physician,nurse,hospital,course,school,university,subject,project,party,profile,playlist,
                     tenant,contract,policy,login,credential,guest,passenger,driver,player,league,club,stadium,circuit,constructor,farm,field,animal,pet,
                     host,server,node,card,catalog,menu,dish,recipe,ingredient,restaurant,hotel,agent,agency,owner,bank,fund,portfolio,security,instrument}'),
        ('transactional', '{order,orderline,orderitem,invoice,bill,payment,rental,purchase,sale,transaction,txn,trade,booking,reservation,shipment,delivery,
                            return,refund,transfer,deposit,withdrawal,posting,entry,event,log,history,hist,audit,journal,ledger,message,mail,letter,comment,
                            post,thread,review,vote,like,notification,alert,session,visit,click,view,request,response,call,job,queue,outbox,inbox,ticket,claim,
                            case,issue,incident,complaint,measurement,reading,metric,sample,observation,result,score,stock,inventory,movement,balance,
                            appointment,enrollment,enrolment,registration,subscription,attempt,receipt,bid,quote,snapshot,activity,admission,prescription,
                            diagnosis,treatment,flight,trip,ride,lap,match,game,race,draft,loan,attendance,timesheet,payroll,salary,cart,basket,coupon,
                            workorder,task,assignment,participation,application,submission,answer}')
      ) AS w (class, words);

-- One row per signal that a relation gives.
CREATE VIEW governance._class_signal AS
    WITH fact AS MATERIALIZED (
        SELECT f.*, f.words[cardinality(f.words)] AS noun, cardinality(f.words) AS n_words, f.words[1] AS first_word,
               jsonb_build_object('refers_to', f.refers_to, 'referenced_by', f.referenced_by, 'other_columns', f.payload, 'event_times', f.event_times,
                                  'rows', f.rows_now, 'inserted', f.inserted, 'updated', f.updated, 'deleted', f.deleted) AS counts,
               -- Growth needs a period that is known and not the first day, which is the load.
               (SELECT CASE WHEN d.stats_reset < now() - interval '1 day'
                            THEN f.inserted / (extract(epoch FROM now() - d.stats_reset) / 86400)::float8 END
                  FROM pg_stat_database d WHERE d.datname = current_database()) AS inserted_per_day
          FROM governance._relation_fact f
    )
    SELECT f.relid, s.class, s.weight, s.signal, f.counts
      FROM fact f
     CROSS JOIN LATERAL (
        -- Made to be read, but a view may as well only rename or hide columns.
        SELECT 'analytical' AS class, 1.5 AS weight, 'is a view' AS signal WHERE f.relkind = 'v'
        -- Materialised to be read in bulk, and stale by design.
        UNION ALL SELECT 'analytical', 2.5, 'is a materialized view' WHERE f.relkind = 'm'
        -- The vocabulary of warehouses is hardly used for anything else.
        UNION ALL SELECT 'analytical', 3, 'is named like a part of a warehouse'
                   WHERE f.first_word = ANY ('{fact,dim,agg,mart,dwh,rpt,report,kpi,cube,rollup,stg,staging}') AND f.n_words > 1
                      OR f.noun = ANY ('{fact,dim,dimension,aggregate,agg,summary,rollup,report,kpi,cube,statistic,stat,daily,weekly,monthly,yearly,mv}') AND f.n_words > 1
        -- Where it lies says what it is for, not what it is: lists and copies lie there too.
        UNION ALL SELECT 'analytical', 1, 'lies in a schema for reports'
                   WHERE f.schema_name ~* '^(dwh|dw|warehouse|data_?warehouse|.*_?mart|olap|analytics?|reports?|reporting|bi|.*_(dwh|reporting|analytics))$'

        -- What follows looks at tables only: the columns of a view belong to others.
        UNION ALL SELECT t.class, t.weight, t.signal
          FROM (
            -- Prefixes that modellers give on purpose.
            SELECT 'reference' AS class, 3 AS weight, 'has a prefix of lookup tables' AS signal WHERE f.first_word = ANY ('{ref,lkp,lu,lookup,enum,code,cd}') AND f.n_words > 1
            UNION ALL SELECT 'master', 3, 'has a prefix of master data' WHERE f.first_word = ANY ('{mst,master,md}') AND f.n_words > 1
            UNION ALL SELECT 'transactional', 3, 'has a prefix of transactions' WHERE f.first_word = ANY ('{trx,txn,trn,trans,tx,log,hist,audit}') AND f.n_words > 1
            -- A line of something: the something happens. Alone, an item or a detail may be anything.
            UNION ALL SELECT 'transactional', 2, 'is a line of something' WHERE f.noun = ANY ('{line,item,detail,lineitem,position}') AND (f.n_words > 1 OR f.noun = 'lineitem')

            -- Nobody partitions a list of things by time.
            UNION ALL SELECT 'transactional', 2, 'is partitioned by time' WHERE f.partitioned_by_time
            -- Things have few moments of their own once bookkeeping, births and validity are left out.
            UNION ALL SELECT 'transactional', 1, 'has the time of an event' WHERE f.event_times > 0
            -- Stamped when the row is written, and not called created_at: the moment is what the row is about.
            UNION ALL SELECT 'transactional', 0.5, 'stamps rows with the time' WHERE f.event_time_now
            -- An amount belongs to an event, unless it is a property (a limit, a weight) of a thing: a hint.
            UNION ALL SELECT 'transactional', 0.5, 'counts or sums something for others' WHERE f.has_amount AND f.refers_to > 0
            -- What happens brings parties and things together; things have parents too, so a hint.
            UNION ALL SELECT 'transactional', 0.5, 'refers to several tables' WHERE f.refers_to >= 2
            -- A leaf of the graph: things are referred to, what happened to them is not.
            UNION ALL SELECT 'transactional', 0.5, 'refers to others and nothing refers to it' WHERE f.refers_to > 0 AND f.referenced_by = 0

            -- What many others build on outlives them.
            UNION ALL SELECT 'master', CASE WHEN f.referenced_by >= 3 THEN 1 ELSE 0.5 END,
                             'is referred to' WHERE f.referenced_by > 0
            -- Persons and organisations are master data; orders repeat addresses, which other signals outweigh.
            UNION ALL SELECT 'master', 1, 'says how to reach or pay somebody' WHERE f.contacts > 0
            UNION ALL SELECT 'master', 0.5, 'describes with many columns' WHERE f.payload >= 4
            -- Two things joined and nothing more: as lasting as they are.
            UNION ALL SELECT 'master', 1.5, 'joins two tables and holds nothing else' WHERE f.key_is_linking AND f.key_columns >= 2 AND f.payload = 0
            -- One row per row of another table: a part of it that was split off.
            UNION ALL SELECT 'master', 1.5, 'extends a row of another table' WHERE f.key_is_linking AND f.key_columns = 1

            -- Lists to choose from: short, flat, written by migrations, pointed at.
            UNION ALL SELECT 'reference', 1, 'refers to nothing and is referred to' WHERE f.refers_to = 0 AND f.referenced_by > 0
            UNION ALL SELECT 'reference', 1, 'has one or two columns beside its key' WHERE f.payload BETWEEN 1 AND 2 AND f.key_columns > 0
            UNION ALL SELECT 'reference', 1, 'is keyed by a short code' WHERE f.short_code_key
            UNION ALL SELECT 'reference', 0.5, 'has few rows, seldom written'
                       WHERE f.rows_now BETWEEN 1 AND 200 AND f.updated + f.deleted <= f.rows_now
            -- What no list to choose from does.
            UNION ALL SELECT 'reference', -1, 'describes with many columns' WHERE f.payload >= 5
            UNION ALL SELECT 'reference', -1, 'has many rows' WHERE f.rows_now > 1000
            UNION ALL SELECT 'reference', -0.5, 'refers to others and nothing refers to it' WHERE f.refers_to > 0 AND f.referenced_by = 0
            UNION ALL SELECT 'reference', -1, 'is written all the time' WHERE f.updated + f.deleted > greatest(100, f.rows_now)

            -- Numbers: weak where nothing is known of when the rows came.
            UNION ALL SELECT 'transactional', 0.5, 'has many rows and only grows' WHERE f.rows_now >= 10000 AND f.updated + f.deleted < f.inserted / 100
            UNION ALL SELECT 'transactional', 1, 'rows come and go' WHERE f.deleted >= 100 AND f.deleted > f.inserted / 2
            UNION ALL SELECT 'transactional', 1.5, 'grows every day' WHERE f.inserted_per_day >= 100 AND f.inserted_per_day > f.rows_now / 1000
            UNION ALL SELECT 'master', 0.5, 'is corrected more than it grows' WHERE f.updated >= 100 AND f.updated > f.inserted AND f.event_times = 0
          ) t WHERE f.relkind IN ('r', 'p', 'f')
     ) s
    UNION ALL
    -- The strongest single signal, and still less than two of structure and one of behaviour together.
    SELECT f.relid, w.class, 2, format('is called %s', f.noun), f.counts
      FROM fact f JOIN governance._class_word w ON w.word = f.noun
     -- A table that joins two others bears their names, not its own.
     WHERE f.relkind IN ('r', 'p', 'f') AND NOT (f.key_is_linking AND f.key_columns >= 2 AND f.payload = 0);

-- The sum per class, and once more with what only other relations can tell: who refers to what happens is itself a part of
-- what happens.
CREATE VIEW governance._class_score AS
    WITH signal AS MATERIALIZED (
        SELECT * FROM governance._class_signal
    ), first_guess AS (
        SELECT DISTINCT ON (relid) relid, class, score
          FROM (SELECT relid, class, sum(weight) AS score FROM signal GROUP BY relid, class) c
         ORDER BY relid, score DESC, class
    ), inherited AS (
        SELECT DISTINCT r.child AS relid, 'transactional' AS class, 2.0 AS weight, 'refers to transactional data' AS signal, NULL::jsonb AS counts
          FROM governance._reference r
          JOIN first_guess p ON p.relid = r.parent AND p.class = 'transactional' AND p.score >= 2
         WHERE r.child <> r.parent
    )
    SELECT relid, class, sum(weight)::real AS score, jsonb_object_agg(signal, weight ORDER BY weight DESC, signal) AS signals,
           (array_agg(counts) FILTER (WHERE counts IS NOT NULL))[1] AS counts
      FROM (SELECT * FROM signal UNION ALL SELECT * FROM inherited) s
     GROUP BY relid, class;

-- The best class of each relation that has none, and none that was rejected for it.
CREATE VIEW governance._guess_class AS
    WITH ranked AS (
        SELECT r.schema_name, r.relation_name, s.class, s.score, s.signals, greatest(lead(s.score) OVER best, 0) AS second,
               jsonb_object_agg(s.class, s.score::numeric(4, 1)) OVER (PARTITION BY s.relid) AS scores,
               (array_agg(s.counts) FILTER (WHERE s.counts IS NOT NULL) OVER (PARTITION BY s.relid))[1] AS counts,
               row_number() OVER best AS place
          FROM governance._class_score s
          JOIN governance._user_relation r USING (relid)
         WHERE s.score > 0
           AND (r.schema_name, r.relation_name) NOT IN (SELECT d.schema_name, d.relation_name FROM governance._dataset d WHERE d.class IS NOT NULL)
           AND (r.schema_name, r.relation_name, s.class) NOT IN (SELECT x.schema_name, x.relation_name, x.value FROM governance._rejected x WHERE x.kind = 'class')
        WINDOW best AS (PARTITION BY s.relid ORDER BY s.score DESC, s.class)
    )
    SELECT 'class' AS kind, r.schema_name, r.relation_name, NULL::text AS column_name, r.class AS value,
           -- Never certain: the catalogs do not know what people mean.
           least(0.9, 0.3 + 0.1 * r.score + 0.1 * (r.score - coalesce(r.second, 0)))::numeric(3, 2)::real AS confidence,
           coalesce(r.counts, '{}') || jsonb_build_object('signals', r.signals, 'others', r.scores - r.class) AS evidence
      FROM ranked r WHERE r.place = 1;

---------------------------------------------------------------------------------------------------------------- comments
COMMENT ON VIEW governance._class_word IS 'nouns that name the class of a table in most schemas';
COMMENT ON VIEW governance._class_signal IS 'what speaks for a class of a relation, one row per signal';
COMMENT ON VIEW governance._class_score IS 'sum of the signals per relation and class';
COMMENT ON VIEW governance._guess_class IS 'class guessed from names, references, columns and statistics';
