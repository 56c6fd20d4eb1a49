// Wire transfers: orders that are paid through a bank.
import assert from 'node:assert/strict'
import { DENIED, MISSING, word } from '../walk.mjs'
import { placed } from './orders.mjs'

const TYPE = 'wire_transfers'

export default async function wireTransfers(walk) {
  const { cl } = walk
  const order = await placed(walk)
  const reference = word('invoice')
  const made = await walk.resource(TYPE, {
    make: () => ({ order: cl.orders.relationship(order.id), reference: word('invoice'), metadata: { bank: { id: 4 } } }),
    change: { reference },
    blank: { status: 422, pointer: '/data/relationships/order', rule: 'blank' },
  })
  await walk.finds(TYPE, [made.id], { reference_eq: reference }, { reference_in: [reference, 'x'] })
  await walk.finds(TYPE, [made.id], { reference_cont: reference.slice(2), reference_origin_null: true })
  await walk.finds(TYPE, [made.id], { reference_eq: reference, metadata_jcont: { bank: { id: 4 } }, created_at_gt: '2020-01-01' })
  await walk.check('a transfer comes with its order', async () => {
    const fields = { wire_transfers: ['order'], orders: ['number', 'customer'], customers: ['email'] }
    const shown = await cl[TYPE].retrieve(made.id, { include: ['order.customer'], fields })
    assert.deepEqual([shown.order.number, shown.order.customer.email], [order.number, order.customer_email])
    const [last] = await cl[TYPE].list({ sort: ['-created_at'], pageSize: 1, filters: { reference_eq: reference } })
    assert.equal(last.id, made.id)
  })

  const shopper = await walk.shopper()
  const paid = await placed(walk, { customer_email: shopper.email })
  const mine = await cl[TYPE].create({ order: cl.orders.relationship(paid.id) })
  await walk.succeeds(TYPE, 'retrieve', [mine.id], () => {}, shopper.cl)
  await walk.fails(TYPE, 'retrieve', [made.id], MISSING, shopper.cl)
  await walk.fails(TYPE, 'update', [{ id: mine.id, reference: 'x' }], DENIED, shopper.cl)
}
