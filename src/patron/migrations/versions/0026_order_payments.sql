-- How orders are paid: the payment source of an order, and the wallet's entry that pays for a subscription.

alter table shop_order
    add column payment_source_id bigint,
    add column saves_payment_source boolean not null default false,
    add column authorization_minor bigint,
    add column refreshed_at timestamptz,
    add constraint payment_source__order__used foreign key (tenant_id, payment_source_id)
        references payment_source (tenant_id, id);
create index shop_order_payment_source on shop_order (tenant_id, payment_source_id)
    where payment_source_id is not null;
comment on column shop_order.payment_source_id is 'Its own, or one of its customer''s wallet that was made for an order before.';
comment on column shop_order.saves_payment_source is 'Placing the order puts its payment source into the wallet.';
comment on column shop_order.authorization_minor is 'What the next authorization is for, where that is not the total.';

alter table order_subscription add column wallet_entry bigint;
comment on column order_subscription.wallet_entry is 'The number of a card of the customer, which may be gone meanwhile: cards go whenever their owner says so.';
