-- Definitions of orders' attributes (family `order`): whether rules may use them, which kinds of things have them
-- and whether they may be changed there, and which kind takes them over from which.

alter table attribute_definition
    add column for_rules   boolean not null default false,
    add column entities    jsonb not null default '[]',
    add column inheritance jsonb not null default '[]';
