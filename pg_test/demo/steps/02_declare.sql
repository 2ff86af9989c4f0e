
-- ======================================================================================================================
-- 2. Who owns what: the product guesses, people declare
-- ======================================================================================================================
SELECT governance.declare_party('shop team', db_roles => '{shop_migrator}', contact => 'shop-team@shop.example.org');
SELECT governance.declare_party('privacy office', contact => 'privacy@shop.example.org');

-- Owner and class of one table. The notice says what is refused from now on.
SELECT governance.declare_dataset('people.customer', owner => 'shop team', class => 'master',
                                  description => 'everybody who ever ordered');
--! NOTICE

SELECT relation, kind, owner, class, declared FROM governance.datasets WHERE schema_name = 'people';
--! people\.customer +\| table +\| shop team +\| master +\| t

SELECT * FROM governance.effective_levels('people.customer') WHERE feature ~ '^guard[.a-z_]*$';
--! guard\.data_loss +\| enforce

-- For the rest there are guesses from foreign keys, keys and owners.
SELECT kind, object, value, confidence FROM governance.proposals WHERE kind = 'class' ORDER BY confidence DESC LIMIT 6;
--! class +\|
