// Stores: shops with a door, whose scope opens their market.
import assert from 'node:assert/strict'
import { idsOf, word } from '../walk.mjs'

export default async function stores(walk) {
  const { cl } = walk
  const { id } = await cl.markets.create({ name: 'Italy', code: word('italy') })
  const market = cl.markets.relationship(id)
  const store = await walk.resource('stores', {
    make: () => ({ name: 'Rome', code: word('rome'), market }),
    change: { name: 'Rome, Termini' },
    blank: { status: 422, pointer: '/data/attributes/name', rule: 'blank' },
  })
  const { clientId } = walk.facts.channel
  await walk.check('the scope of a store opens its market', async () => {
    const guest = walk.client(await walk.token('client_credentials', { clientId, scope: `store:code:${store.code}` }))
    assert.deepEqual(idsOf(await guest.markets.list()), [id])
    const order = await guest.orders.create({ store: guest.stores.relationship(store.id) }, { include: ['store', 'market'] })
    assert.deepEqual([order.store.id, order.market.id], [store.id, id])
  })
  await walk.check('orders are found from their store', async () => {
    assert.equal((await cl.stores.orders(store.id)).length, 1)
  })
  await walk.fails('stores', 'delete', [store.id], { status: 423, code: 'LOCKED' })
}
