-- Acting for shoppers: tickets and events name who does.

alter table ticket_family add column impersonator text, add column cart_id text;
create index ticket_family_impersonator on ticket_family (tenant_id, application_id) where impersonator is not null;
create index ticket_family_anonymous on ticket_family (tenant_id, user_id) where account_id is null;
comment on column ticket_family.impersonator is 'Who acts for the shopper with these tickets: the application, and its agent if it named one.';
comment on column ticket_family.cart_id is 'The cart for which somebody acts for the shopper.';

alter table event add column impersonator text;
comment on column event.impersonator is 'Who acted for the shopper that actor names.';
