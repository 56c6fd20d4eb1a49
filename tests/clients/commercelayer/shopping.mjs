// The flows of a shop's front end: a guest who buys and sends back, and a customer's account.
import assert from 'node:assert/strict'
import { DENIED, MISSING, PASSWORD, fresh, idsOf, word } from './walk.mjs'
import { home } from './resources/addresses.mjs'
import { placed } from './resources/orders.mjs'

export default async function shopping(walk) {
  const guest = walk.client(await walk.guestToken())
  await asGuest(walk, guest)
  await signingUp(walk, guest)
  await asCustomer(walk, guest)
}

async function asGuest(walk, guest) {
  const email = fresh('guest')
  const cart = await walk.succeeds('orders', 'create', [{ language_code: 'it' }], (made) => {
    assert.deepEqual([made.status, made.guest, made.customer_email], ['draft', true, null])
  }, guest)
  const billing_address = guest.addresses.relationship((await guest.addresses.create(home())).id)
  const checkout = { id: cart.id, customer_email: email, billing_address, _shipping_address_same_as_billing: true }
  await walk.succeeds('orders', 'update', [checkout, { include: ['shipping_address', 'customer'] }], (order) => {
    assert.deepEqual([order.status, order.country_code, order.shipping_address.city], ['pending', 'US', 'New York'])
    assert.equal(order.customer, null) // who it is, a guest does not get to read
  }, guest)
  for (const wish of [{ total_amount_cents: 1 }, { currency_code: 'USD' }, { _approve: true }, { _authorize: true }, { _add_tags: 'vip' }]) {
    await walk.fails('orders', 'update', [{ id: cart.id, ...wish }], DENIED, guest)
  }
  await walk.fails('orders', 'list', [], DENIED, guest)
  await walk.fails('orders', 'delete', [cart.id], DENIED, guest)
  const payment = { order: guest.orders.relationship(cart.id), payment_source_token: 'x' }
  await walk.fails('external_payments', 'create', [payment], DENIED, guest)
  await walk.steps('orders', cart.id, [['_place', { status: 'placed', customer_type: 'new' }]], guest)
  await walk.succeeds('orders', 'retrieve', [cart.id], (order) => assert.equal(order.customer_email, email), guest)
  await walk.fails('orders', 'update', [{ id: cart.id, metadata: { late: true } }], MISSING, guest)
  const [customer] = await walk.cl.customers.list({ filters: { email_eq: email } })
  assert.deepEqual([customer.status, customer.has_password], ['acquired', false])
  const sent = await sendsBack(walk, guest, cart.id)
  await walk.fails('returns', '_cancel', [sent.id], MISSING, guest) // no draft any more
}

// Sales channels ask for a return and may take that back; what becomes of it, and of the money, the shop says.
async function sendsBack(walk, client, orderId) {
  const order = client.orders.relationship(orderId)
  const made = await walk.succeeds('returns', 'create', [{ order }], (draft) => assert.equal(draft.status, 'draft'), client)
  for (const wish of [{ _request: true, _approve: true }, { _refund: true }, { _receive: true }, { _archive: true }]) {
    await walk.fails('returns', 'update', [{ id: made.id, ...wish }], DENIED, client)
  }
  await walk.steps('returns', made.id, [['_request', { status: 'requested' }]], client)
  return made
}

async function signingUp(walk, guest) {
  const username = fresh('joins')
  const cart = await guest.orders.create({ customer_email: username, customer_password: PASSWORD })
  await walk.fails('orders', '_place', [cart.id], MISSING, guest) // it is the customer's, who signs in
  const ticket = await walk.token('password', { ...walk.facts.channel, username, password: PASSWORD })
  await walk.steps('orders', cart.id, [['_place', { status: 'placed', guest: false }]], walk.client(ticket))
}

async function asCustomer(walk, guest) {
  const { id, email, cl } = await walk.shopper()
  const strangers = { customer: cl.customers.relationship((await walk.shopper()).id) }
  const foreign = await placed(walk, strangers)
  await walk.fails('orders', 'create', [strangers], { status: 422, pointer: '/data/relationships/customer' }, cl)
  const cart = await walk.succeeds('orders', 'create', [{}, { include: ['customer'] }], (made) => {
    assert.deepEqual([made.status, made.guest, made.customer.email], ['pending', false, email])
  }, cl)
  await walk.steps('orders', cart.id, [['_place', { status: 'placed' }]], cl)
  await walk.succeeds('orders', 'list', [{ filters: { status_not_in: ['draft', 'pending'] }, sort: ['-number'] }], (all) => {
    assert.deepEqual(idsOf(all), [cart.id])
  }, cl)
  await walk.check('an account page reads what is its own', async () => {
    assert.deepEqual(idsOf(await cl.customers.orders(id)), [cart.id])
    const self = await cl.customers.retrieve(id, { include: ['orders.returns', 'customer_addresses', 'customer_payment_sources'] })
    assert.deepEqual([self.total_orders_count, idsOf(self.orders)], [1, [cart.id]])
  })
  await walk.fails('orders', 'retrieve', [foreign.id], MISSING, cl)
  await walk.fails('orders', 'retrieve', [cart.id], MISSING, guest)
  await walk.fails('customers', 'list', [], DENIED, cl)

  await walk.fails('returns', 'create', [{ order: cl.orders.relationship(foreign.id) }], {
    status: 422, pointer: '/data/relationships/order',
  }, cl)
  const sent = await sendsBack(walk, cl, cart.id)
  await walk.succeeds('returns', 'list', [{ include: ['order'] }], (all) => {
    assert.deepEqual(Array.from(all, (one) => [one.id, one.status, one.order.id]), [[sent.id, 'requested', cart.id]])
  }, cl)
  await walk.steps('returns', sent.id, [['_cancel', { status: 'cancelled' }]], cl)
  const token = word('tok')
  await walk.cl.customer_payment_sources.create({ customer: cl.customers.relationship(id), payment_source_token: token })
  await walk.succeeds('customer_payment_sources', 'list', [], (all) => {
    assert.deepEqual(Array.from(all, (one) => one.payment_source_token), [token])
  }, cl)
  const address = cl.addresses.relationship((await cl.addresses.create(home())).id)
  await cl.customer_addresses.create({ customer: cl.customers.relationship(id), address })
  await walk.succeeds('customer_addresses', 'list', [{ include: ['address'] }], (book) => {
    assert.deepEqual(Array.from(book, (one) => one.address.city), ['New York'])
  }, cl)

  const regretted = await cl.orders._place((await cl.orders.create({})).id)
  await walk.steps('orders', regretted.id, [['_cancel', { status: 'cancelled' }]], cl)
  await walk.cl.orders._approve(cart.id)
  await walk.fails('orders', '_cancel', [cart.id], { status: 422, pointer: '/data/attributes/status' }, cl)
}
