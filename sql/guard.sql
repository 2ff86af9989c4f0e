-- guard
CREATE TABLE governance.rule (rule text PRIMARY KEY, hazard text NOT NULL, reason text NOT NULL, safe_alternative text NOT NULL);
