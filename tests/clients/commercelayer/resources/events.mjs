// Events: what happened, and telling it again.
import assert from 'node:assert/strict'
import { DENIED, FORBIDDEN_FILTER, MISSING, NOBODY, fresh, idsOf, word } from '../walk.mjs'
import { Listener } from '../listener.mjs'

export default async function events(walk) {
  const { cl } = walk
  const type = 'events'
  const listener = await Listener.open()
  const hook = await cl.webhooks.create({ topic: 'customers.metadata_update', callback_url: listener.url })
  const customer = await cl.customers.create({ email: fresh('watched') })
  await cl.customers.update({ id: customer.id, metadata: { seen: true } })
  await listener.heard(customer.id)

  const [event] = await cl.customers.events(customer.id, { filters: { name_eq: 'customers.metadata_update' } })
  await walk.succeeds(type, 'retrieve', [event.id], (same) => assert.deepEqual({ ...same }, { ...event }))
  await walk.fails(type, 'retrieve', [NOBODY], MISSING)
  const filters = { name_start: 'customers.meta', id_eq: event.id }
  await walk.succeeds(type, 'list', [{ filters, sort: ['-created_at'], include: ['webhooks', 'last_event_callbacks'] }], (some) => {
    assert.deepEqual(idsOf(some), [event.id])
    assert.deepEqual(idsOf(some[0].webhooks), [hook.id])
    assert.deepEqual(Array.from(some[0].last_event_callbacks, (one) => one.callback_url), [listener.url])
  })
  await walk.fails(type, 'list', [{ filters: { colour_eq: 'red' } }], FORBIDDEN_FILTER)
  await walk.relationships(type, event.id)
  const reference = word('seen')
  await walk.succeeds(type, 'update', [{ id: event.id, reference, metadata: { by: 'desk' } }], (labelled) => {
    assert.deepEqual([labelled.reference, labelled.metadata], [reference, { by: 'desk' }])
  })
  await walk.fails(type, 'update', [{ id: NOBODY, reference }], MISSING)
  await walk.succeeds(type, '_trigger', [event.id])
  await walk.check('an event is told again', async () => {
    const [first, second] = await listener.heard(customer.id, 2)
    assert.equal(first.headers['x-commercelayer-topic'], second.headers['x-commercelayer-topic'])
  })
  await walk.fails(type, '_trigger', [NOBODY], MISSING)
  await walk.fails(type, 'list', [], DENIED, walk.client(await walk.guestToken()))
  await cl.webhooks.delete(hook.id)
}
