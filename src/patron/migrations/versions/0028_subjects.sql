-- Events are found by what they are about, too: the number behind the noun of their subject.

create index event_subject on event (
    tenant_id,
    (case when subject ~ '^[a-z_]+/[0-9]+$' and length(split_part(subject, '/', 2)) < 19
        then split_part(subject, '/', 2)::bigint end),
    split_part(subject, '/', 1),
    id
) where (case when subject ~ '^[a-z_]+/[0-9]+$' and length(split_part(subject, '/', 2)) < 19
    then split_part(subject, '/', 2)::bigint end) is not null;
