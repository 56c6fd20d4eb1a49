// External payments: how an order is paid with somebody we know nothing of.
import assert from 'node:assert/strict'
import { DENIED, MISSING, word } from '../walk.mjs'
import { placed } from './orders.mjs'

const TYPE = 'external_payments'

// A payment source of an order.
export async function external({ cl }, order, more = {}) {
  return cl[TYPE].create({ order: cl.orders.relationship(order.id), payment_source_token: word('gift-voucher'), ...more })
}

export default async function externalPayments(walk) {
  const { cl } = walk
  const order = await placed(walk)
  const made = await walk.resource(TYPE, {
    make: () => ({ order: cl.orders.relationship(order.id), payment_source_token: word('voucher'), metadata: { till: 3 } }),
    change: { options: { receipt: 'R-7' } },
    blank: { status: 422, pointer: '/data/attributes/payment_source_token', rule: 'blank' },
  })
  const unknown = { order: cl.orders.relationship('kWjzbLyVHx'), payment_source_token: 'x' }
  await walk.fails(TYPE, 'create', [unknown], { status: 422, pointer: '/data/relationships/order' })

  const own = { order_id_eq: order.id }
  await walk.finds(TYPE, [made.id], own, { payment_source_token_eq: made.payment_source_token }, { ...own, reference_null: true })
  await walk.finds(TYPE, [made.id], { ...own, payment_source_token_in: ['x', made.payment_source_token] })
  await walk.finds(TYPE, [made.id], { payment_source_token_cont: made.payment_source_token.slice(3) })
  await walk.finds(TYPE, [made.id], { ...own, metadata_jcont: { till: 3 } }, { ...own, created_at_gt: '2020-01-01' })
  await walk.finds(TYPE, [made.id], { order_number_eq: order.number }, { order_customer_email_eq: order.customer_email })
  await walk.check('a payment comes with its order, and leads to the wallet that keeps it', async () => {
    const customer = cl.customers.relationship((await cl.orders.customer(order.id)).id)
    const payment_source = cl[TYPE].relationship(made.id)
    const kept = await cl.customer_payment_sources.create({ customer, payment_source })
    assert.equal((await cl[TYPE].wallet(made.id)).id, kept.id)
    const shown = await cl[TYPE].retrieve(made.id, { include: ['order.customer'] })
    assert.equal(shown.order.customer.id, customer.id)
  })
  await walk.fails(TYPE, 'delete', [made.id], { status: 423, code: 'LOCKED' })

  const shopper = await walk.shopper()
  const mine = await external(walk, await placed(walk, { customer_email: shopper.email }))
  await walk.succeeds(TYPE, 'retrieve', [mine.id], () => {}, shopper.cl)
  await walk.fails(TYPE, 'retrieve', [made.id], MISSING, shopper.cl)
  await walk.fails(TYPE, 'list', [], DENIED, shopper.cl)
  await walk.fails(TYPE, 'retrieve', [mine.id], DENIED, walk.client(await walk.guestToken()))
}
