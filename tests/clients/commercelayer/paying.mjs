// What orders are paid with: payment sources, the wallet that keeps them, and the triggers of a checkout.
import assert from 'node:assert/strict'
import { DENIED, idsOf, word } from './walk.mjs'
import { external } from './resources/external_payments.mjs'

const TYPE = 'orders'
const ENTRY = '_customer_payment_source_id'
const SAVE = '_save_payment_source_to_customer_wallet'

export default async function paying(walk) {
  await asShop(walk)
  await asCustomer(walk)
}

async function asShop(walk) {
  const { cl } = walk
  const order = await cl.orders.create({ currency_code: 'EUR', total_amount_cents: 1_000 })
  const transfer = await cl.wire_transfers.create({ order: cl.orders.relationship(order.id) })
  const source = await external(walk, order)
  const paid = async () => (await cl.orders.retrieve(order.id, { include: ['payment_source'] })).payment_source?.id
  await walk.check('an order is paid with its newest payment source, or with one that is named', async () => {
    assert.equal(await paid(), source.id)
    const named = { id: order.id, payment_source: cl.wire_transfers.relationship(transfer.id) }
    assert.deepEqual((await cl.orders.update(named)).payment_source_details, { type: 'wire_transfer' })
    assert.equal(await paid(), transfer.id)
    assert.equal((await cl.orders.payment_method(order.id)), null)
  })
  await walk.steps(TYPE, order.id, [
    ['_nullify_payment_source', { payment_source_details: null }],
    ['_fix_payment_source', { payment_source_details: { type: 'external_payment', payment_method_id: source.payment_source_token } }],
  ])
  await walk.finds(TYPE, [order.id], { payment_source_id_eq: source.id })
  await walk.finds(TYPE, [order.id], { id_eq: order.id, line_items_id_null: true }, { id_eq: order.id, shipments_number_blank: true })
  await walk.finds(TYPE, [], { id_eq: order.id, line_items_sku_code_eq: 'SHIRT' }, { payment_method_id_eq: source.id })

  const missing = { status: 422, pointer: '/data/relationships/payment_source' }
  const strange = await external(walk, await cl.orders.create({}))
  for (const one of [cl.external_payments.relationship(strange.id), cl.stripe_payments.relationship(source.id)]) {
    await walk.fails(TYPE, 'update', [{ id: order.id, payment_source: one }], missing)
  }
  const method = { id: order.id, payment_method: cl.payment_methods.relationship('kWjzbLyVHx') }
  await walk.fails(TYPE, 'update', [method], { status: 422, pointer: '/data/relationships/payment_method' })
  await walk.succeeds(TYPE, 'update', [{ id: order.id, payment_method: cl.payment_methods.relationship(null) }])

  await walk.fails(TYPE, '_validate', [order.id], { status: 422, pointer: '/data/relationships/customer', rule: 'blank' })
  await cl.orders.update({ id: order.id, customer_email: `${word('payer')}@example.com` })
  await walk.steps(TYPE, order.id, [
    ['_validate', { status: 'pending' }],
    ['_refresh', {}],
    ['_refresh_prices', {}],
    ['_update_taxes', {}],
    ['_reset_circuit', {}],
    ['_place', { status: 'placed' }],
    ['_create_subscriptions', {}],
    ['_authorization_amount_cents', { payment_status: 'unpaid' }, 400],
    ['_authorize', { payment_status: 'partially_authorized' }],
    ['_capture', { payment_status: 'partially_paid' }],
    ['_commit_invoice', {}],
    ['_refund_invoice', {}],
  ])
  const most = { status: 422, pointer: '/data/attributes/_authorization_amount_cents', rule: 'less_than_or_equal_to' }
  await walk.fails(TYPE, '_authorization_amount_cents', [order.id, 1_001], most)
  const fixed = { status: 422, pointer: '/data/attributes/status', rule: 'not_editable' }
  await walk.fails(TYPE, '_nullify_payment_source', [order.id], fixed)
  await walk.fails('external_payments', 'delete', [source.id], { status: 423, code: 'LOCKED' })
  await walk.check('who has paid wants it kept', async () => {
    await cl.orders[SAVE](order.id)
    await cl.orders[SAVE](order.id)
    const { customer } = await cl.orders.retrieve(order.id, { include: ['customer.customer_payment_sources.payment_source'] })
    assert.deepEqual(Array.from(customer.customer_payment_sources, (one) => one.payment_source.id), [source.id])
  })
}

async function asCustomer(walk) {
  const { id, cl } = await walk.shopper()
  const customer = walk.cl.customers.relationship(id)
  const card = await walk.cl.customer_payment_sources.create({ customer, payment_source_token: word('card') })
  const cart = await cl.orders.create({})
  await walk.check('a checkout offers the wallet', async () => {
    const offered = await cl.orders.available_customer_payment_sources(cart.id)
    assert.deepEqual(idsOf(offered), [card.id])
    const whole = await cl.orders.retrieve(cart.id, { include: ['available_customer_payment_sources'] })
    assert.deepEqual(idsOf(whole.available_customer_payment_sources), [card.id])
  })
  const details = { type: 'external_payment', payment_method_id: card.payment_source_token }
  await walk.steps(TYPE, cart.id, [
    [ENTRY, { payment_source_details: details }, card.id],
    [SAVE, { status: 'pending' }],
    ['_place', { status: 'placed', payment_source_details: details }],
  ], cl)
  await walk.succeeds('customer_payment_sources', 'list', [], (all) => assert.deepEqual(idsOf(all), [card.id]), cl)
  const other = await cl.orders.create({})
  const stranger = walk.cl.customers.relationship((await walk.shopper()).id)
  const theirs = await walk.cl.customer_payment_sources.create({ customer: stranger, payment_source_token: word('card') })
  await walk.fails(TYPE, ENTRY, [other.id, theirs.id], { status: 422, pointer: `/data/attributes/${ENTRY}` }, cl)
  for (const trigger of ['_fix_payment_source', '_refresh_prices', '_reset_circuit']) {
    await walk.fails(TYPE, trigger, [other.id], DENIED, cl)
  }
  for (const wish of [{ number: '7' }, { expires_at: '2040-01-01T00:00:00Z' }, { expiration_info: { at: 1 } }]) {
    await walk.fails(TYPE, 'update', [{ id: other.id, ...wish }], DENIED, cl)
  }

  const again = { source_order: walk.cl.orders.relationship(cart.id), frequency: 'monthly' }
  const { id: subscription } = await walk.cl.order_subscriptions.create(again)
  const entry = (one) => ({ id: subscription, customer_payment_source: cl.customer_payment_sources.relationship(one) })
  await walk.succeeds('order_subscriptions', 'update', [entry(card.id), { include: ['customer_payment_source'] }], (shown) => {
    assert.equal(shown.customer_payment_source.id, card.id)
  }, cl)
  const missing = { status: 422, pointer: '/data/relationships/customer_payment_source' }
  await walk.fails('order_subscriptions', 'update', [entry(theirs.id)], missing, cl)
}
