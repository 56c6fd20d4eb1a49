// Returns of placed orders: what a shop does with them, to the money that goes back.
import assert from 'node:assert/strict'
import { DENIED, fresh, word } from '../walk.mjs'
import { placed } from './orders.mjs'

const TYPE = 'returns'

export default async function returns(walk) {
  const { cl } = walk
  const of = (order) => ({ order: cl.orders.relationship(order.id) })
  await walk.resource(TYPE, {
    make: async () => ({ ...of(await placed(walk)), reference: word('parcel') }),
    change: { metadata: { reason: 'too small' } },
    blank: { status: 422, pointer: '/data/relationships/order', rule: 'blank' },
  })
  const order = await placed(walk)
  const draft = await cl.orders.create({ customer_email: fresh('undecided') })
  await walk.fails(TYPE, 'create', [of(draft)], { status: 422, pointer: '/data/relationships/order', rule: 'invalid' })

  const whole = await cl.returns.create(of(order))
  assert.deepEqual([whole.status, whole.estimated_refund_amount_cents], ['draft', 12_345])
  await walk.fails(TYPE, '_refund', [whole.id], { status: 422, pointer: '/data/attributes/status', rule: 'invalid_transition' })
  const { name } = await cl.tags.create({ name: word('slow').slice(0, 20) })
  await walk.steps(TYPE, whole.id, [
    ['_add_tags', {}, name],
    ['_remove_tags', {}, name],
    ['_request', { status: 'requested' }],
    ['_approve', { status: 'approved' }],
    ['_ship', { status: 'shipped' }],
    ['_receive', { status: 'received' }],
    ['_restock', { status: 'received' }],
  ])
  const most = { status: 422, pointer: '/data/attributes/_refund_amount_cents', rule: 'less_than_or_equal_to' }
  await walk.fails(TYPE, 'update', [{ id: whole.id, _refund: true, _refund_amount_cents: 12_346 }], most)
  await walk.succeeds(TYPE, 'update', [{ id: whole.id, _refund: true, _refund_amount_cents: 345 }], (done) => {
    assert.deepEqual([done.status, done.estimated_refund_amount_cents], ['refunded', 345])
  })
  const rest = await cl.returns.create(of(order))
  await walk.steps(TYPE, rest.id, [
    ['_request', {}],
    ['_approve', {}],
    ['_refund_amount_cents', { status: 'approved' }, 500], // says how much; `_refund` does it
    ['_refund', { status: 'refunded', estimated_refund_amount_cents: 12_000 }],
    ['_archive', {}],
    ['_unarchive', { archived_at: null }],
  ])
  const [unwanted, forgotten] = [await cl.returns.create(of(order)), await cl.returns.create(of(order))]
  await walk.steps(TYPE, unwanted.id, [['_request', {}], ['_reject', { status: 'rejected' }]])
  await walk.fails(TYPE, 'delete', [unwanted.id], { status: 423, code: 'LOCKED' })
  await walk.steps(TYPE, forgotten.id, [['_cancel', { status: 'cancelled' }]])

  const own = { order_id_eq: order.id }
  const refunded = [whole.id, rest.id]
  await walk.finds(TYPE, refunded, { ...own, status_eq: 'refunded' }, { ...own, refunded_at_gt: '2020-01-01' })
  await walk.finds(TYPE, [unwanted.id, forgotten.id], { ...own, status_in: ['rejected', 'cancelled'] }, { ...own, refunded_at_null: true })
  await walk.finds(TYPE, [whole.id], { ...own, shipped_at_not_null: true }, { number_eq: whole.number })
  await walk.finds(TYPE, [...refunded, unwanted.id, forgotten.id], { customer_email_eq: order.customer_email })
  await walk.finds(TYPE, [...refunded, unwanted.id, forgotten.id], { order_number_eq: order.number })
  await walk.check('a return comes with its order and customer, and from its order', async () => {
    const fields = { returns: ['status', 'order'], orders: ['number', 'customer'], customers: ['email'] }
    const shown = await cl.returns.retrieve(whole.id, { include: ['order.customer'], fields })
    assert.equal(shown.order.customer.email, order.customer_email)
    const all = await cl.orders.returns(order.id, { sort: ['-refunded_at'], pageSize: 2 })
    assert.deepEqual([all.length, all.meta.recordCount], [2, 4])
  })
  await walk.check('files hang on a return', async () => {
    const attachable = cl.returns.relationship(whole.id)
    const label = await cl.attachments.create({ name: 'Label', url: 'https://files.test/label.pdf', attachable })
    const { attachments } = await cl.returns.retrieve(whole.id, { include: ['attachments'] })
    assert.deepEqual(Array.from(attachments, (one) => one.id), [label.id])
  })
  await walk.fails(TYPE, 'list', [], DENIED, walk.client(await walk.guestToken()))
}
