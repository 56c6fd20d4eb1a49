-- Resets that an application delivers itself have what every resource of the second dialect has.

alter table password_reset
    add column version bigint not null default 1,
    add column reset_at timestamptz,
    add column updated_at timestamptz,
    add column reference text,
    add column reference_origin text,
    add column metadata jsonb not null default '{}';
comment on column password_reset.reset_at is 'When it set a password; used_at also ends those that are worth nothing any more.';
comment on column password_reset.updated_at is 'Null as long as nothing was changed.';
