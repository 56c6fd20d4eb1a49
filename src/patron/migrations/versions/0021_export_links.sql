-- Files of exports are fetched through links that are good for five minutes; passwords of imports lie sealed.

alter table import_job add column sealed_passwords bytea;
comment on column import_job.sealed_passwords is 'What rows brought as passwords and hashes, by their places; null when it is over.';

alter table export_job
    add column link_key text not null default '',
    add column site_id bigint,
    add constraint export_job__site__missing foreign key (tenant_id, site_id) references site (tenant_id, id);
create index export_job_site on export_job (tenant_id, site_id) where site_id is not null;
comment on column export_job.link_key is 'With it and the moment of its end a link is signed.';
