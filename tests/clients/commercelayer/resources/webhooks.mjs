// Webhooks: called with what the vendor's own check of signatures takes, switched off and on, left alone when they fail.
import assert from 'node:assert/strict'
import { checkSignature, webhooks as utils } from '@commercelayer/sdk-utils'
import { DENIED, MISSING, NOBODY, fresh, idsOf, word } from '../walk.mjs'
import { Listener, until } from '../listener.mjs'

const FAILURES = 30

export default async function webhooks(walk) {
  const { cl } = walk
  const type = 'webhooks'
  const listener = await Listener.open()
  const hook = await walk.resource(type, {
    make: () => ({ topic: 'customers.create', callback_url: listener.url, include_resources: ['customer_group'] }),
    change: { name: word('renamed') },
    blank: { status: 422, rule: 'blank' },
  })
  const party = { topic: 'customers.party', callback_url: listener.url }
  await walk.fails(type, 'create', [party], { status: 422, pointer: '/data/attributes/topic', rule: 'inclusion' })
  const elsewhere = { id: hook.id, callback_url: 'ftp://example.com' }
  await walk.fails(type, 'update', [elsewhere], { status: 422, pointer: '/data/attributes/callback_url' })

  const group = await cl.customer_groups.create({ name: word('Friends') })
  const customer = async () => {
    const customer_group = cl.customer_groups.relationship(group.id)
    return cl.customers.create({ email: fresh('heard'), customer_group })
  }
  await walk.check("a call carries a signature that the vendor's own check takes", async () => {
    const one = await customer()
    const [{ body, headers }] = await listener.heard(one.id)
    const { ok, topic } = checkSignature(body, headers, hook.shared_secret)
    assert.deepEqual([ok, topic], [true, 'customers.create'])
    assert.equal(checkSignature(`${body} `, headers, hook.shared_secret).ok, false)
    assert.equal(checkSignature(body, headers, 'x'.repeat(32)).ok, false)
    const told = utils.parse.customers(body)
    assert.deepEqual([told.email, told.customer_group.name], [one.email, group.name])
  })

  await walk.succeeds(type, '_disable', [hook.id], (off) => assert.ok(off.disabled_at))
  const unheard = await customer()
  await walk.succeeds(type, '_enable', [hook.id], (on) => assert.equal(on.disabled_at, null))
  await listener.heard((await customer()).id)
  assert.equal(listener.calls.some((call) => call.id === unheard.id), false)

  listener.status = 500
  const missed = []
  for (let n = 0; n < FAILURES; n += 1) missed.push((await customer()).id)
  await until(async () => (await cl[type].retrieve(hook.id)).circuit_state === 'open', 'an open circuit')
  await walk.check('webhooks are found by their state', async () => {
    const filters = { circuit_state_eq: 'open', circuit_failure_count_gteq: FAILURES, topic_eq: 'customers.create' }
    assert.deepEqual(idsOf(await cl[type].list({ filters })), [hook.id])
  })
  listener.status = 200
  await walk.succeeds(type, '_reset_circuit', [hook.id], (reset) => {
    assert.deepEqual([reset.circuit_state, reset.circuit_failure_count], ['closed', 0])
  })
  await walk.check('what waited is told once the circuit is closed', async () => {
    const taken = (id) => listener.calls.some((call) => call.id === id && call.status === 200)
    await until(() => missed.every(taken), 'what was missed')
  })

  for (const trigger of ['_disable', '_enable', '_reset_circuit']) {
    await walk.fails(type, trigger, [NOBODY], MISSING)
  }
  await walk.fails(type, 'list', [], DENIED, walk.client(await walk.guestToken()))
  await walk.succeeds(type, 'delete', [hook.id])
}
