-- Templates of mails that sites have of their own.

create table mail_template (
    tenant_id  bigint not null,
    site_id    bigint not null,
    kind       text not null,
    locale     text not null,
    subject    text not null,
    text       text not null,
    html       text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, site_id, kind, locale),
    constraint mail_template__site__missing foreign key (tenant_id, site_id)
        references site (tenant_id, id) on delete cascade
);
comment on table mail_template is 'How a site words a kind of mail in a locale; without a row it is our wording.';
