-- Visits: many, read by time, and gone after some months. So they lie in partitions, one a month (UTC), which are made
-- while Patron runs (visits/months.py): ahead of time, or when a visit of an older month comes.
--
-- There is no default partition: rows in it would keep the month that they belong to from being made.
-- No foreign key leads from a visit to its account: recording a visit locks and counts on the account, which proves that
-- it is there, and who removes an account takes its visits' names away (docs/decisions/0016).

alter table account add column last_visit_at timestamptz;

create table visit (
    tenant_id        bigint not null,
    at               timestamptz not null,
    id               uuid not null,
    version          bigint not null default 1,
    key              text collate "C",
    account_id       bigint,
    user_id          text collate "C",
    visitor          bigint not null,
    kind             text not null
        constraint visit__kind__invalid check (kind in ('Website', 'Store', 'Call', 'Unknown')),
    device           text not null
        constraint visit__device__invalid check (device in ('phone', 'tablet', 'desktop', 'bot', 'unknown')),
    site_id          bigint not null,
    session_id       text collate "C",
    referrer         text,
    user_agent       text,
    browser_location text,
    location         text,
    recorded_at      timestamptz not null,
    primary key (tenant_id, at, id)
) partition by range (at);
create index visit_account on visit (tenant_id, account_id, at) where account_id is not null;
create index visit_user on visit (tenant_id, lower(user_id), at) where user_id is not null;
create index visit_session on visit (tenant_id, lower(session_id), at) where session_id is not null;
comment on table visit is 'One coming of a visitor to a site or store. In partitions by month.';
comment on column visit.id is 'UUIDv7 of the time of the visit: so it says where the visit lies. With a key it stays inside.';
comment on column visit.key is 'The id that a caller gave; visit_key leads from it to the visit.';
comment on column visit.visitor is 'Number of who came: a digest of the account, else the user, else the session.';
comment on column visit.device is 'Device class by the user agent.';

create table visit_key (
    tenant_id bigint not null,
    key       text collate "C" not null,
    id        uuid not null,
    at        timestamptz not null,
    constraint visit__id__taken primary key (tenant_id, key)
);
create index visit_key_at on visit_key (tenant_id, at);
comment on table visit_key is 'Where visits lie whose id does not say it: callers'' own ids, and visits whose date was changed.';

create table visit_count (
    tenant_id bigint not null,
    month_at  timestamptz not null,
    slot      smallint not null,
    visits    bigint not null default 0,
    primary key (tenant_id, month_at, slot)
);
comment on table visit_count is 'How many visits there are of each month, spread over slots so that calls do not queue for one row.';

create table visitor (
    tenant_id bigint not null,
    id        bigint not null,
    first_at  timestamptz not null,
    last_at   timestamptz not null,
    primary key (tenant_id, id)
);
comment on table visitor is 'When a visitor came first: tells new ones from returning ones.';
comment on column visitor.last_at is 'The last visit, or up to a day before it: spares a write for each visit.';

create index account_transaction_visit on account_transaction (tenant_id, visit_id) where visit_id is not null;
