
-- ======================================================================================================================
-- 9. Where does that number in the report come from?
-- ======================================================================================================================
SELECT depth, relation, column_name, kind, subtype FROM governance.upstream('reporting.mailing', 'revenue') ORDER BY depth, 2, 3;
--! sales\.order_line +\| unit_price +\| DIRECT
--! sales\.order_line +\| quantity +\| DIRECT

-- Who would notice if the price of an order line changed its meaning?
SELECT depth, relation, column_name FROM governance.downstream('sales.order_line', 'unit_price') ORDER BY depth, 2, 3;
--! reporting\.revenue_by_month

-- A query that nobody has run yet.
SELECT output_column, input_relation, input_column, kind FROM governance.lineage(
    'SELECT c.city, sum(i.net + i.tax) AS paid FROM billing.invoice i JOIN sales.orders o ON o.id = i.order_id JOIN people.customer c ON c.id = o.customer_id WHERE i.paid_on IS NOT NULL GROUP BY c.city');
--! paid +\| billing\.invoice +\| net +\| DIRECT
