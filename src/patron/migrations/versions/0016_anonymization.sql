create table anonymization (
    tenant_id     bigint not null,
    account_id    bigint not null,
    status        text not null constraint anonymization__status__invalid
        check (status in ('requested', 'started', 'completed', 'failed', 'cancelled')),
    requested_at  timestamptz not null,
    requested_by  text not null,
    due_at        timestamptz not null,
    started_at    timestamptz,
    completed_at  timestamptz,
    failed_at     timestamptz,
    cancelled_at  timestamptz,
    cancelled_by  text,
    primary key (tenant_id, account_id),
    constraint anonymization__account__missing foreign key (tenant_id, account_id)
        references account (tenant_id, id) on delete cascade
);
create index anonymization_due on anonymization (tenant_id, due_at) where status in ('requested', 'started');
comment on table anonymization is 'A customer''s wish to be forgotten, and what became of it. Until due_at it can be taken back.';
