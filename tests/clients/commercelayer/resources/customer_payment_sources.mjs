// Wallets: with what customers pay again.
import assert from 'node:assert/strict'
import { DENIED, MISSING, fresh, idsOf, word } from '../walk.mjs'
import { external } from './external_payments.mjs'
import { placed } from './orders.mjs'

const TYPE = 'customer_payment_sources'

export default async function customerPaymentSources(walk) {
  const { cl } = walk
  const owner = await cl.customers.create({ email: fresh('payer') })
  const customer = cl.customers.relationship(owner.id)
  const made = await walk.resource(TYPE, {
    make: () => ({ customer, payment_source_token: word('tok'), customer_token: 'cus_1', metadata: { brand: 'visa' } }),
    change: { reference: word('card') },
    blank: { status: 422, pointer: '/data/relationships/customer', rule: 'blank' },
  })
  const { payment_source_token } = made
  const taken = { status: 422, pointer: '/data/attributes/payment_source_token', rule: 'taken' }
  await walk.fails(TYPE, 'create', [{ customer, payment_source_token }], taken)

  const order = await placed(walk, { customer_email: owner.email })
  const source = await external(walk, order)
  const kept = await cl[TYPE].create({ customer, payment_source: cl.external_payments.relationship(source.id) })
  assert.deepEqual([kept.payment_source_token, kept.name], [source.payment_source_token, 'External payment'])
  const own = { customer_id_eq: owner.id }
  await walk.finds(TYPE, [made.id], { payment_source_token_eq: payment_source_token }, { ...own, metadata_jcont: { brand: 'visa' } })
  await walk.finds(TYPE, [made.id], { ...own, name_null: true }, { ...own, reference_cont: 'card' })
  await walk.finds(TYPE, [kept.id], { ...own, name_start: 'external' }, { payment_source_token_in: [kept.payment_source_token, 'x'] })
  await walk.finds(TYPE, [made.id, kept.id], { customer_email_eq: owner.email }, { ...own, created_at_gt: '2020-01-01' })
  await walk.check('a wallet comes with its payment sources, of any type', async () => {
    const shown = await cl[TYPE].retrieve(kept.id, { include: ['payment_source.order', 'customer'] })
    assert.deepEqual([shown.payment_source.type, shown.payment_source.order.id], ['external_payments', order.id])
    const wallet = await cl.customers.customer_payment_sources(owner.id, { sort: ['-created_at'], include: ['payment_source'] })
    assert.deepEqual(Array.from(wallet, (one) => one.payment_source?.id ?? null), [source.id, null])
    const transfer = await cl.wire_transfers.create({ order: cl.orders.relationship(order.id) })
    const moved = { id: kept.id, payment_source: cl.wire_transfers.relationship(transfer.id) }
    assert.equal((await cl[TYPE].update(moved, { include: ['payment_source'] })).payment_source.type, 'wire_transfers')
  })
  const gateway = { id: kept.id, payment_source: { type: 'stripe_payments', id: source.id } }
  await walk.fails(TYPE, 'update', [gateway], { status: 422, pointer: '/data/relationships/payment_source' })

  const shopper = await walk.shopper()
  const mine = await cl[TYPE].create({ customer: cl.customers.relationship(shopper.id), payment_source_token: word('tok') })
  await walk.succeeds(TYPE, 'list', [], (all) => assert.deepEqual(idsOf(all), [mine.id]), shopper.cl)
  await walk.succeeds(TYPE, 'update', [{ id: mine.id, reference: 'the blue one' }], () => {}, shopper.cl)
  await walk.fails(TYPE, 'retrieve', [made.id], MISSING, shopper.cl)
  await walk.fails(TYPE, 'create', [{ customer: cl.customers.relationship(shopper.id) }], DENIED, shopper.cl)
  await walk.succeeds(TYPE, 'delete', [mine.id], () => {}, shopper.cl)
  await walk.fails(TYPE, 'list', [], DENIED, walk.client(await walk.guestToken()))
}
