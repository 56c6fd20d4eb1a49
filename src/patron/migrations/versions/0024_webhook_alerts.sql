-- When somebody was last told that a webhook fails.

alter table webhook add column told_at timestamptz;
comment on column webhook.told_at is 'When the addresses in `alerts_to` were last told of its failures; null: never.';
