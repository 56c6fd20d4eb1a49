// Event callbacks: every call of a webhook, with what was answered.
import assert from 'node:assert/strict'
import { DENIED, FORBIDDEN_FILTER, MISSING, NOBODY, fresh, idsOf } from '../walk.mjs'
import { Listener, until } from '../listener.mjs'

export default async function eventCallbacks(walk) {
  const { cl } = walk
  const type = 'event_callbacks'
  const listener = await Listener.open()
  listener.status = 503
  const hook = await cl.webhooks.create({ topic: 'customers.create', callback_url: listener.url })
  const customer = await cl.customers.create({ email: fresh('called') })
  await listener.heard(customer.id)
  listener.status = 200
  const [, second] = await listener.heard(customer.id, 2)

  const answered = { filters: { webhook_id_eq: hook.id, response_code_null: false }, sort: ['created_at'] }
  const calls = await until(async () => {
    const found = await cl[type].list(answered)
    return found.length === 2 && found
  }, 'two answers on record')
  await walk.check('a failed call is made again, and both are on record', async () => {
    assert.deepEqual(Array.from(calls, (one) => one.response_code), ['503', '200'])
    assert.deepEqual(calls[1].payload, JSON.parse(second.body))
    assert.ok(calls.every((one) => one.callback_url === listener.url && one.payload.data.id === customer.id))
  })
  await walk.succeeds(type, 'list', [{ ...answered, include: ['webhook'], pageSize: 1 }], (some) => {
    assert.deepEqual([some.length, some.meta.recordCount, some[0].webhook.id], [1, 2, hook.id])
  })
  await walk.fails(type, 'list', [{ filters: { colour_eq: 'red' } }], FORBIDDEN_FILTER)
  await walk.succeeds(type, 'retrieve', [calls[0].id], (same) => assert.deepEqual({ ...same }, { ...calls[0] }))
  await walk.fails(type, 'retrieve', [NOBODY], MISSING)
  await walk.relationships(type, calls[0].id)
  await walk.check('calls are found from their webhook', async () => {
    assert.deepEqual(idsOf(await cl.webhooks.last_event_callbacks(hook.id)).sort(), idsOf(calls).sort())
  })
  await walk.fails(type, 'list', [], DENIED, walk.client(await walk.guestToken()))
  await cl.webhooks.delete(hook.id)
}
