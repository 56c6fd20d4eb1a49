-- Saving a rule waits for other savers of the shop, but no longer for the worker.

create table rule_gate (
    tenant_id bigint primary key
);
comment on table rule_gate is 'Whoever changes rules of segments holds the row, so that no two make a circle together.';
