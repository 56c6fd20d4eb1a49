// Orders, as the shop's own system puts them together and finds them. Carts of shoppers are in shopping.mjs.
import assert from 'node:assert/strict'
import { NOBODY, fresh, idsOf, word } from '../walk.mjs'
import { home } from './addresses.mjs'

const TYPE = 'orders'

// An order that its customer has placed.
export async function placed({ cl }, attributes = {}) {
  const basket = { customer_email: fresh('buyer'), currency_code: 'EUR', total_amount_cents: 12_345, ...attributes }
  return cl.orders._place((await cl.orders.create(basket)).id)
}

export default async function orders(walk) {
  const { cl } = walk
  await walk.resource(TYPE, {
    make: () => ({ reference: word('cart'), language_code: 'it', metadata: { gift: true } }),
    change: { cart_url: 'https://shop.test/cart' },
  })
  const currency = { status: 422, pointer: '/data/attributes/currency_code', rule: 'inclusion' }
  await walk.fails(TYPE, 'create', [{ currency_code: 'XXXX' }], currency)
  const email = fresh('signed-up')
  await walk.succeeds(TYPE, 'create', [{ customer_email: email, customer_password: 'Correct-horse-7' }], (made) => {
    assert.deepEqual([made.status, made.customer_email, made.guest], ['pending', email, false])
  })
  await life(walk)
  await paying(walk)
  await asked(walk, await cl.customer_groups.create({ name: word('Wholesale') }))
}

async function life(walk) {
  const { cl } = walk
  const draft = await cl.orders.create({ currency_code: 'EUR', total_amount_cents: 12_345 })
  assert.deepEqual([draft.status, draft.formatted_total_amount, draft.editable], ['draft', '€123.45', true])
  const nobody = { status: 422, pointer: '/data/relationships/customer', rule: 'blank' }
  await walk.fails(TYPE, '_place', [draft.id], nobody)
  const step = { status: 422, pointer: '/data/attributes/status', rule: 'invalid_transition' }
  await walk.fails(TYPE, '_approve', [draft.id], step)
  const nowhere = { status: 422, pointer: '/data/attributes/_billing_address_clone_id' }
  await walk.fails(TYPE, '_billing_address_clone_id', [draft.id, NOBODY], nowhere)

  await cl.orders.update({ id: draft.id, customer_email: fresh('buyer') })
  const { id: address } = await cl.addresses.create(home())
  const { name } = await cl.tags.create({ name: word('gift').slice(0, 20) })
  await walk.steps(TYPE, draft.id, [
    ['_pending', { status: 'pending' }],
    ['_billing_address_clone_id', {}, address],
    ['_shipping_address_same_as_billing', { country_code: 'US' }],
    ['_shipping_address_clone_id', {}, address],
    ['_billing_address_same_as_shipping', {}],
    ['_save_billing_address_to_customer_address_book', {}],
    ['_save_shipping_address_to_customer_address_book', {}],
    ['_add_tags', {}, name],
    ['_place', { status: 'placed', editable: false, customer_type: 'new' }],
    ['_place', { status: 'placed' }],
    ['_start_editing', { status: 'editing' }],
    ['_stop_editing', { status: 'placed' }],
    ['_authorize', { payment_status: 'authorized' }],
    ['_approve', { status: 'approved' }],
    ['_capture', { payment_status: 'paid' }],
    ['_fulfill', { fulfillment_status: 'fulfilled' }],
  ])
  await walk.check('an order comes with its customer, addresses and tags', async () => {
    const include = ['customer.customer_addresses.address', 'shipping_address', 'billing_address', 'tags']
    const whole = await cl.orders.retrieve(draft.id, { include })
    assert.equal(whole.shipping_address.id, whole.billing_address.id)
    assert.notEqual(whole.shipping_address.id, address)
    assert.deepEqual(Array.from(whole.tags, (one) => one.name), [name])
    assert.deepEqual(Array.from(whole.customer.customer_addresses, (one) => one.address.city), ['New York'])
  })
  await walk.steps(TYPE, draft.id, [
    ['_remove_tags', {}, name],
    ['_refund', { payment_status: 'refunded' }],
    ['_cancel', { status: 'cancelled' }],
    ['_archive', {}],
    ['_unarchive', { archived_at: null }],
  ])
  const fixed = { status: 422, pointer: '/data/attributes/total_amount_cents', rule: 'not_editable' }
  await walk.fails(TYPE, 'update', [{ id: draft.id, total_amount_cents: 1 }], fixed)
  await walk.fails(TYPE, 'delete', [draft.id], { status: 423, code: 'LOCKED' })
  const other = await placed(walk)
  await walk.steps(TYPE, other.id, [['_approve_and_capture', { status: 'approved', payment_status: 'paid' }]])
}

// What an order is paid with; and triggers behind which there is nothing here, so that nothing happens.
async function paying(walk) {
  const { cl } = walk
  const customer = cl.customers.relationship((await cl.customers.create({ email: fresh('payer') })).id)
  const { id } = await cl.orders.create({ customer, currency_code: 'EUR', total_amount_cents: 1_000 })
  const order = cl.orders.relationship(id)
  const voucher = await cl.external_payments.create({ order, payment_source_token: word('voucher') })
  const entry = await cl.customer_payment_sources.create({ customer, payment_source_token: word('tok') })
  const unknown = { status: 422, pointer: '/data/attributes/_customer_payment_source_id' }
  await walk.fails(TYPE, '_customer_payment_source_id', [id, NOBODY], unknown)
  await walk.steps(TYPE, id, [
    ['_nullify_payment_source', { payment_source_details: null }],
    ['_customer_payment_source_id', {}, entry.id],
  ])
  await walk.check('an order is paid with an entry of the wallet, or with what it names', async () => {
    const { payment_source: used } = await cl.orders.retrieve(id, { include: ['payment_source'] })
    assert.deepEqual([used.type, used.payment_source_token], ['external_payments', entry.payment_source_token])
    assert.deepEqual(idsOf(await cl.orders.available_customer_payment_sources(id)), [entry.id])
    const payment_source = cl.external_payments.relationship(voucher.id)
    const paid = await cl.orders.update({ id, payment_source }, { include: ['payment_source'] })
    assert.equal(paid.payment_source.id, voucher.id)
  })
  await walk.finds(TYPE, [id], { payment_source_id_eq: voucher.id })
  await walk.steps(TYPE, id, [
    ['_fix_payment_source', {}],
    ['_save_payment_source_to_customer_wallet', {}],
    ['_validate', { status: 'pending' }],
    ['_refresh', {}],
    ['_refresh_prices', {}],
    ['_place', { status: 'placed' }],
    ['_authorization_amount_cents', {}, 400],
    ['_authorize', { payment_status: 'partially_authorized' }],
    ['_capture', { payment_status: 'partially_paid' }],
  ])
  assert.equal((await cl.orders.available_customer_payment_sources(id)).length, 2)
  const idle = ['_update_taxes', '_commit_invoice', '_refund_invoice', '_create_subscriptions', '_reset_circuit']
  await walk.steps(TYPE, id, idle.map((trigger) => [trigger, { status: 'placed', payment_status: 'partially_paid' }]))
}

async function asked(walk, group) {
  const { cl } = walk
  const since = new Date(Date.now() - 60_000).toISOString()
  const buyer = await cl.customers.create({ email: fresh('regular'), customer_group: cl.customer_groups.relationship(group.id) })
  const customer = cl.customers.relationship(buyer.id)
  const shipping_address = cl.addresses.relationship((await cl.addresses.create({ ...home(), city: 'Albany' })).id)
  const reference = word('march')
  const sums = [300, 100, 200]
  const made = []
  for (const total_amount_cents of sums) {
    const attributes = { total_amount_cents, reference: `${reference}-${total_amount_cents}`, metadata: { campaign: { id: 7 } } }
    made.push(await cl.orders._place((await cl.orders.create({ ...attributes, customer, shipping_address })).id))
  }
  const ids = idsOf(made)
  const own = { customer_id_eq: buyer.id }
  await walk.finds(TYPE, ids, own, { ...own, status_in: ['placed', 'approved'] }, { ...own, status_not_in: ['draft', 'pending'] })
  await walk.finds(TYPE, ids, { reference_cont: reference.slice(2) }, { ...own, archived_at_null: true, approved_at_not_null: false })
  await walk.finds(TYPE, ids, { ...own, placed_at_gt: since }, { ...own, metadata_jcont: { campaign: { id: 7 } } })
  await walk.finds(TYPE, ids, { customer_email_eq: buyer.email }, { customer_customer_group_name_eq: group.name })
  await walk.finds(TYPE, ids, { ...own, shipping_address_city_or_billing_address_city_matches: 'alb%' })
  await walk.finds(TYPE, [ids[0]], { ...own, total_amount_cents_gt: 200 }, { number_eq: made[0].number })
  await walk.finds(TYPE, [], { ...own, placed_at_lt: since }, { ...own, metadata_jcont: { campaign: { id: 8 } } })
  await walk.check('orders are sorted, paged and thin', async () => {
    const fields = { orders: ['number', 'total_amount_cents', 'customer'], customers: ['email'] }
    const page = (pageNumber) => cl.orders.list({
      filters: own, fields, include: ['customer'], sort: { total_amount_cents: 'desc' }, pageSize: 2, pageNumber,
    })
    const [first, second] = [await page(1), await page(2)]
    assert.deepEqual([...first, ...second].map((one) => one.total_amount_cents), [300, 200, 100])
    assert.deepEqual([first.meta.pageCount, first.meta.recordCount, second.hasNextPage()], [2, 3, false])
    assert.deepEqual(Object.keys(first[0]).sort(), ['customer', 'id', 'number', 'total_amount_cents', 'type'])
    assert.deepEqual(Object.keys(first[0].customer).sort(), ['email', 'id', 'type'])
  })
  await walk.check('an account page lists what was ordered', async () => {
    const query = { filters: { status_not_in: ['draft', 'pending'] }, sort: ['-placed_at'], pageSize: 25 }
    const listed = await cl.customers.orders(buyer.id, query)
    assert.deepEqual(idsOf(listed).sort(), ids.sort())
    assert.equal((await cl.customers.retrieve(buyer.id)).status, 'repeat')
  })
}
