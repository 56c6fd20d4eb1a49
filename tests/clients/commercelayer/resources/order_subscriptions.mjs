// Order subscriptions: what is ordered again and again.
import assert from 'node:assert/strict'
import { DENIED, MISSING, fresh, idsOf, word } from '../walk.mjs'
import { placed } from './orders.mjs'

const TYPE = 'order_subscriptions'

export default async function orderSubscriptions(walk) {
  const { cl } = walk
  const of = (order) => ({ source_order: cl.orders.relationship(order.id) })
  const cart = () => cl.orders.create({ customer_email: fresh('regular') })
  const draft = await walk.resource(TYPE, {
    make: async () => ({ ...of(await cart()), frequency: 'monthly' }),
    change: { frequency: 'two-month', renewal_alert_period: 24 },
    blank: { status: 422, pointer: '/data/attributes/frequency', rule: 'blank' },
  })
  assert.equal(draft.status, 'draft')
  const frequency = { status: 422, pointer: '/data/attributes/frequency', rule: 'inclusion' }
  await walk.fails(TYPE, 'create', [{ ...of(await cart()), frequency: 'sometimes' }], frequency)
  const nobodys = { status: 422, pointer: '/data/relationships/source_order', rule: 'invalid' }
  await walk.fails(TYPE, 'create', [{ ...of(await cl.orders.create({})), frequency: 'daily' }], nobodys)

  const order = await placed(walk)
  const reference = word('coffee')
  const starts_at = '2040-01-01T08:00:00.000Z'
  const made = await cl[TYPE].create({ ...of(order), frequency: 'weekly', starts_at, reference, metadata: { bags: 2 } })
  assert.deepEqual([made.status, made.next_run_at], ['active', '2040-01-08T08:00:00.000Z'])
  await walk.fails(TYPE, 'delete', [made.id], { status: 423, code: 'LOCKED' })
  const { name } = await cl.tags.create({ name: word('box').slice(0, 20) })
  await walk.steps(TYPE, made.id, [
    ['_add_tags', {}, name],
    ['_remove_tags', {}, name],
    ['_deactivate', { status: 'inactive', next_run_at: null }],
    ['_activate', { status: 'active', next_run_at: '2040-01-08T08:00:00.000Z' }],
    ['_convert', { status: 'active' }], // there are no orders to make of it
  ])
  const own = { source_order_id_eq: order.id }
  await walk.finds(TYPE, [made.id], own, { ...own, status_in: ['active', 'running'] }, { reference_cont: reference.slice(2) })
  await walk.finds(TYPE, [made.id], { ...own, next_run_at_gt: starts_at }, { ...own, last_run_at_null: true })
  await walk.finds(TYPE, [made.id], { ...own, metadata_jcont: { bags: 2 } }, { source_order_number_eq: order.number })
  await walk.finds(TYPE, [made.id], { customer_email_eq: order.customer_email })
  await walk.check('a subscription comes with its order and customer', async () => {
    const shown = await cl[TYPE].retrieve(made.id, { include: ['source_order.customer', 'customer'] })
    assert.equal(shown.source_order.customer.id, shown.customer.id)
    assert.deepEqual(idsOf(await cl.orders.order_subscriptions(order.id, { sort: ['next_run_at'] })), [made.id])
    assert.deepEqual(idsOf(await cl.customers.order_subscriptions(shown.customer.id)), [made.id])
  })
  await walk.steps(TYPE, made.id, [['_cancel', { status: 'cancelled' }]])
  await walk.fails(TYPE, '_activate', [made.id], { status: 422, pointer: '/data/attributes/status', rule: 'invalid_transition' })

  await walk.fails(TYPE, 'list', [], DENIED, walk.client(await walk.guestToken()))
  const shopper = await walk.shopper()
  const mine = await cl[TYPE].create({ ...of(await placed(walk, { customer_email: shopper.email })), frequency: 'daily' })
  await walk.succeeds(TYPE, 'list', [], (all) => assert.deepEqual(idsOf(all), [mine.id]), shopper.cl)
  await walk.steps(TYPE, mine.id, [['_deactivate', { status: 'inactive' }]], shopper.cl)
  await walk.fails(TYPE, '_deactivate', [draft.id], MISSING, shopper.cl)
  await walk.fails(TYPE, 'create', [{ ...of(order), frequency: 'daily' }], DENIED, shopper.cl)
}
