// The log of changes, from a resource and by entry.
import assert from 'node:assert/strict'
import { DENIED, MISSING, NOBODY, fresh } from '../walk.mjs'

export default async function eventStores(walk) {
  const { cl } = walk
  const customer = await cl.customers.create({ email: fresh('logged'), reference: 'A-1' })
  await cl.customers.update({ id: customer.id, reference: 'A-2' })
  const [made, changed] = await cl.customers.event_stores(customer.id)
  await walk.check('the log of a customer says what was changed, and by whom', () => {
    assert.deepEqual([made.event, changed.event], ['create', 'update'])
    assert.deepEqual([changed.resource_type, changed.resource_id], ['customers', customer.id])
    assert.deepEqual(changed.payload, { reference: { from: 'A-1', to: 'A-2' } })
    assert.equal(changed.who.application.kind, 'integration')
  })
  await walk.succeeds('event_stores', 'retrieve', [changed.id], (same) => assert.deepEqual({ ...same }, { ...changed }))
  await walk.fails('event_stores', 'retrieve', [NOBODY], MISSING)
  await walk.check('the log is read page by page', async () => {
    const page = await cl.customers.event_stores(customer.id, { pageSize: 1 })
    assert.equal(page.length, 1)
  })
  const guest = walk.client(await walk.guestToken())
  await walk.fails('event_stores', 'retrieve', [changed.id], DENIED, guest)

  await walk.check('events are found from an order, and the order from its events', async () => {
    const order = await cl.orders.create({})
    const [event] = await cl.orders.events(order.id)
    assert.equal(event.name, 'orders.create')
    const found = await cl.orders.list({ filters: { events_id_eq: event.id } })
    assert.deepEqual(Array.from(found, (one) => one.id), [order.id])
  })
}
